"""The embedded engines, seen as providers."""
