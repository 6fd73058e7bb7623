"""The sheet in a photograph: found, flattened, cleaned."""
