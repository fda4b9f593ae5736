"""A dialog by telephone: what a caller says and presses, and what he hears."""
