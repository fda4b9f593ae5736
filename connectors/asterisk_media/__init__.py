"""The voice of an Asterisk's calls without SIP: by AudioSocket, and by its WebSocket channel."""
