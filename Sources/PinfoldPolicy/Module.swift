// PinfoldPolicy
