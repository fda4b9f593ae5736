"""FreeSWITCH, by its event socket (ESL)."""
