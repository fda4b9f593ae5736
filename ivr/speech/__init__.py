"""Speech to text and text to speech on this machine and by others: engines behind :mod:`gateway.ports.speech`."""
