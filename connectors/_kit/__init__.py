"""What every connector may use."""
