// PinfoldACP
