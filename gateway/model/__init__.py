"""PURE: ids, events, calls and numbers; no I/O, no clock, no chance."""
