"""Links to our own pictures: unguessable, checked without a look into the store, found again in any text.

The path is ``/media/{signature}/{id}.{ext}``: it ends like a picture's name, because many chat clients decide by that.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec

from openhearth.core.pictures import EXTENSIONS

_PATH = re.compile(r"(?:^|/)media/([A-Za-z0-9_-]{24})/(img_[a-z0-9]{16,40})\.([a-z]{3,4})$")


class OwnLink(msgspec.Struct, frozen=True):
    """What a URL of ours says. Nothing is proven before ``Links.valid``."""

    host: str
    signature: str
    picture_id: str
    extension: str


class Links:
    """Signs and checks. The signature is 144 bits of HMAC-SHA-256 over the picture's id."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("The secret that signs picture links must have at least 16 bytes.")
        self._secret = hmac.digest(secret, b"openhearth picture links", sha256)

    def path(self, picture_id: str, mime: str) -> str:
        """The path of a picture's link, from the server's root."""
        return f"/media/{self._signature(picture_id)}/{picture_id}.{EXTENSIONS.get(mime, 'bin')}"

    def valid(self, signature: str, picture_id: str) -> bool:
        """True when we made this signature for this picture; takes the same time for every wrong one."""
        return hmac.compare_digest(signature.encode(), self._signature(picture_id).encode())

    def _signature(self, picture_id: str) -> str:
        return urlsafe_b64encode(hmac.digest(self._secret, picture_id.encode(), sha256)[:18]).decode()


def parse(url: str) -> OwnLink | None:
    """The parts of a URL (or bare path) that has the shape of our links, whatever host it names."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    match = _PATH.search(parts.path)
    return OwnLink(parts.netloc.lower(), match[1], match[2], match[3]) if match else None


def identity(source: str) -> str:
    """What makes two mentions the same picture: our id whatever the link's host, else the text itself."""
    link = parse(source) if "/media/" in source[:2048] else None
    return link.picture_id if link else source
