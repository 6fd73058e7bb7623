"""A walk over every surface, offline, with the clients people use."""
