"""Understands what people say and type, by a few examples a node."""
