"""The changes; a released one is never edited."""
