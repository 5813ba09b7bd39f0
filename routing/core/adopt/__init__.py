"""Reading what an existing list server has: its configuration, its names, its Sympa."""
