"""Sees the calls of a PBX that offers nothing but SIP, by the lamps of its telephones."""
