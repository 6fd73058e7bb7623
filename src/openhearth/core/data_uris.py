"""The data of ``data:`` URIs (RFC 2397), as clients write them."""

import binascii
from urllib.parse import unquote

_URL_SAFE = str.maketrans("-_", "+/")


def from_base64(text: str) -> bytes:
    """Base64 in either alphabet, with or without padding; white space and percent signs belong to the address.

    Raises binascii.Error and ValueError for any other sign: to pass over it would give other data.
    """
    try:
        return _decoded(text.translate(_URL_SAFE) if "-" in text or "_" in text else text)
    except binascii.Error:
        plain = "".join(unquote(text).split()).translate(_URL_SAFE)
        if plain == text:
            raise
        return _decoded(plain)


def _decoded(text: str) -> bytes:
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
