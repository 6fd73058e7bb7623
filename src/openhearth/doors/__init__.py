"""The ways in: every route as ASGI, and the relay routes once more straight in the server's protocol class."""
