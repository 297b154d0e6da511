// PinfoldLauncher
