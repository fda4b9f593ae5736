"""One dialog, as its YAML file defines it."""
