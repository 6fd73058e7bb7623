"""Prefixed, sortable-enough, unguessable ids: a wrong kind of id is seen at once."""

import secrets
from base64 import b32encode


def new_id(prefix: str) -> str:
    """``prefix``, ``_`` (unless it ends with ``-``) and 24 lower-case letters and digits: 120 random bits."""
    joint = "" if prefix.endswith("-") else "_"
    return prefix + joint + b32encode(secrets.token_bytes(15)).decode().lower()
