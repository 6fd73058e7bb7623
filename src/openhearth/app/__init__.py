"""The composition root: config → stores → services → surfaces. The only layer that knows all of them."""

from openhearth.app.server import serve

__all__ = ["serve"]
