"""A PBX that plays recorded calls: for a first look, for demonstrations and for tests."""
