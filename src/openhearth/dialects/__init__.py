"""Wire forms: one folder each, sans-I/O, never importing each other."""
