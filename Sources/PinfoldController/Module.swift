// PinfoldController
