// PinfoldLinux
