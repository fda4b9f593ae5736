"""What is unwise in a dialog that can be read: ``tieline itr lint``."""
