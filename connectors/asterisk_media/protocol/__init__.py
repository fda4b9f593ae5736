"""What crosses the wire, without I/O."""
