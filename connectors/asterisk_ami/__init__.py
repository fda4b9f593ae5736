"""Asterisk by its Manager Interface (AMI)."""
