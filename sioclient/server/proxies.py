"""Who a request is from: the address of its connection, or the one that a trusted proxy names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

MOST_HOPS = 32
"""How many addresses of a header are read, from its end, where the nearest proxy writes."""

LONGEST = 128
"""Characters that an address may have, with its port, its quotes, its zone and spaces; what is longer is not kept."""


@lru_cache(maxsize=64)
def read_networks(texts: tuple[str, ...]) -> Networks:
    """Return the networks that texts name; an address is one of its own.

    Raises:
        ValueError: a text names none.
    """
    return tuple(ip_network(text) for text in texts)


def read_address(text: str) -> Address | None:
    """Return the address that a text names: with a port or without, as ``10.0.0.1:80``, ``[::1]:80`` and ``::1``."""
    return _read_address(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=256)  # a connection's own is read for each of its requests, and for each limit
def _read_address(text: str) -> Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def client_address(peer: str, headers: Mapping[str, str], trusted: Networks) -> str:
    """Return the address of the client from which a request is.

    Both headers grow at their end, so each is read from there, up to the first address that is no trusted proxy's:
    whatever the client itself wrote stands before it. A proxy writes one of the two and lets the other pass as the
    client wrote it, so if both are there and say different things, neither is believed.
    """
    address = read_address(peer)
    if address is None or not _is_in(address, trusted):
        return peer
    found = {
        _walk(address, names, trusted)
        for names in (_forwarded(headers.get("Forwarded", "")), _x_forwarded_for(headers.get("X-Forwarded-For", "")))
        if names
    }
    return str(found.pop() if len(found) == 1 else address)


def limited_unit(address: str) -> str:
    """Return what limits for one address count as one: of IPv6, the network of 64 bits that every customer has."""
    read = read_address(address)
    return str(ip_network((int(read) >> 64 << 64, 64))) if isinstance(read, IPv6Address) else address


def _walk(address: Address, names: list[str], trusted: Networks) -> Address:
    for name in reversed(names):
        before = read_address(name)
        if before is None:
            return address  # "unknown", a made-up name: the proxy itself is the nearest that is known
        address = before
        if not _is_in(address, trusted):
            break
    return address


def _is_in(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _x_forwarded_for(value: str) -> list[str]:
    return value.rsplit(",", MOST_HOPS)[-MOST_HOPS:] if value else []


def _forwarded(value: str) -> list[str]:
    """Return the values of ``for`` in a header as RFC 7239 has it; an element without one hides who it was."""
    elements = value.rsplit(",", MOST_HOPS)[-MOST_HOPS:] if value else []
    return [_for(element) for element in elements]


def _for(element: str) -> str:
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return value
    return ""
