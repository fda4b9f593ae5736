"""What lives while calls live: the engine of each PBX, its supervisor, the hub."""
