"""``tieline itr …``: each subcommand is a module of this package."""
