"""The history of the schema, one file per change, oldest first."""
