"""Where a URL that a client gave really leads, decided once, by one parser, before anything connects.

The same parsed value is checked and connected to, so there is no second reading that could disagree
(reliability.md T13: most published holes were a validator and a client that read one URL in two ways).
"""

import ipaddress
import re
from urllib.parse import quote

import msgspec

from openhearth.core.errors import RequestError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_BAD_CHARACTER = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER_LIKE = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_MOST_URL_CHARACTERS = 8192
_MOST_NAME_CHARACTERS = 253
_SAFE_IN_PATH = "!#$%&'()*+,/:;=?@[]~"

# https://fetch.spec.whatwg.org/#port-blocking
_BLOCKED_PORTS = frozenset(
    (
        *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104),
        *(109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515),
        *(526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049),
        *(3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    )
)

# Not (or not in every Python version) covered by ``is_global``: IETF protocol assignments with Oracle's metadata
# service, the 6to4 relays, and the address at which Azure's platform answers its own machines.
_CLOSED_4 = tuple(ipaddress.IPv4Network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"))
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_6 = tuple(ipaddress.IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)


class Place(msgspec.Struct, frozen=True):
    """A parsed URL. ``host`` is lower-case ASCII without brackets; ``path`` starts with a slash and holds the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The URL again, in the one form we understood."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == (443 if self.scheme == "https" else 80) else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_url(url: str) -> Place:
    """Read an http(s) URL strictly. Raises RequestError (``url_refused``) that names the reason."""
    url = url.strip(" \t\r\n")
    if len(url) > _MOST_URL_CHARACTERS:
        raise refused(f"The URL is longer than {_MOST_URL_CHARACTERS} characters.")
    match = _URL.fullmatch(url)
    if match is None:
        raise refused("Only http:// and https:// URLs are fetched.")
    if _BAD_CHARACTER.search(url):
        raise refused("The URL holds a space, a control character or a backslash.")
    scheme, authority, path = match[1].lower(), match[2], match[3]
    if "@" in authority:
        raise refused("A URL with a user name or password is not fetched.")
    host, port = _split_authority(authority, 443 if scheme == "https" else 80)
    if port in _BLOCKED_PORTS:
        raise refused(f"Port {port} of {host[:100]} is not one for web pages.")
    path = quote(path, safe=_SAFE_IN_PATH)
    return Place(scheme, host, port, path if path.startswith("/") else f"/{path}")


def literal(host: str) -> _Address | None:
    """The address that ``host`` spells out, or ``None`` for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Whether an IP address, and any IPv4 address wrapped in it, lies on the public internet."""
    parsed = literal(address)
    if parsed is None:
        return False
    return _is_public_4(parsed) if isinstance(parsed, ipaddress.IPv4Address) else _is_public_6(parsed)


def refused(message: str) -> RequestError:
    """The error for a URL that is not fetched on principle."""
    return RequestError(message, code="url_refused")


def _is_public_4(address: ipaddress.IPv4Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in net for net in _CLOSED_4)
    )


def _is_public_6(address: ipaddress.IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    number = int(address)
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public_4(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    if address in _SIX_TO_FOUR:
        return _is_public_4(ipaddress.IPv4Address(number >> 80 & 0xFFFFFFFF))
    if number >> 32 & 0xFFFFFFFF in _ISATAP and not _is_public_4(ipaddress.IPv4Address(number & 0xFFFFFFFF)):
        return False
    # Teredo, IPv4-compatible, local NAT64, unique local, link local and multicast fall outside of what is open.
    return address in _OPEN_6 and address.is_global and not any(address in net for net in _CLOSED_6)


def _split_authority(authority: str, default_port: int) -> tuple[str, int]:
    if authority.startswith("["):
        inside, bracket, port = authority[1:].partition("]")
        try:
            host = str(ipaddress.IPv6Address(inside))
        except ValueError:
            raise refused("The URL's IPv6 address is not valid.") from None
        if "%" in inside or not bracket or (port and not port.startswith(":")):
            raise refused("The URL's IPv6 address is not valid.")
        return host, _port(port[1:], default_port)
    host, _, port = authority.partition(":")
    return _host(host), _port(port, default_port)


def _port(text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536):
        raise refused("The URL's port is not a number below 65536.")
    return int(text)


def _host(text: str) -> str:
    """The name in the form DNS takes. Numbers in any form but four plain decimals are refused, not interpreted."""
    if not text or len(text) > _MOST_NAME_CHARACTERS or "%" in text:
        raise refused("The URL's host name is not valid.")
    try:
        host = text.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise refused("The URL's host name is not valid.") from None
    if _NAME.fullmatch(host) is None:
        raise refused("The URL's host name is not valid.")
    if _NUMBER_LIKE.fullmatch(host) and literal(host) is None:
        raise refused("An IP address in a URL must be four decimal numbers.")
    return host
