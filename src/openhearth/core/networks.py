"""Where a caller is, and whether that is within the networks a key may be used from."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from openhearth.core.errors import Forbidden

Network = IPv4Network | IPv6Network
_MOST_HOPS = 32
_MOST_KEPT = 4096


@lru_cache(_MOST_KEPT)
def network_of(text: str) -> Network:
    """``10.0.0.0/8``, ``2001:db8::/32`` or one address. Raises ValueError; also for bits set beyond the prefix."""
    return ip_network(text.strip())


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether ``address`` lies in one of ``networks``. What is no address (a Unix socket's name) lies in none."""
    found = _address(address)
    return found is not None and any(_holds(network, found) for network in map(network_of, networks))


def check_address(address: str, networks: Sequence[str]) -> None:
    """Raises Forbidden unless ``address`` lies in one of ``networks``."""
    if not is_within(address, networks):
        raise Forbidden(f"This key may not be used from {address[:60] or 'here'}.", code="address_not_allowed")


def client_of(peer: str, forwarded: str, trusted: Sequence[str]) -> str:
    """The address of the client behind proxies: ``forwarded`` is X-Forwarded-For, believed only from ``trusted``.

    Each proxy adds at the end whom it was called by, so the list is read from there and the first address that is no
    proxy of ours is the client. What a client wrote there itself stands further in front and is never reached.
    """
    if not trusted or not forwarded or not is_within(peer, trusted):
        return peer
    client = peer
    for hop in reversed(forwarded.split(",")[-_MOST_HOPS:]):
        hop = _without_port(hop.strip())
        if _address(hop) is None:
            return client
        client = hop
        if not is_within(hop, trusted):
            return client
    return client


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _holds(network: Network, address: IPv4Address | IPv6Address) -> bool:
    return network.version == address.version and address in network


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
