// PinfoldProtocol
