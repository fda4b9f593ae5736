"""Sends events to the company's other programs, signed, in order, at least once."""
