// PinfoldCore
