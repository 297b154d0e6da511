// PinfoldJSON
