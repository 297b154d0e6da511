// PinfoldCgroups
