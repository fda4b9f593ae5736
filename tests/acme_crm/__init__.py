"""Acme CRM as a CRM of Tieline's."""
