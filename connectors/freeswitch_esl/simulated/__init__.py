"""A simulated FreeSWITCH: an ESL server that plays recorded calls, for tests and for partners without a PBX at hand."""
