"""Origins of pages: as a setting allows them, and as browsers name them."""

from __future__ import annotations

from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

FORM = 'must be such as "example.org:8080", "example.org:*", "*:8080", "https://example.org" or "*"'


def read_allowed(text: str) -> str:
    """Return an origin that a setting allows in the one form in which it is compared.

    Raises:
        ValueError: no page could ever be of it.
    """
    plain = text.strip().lower().rstrip("/")
    if plain in ("*", "*:*"):
        return "*"
    found = _origin(plain) if "://" in plain else _pair(plain)
    if found is None:
        more = f': write "{plain}:*" for each of its ports' if plain and not set(plain) & set(":/*? ") else ""
        raise ValueError(f"origins {FORM}, not {text!r}{more}")
    return found


def names_of(page: str) -> set[str]:
    """Return all forms in which a setting can allow the origin of a page; ``page`` may have a path."""
    try:
        parts = urlsplit(page)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        host = _host(parts.hostname)
    except ValueError:
        return set()
    if not host:
        return set()
    if port is None:  # a program that is made as a page: capacitor://localhost, chrome-extension://abc
        return {f"{parts.scheme}://{host}"}
    return {f"{host}:{port}", f"{host}:*", f"*:{port}", f"{parts.scheme}://{host}:{port}"}


def _origin(text: str) -> str | None:
    """Return an origin with its port, as ``names_of`` does; None if it is none."""
    scheme, _, rest = text.partition("://")
    if not scheme or "*" in rest or any(character in rest for character in "/?#@"):
        return None
    return next((name for name in names_of(text) if "://" in name), None)


def _pair(text: str) -> str | None:
    """Return a host and a port; a star may stand for either; None if they are none."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port == "*" or (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        return None
    number = port if port == "*" else str(int(port))
    if host == "*":
        return f"*:{number}"
    try:
        name = "" if set(host) & set("/?#@*") else _host(urlsplit(f"//{host}").hostname)
    except ValueError:
        return None
    return f"{name}:{number}" if name else None


def _host(host: str | None) -> str:
    """Return a host as browsers write it: in lower case and ASCII, an IPv6 address in brackets."""
    if not host or ":" in host:
        return f"[{host}]" if host else ""
    return host if host.isascii() else host.encode("idna").decode("ascii")
