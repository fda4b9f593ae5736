"""Recordings: fetched from the PBXs, checked, kept, played and deleted in time."""
