"""One package for each kind of PBX and online channel; they know nothing of each other."""
