"""Any PBX by SIP, with voice in and out."""
