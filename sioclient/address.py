"""Where a server is: a host and a port, or a URL."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

_SECURE = {"http": False, "ws": False, "https": True, "wss": True}
_OURS = frozenset({"EIO", "transport", "sid", "t", "j", "b64"})
"""What Socket.IO clients write into a query: a URL that was copied from a browser has it."""

_OF_SESSION = "(?:/(?:websocket|xhr-polling|jsonp-polling|htmlfile|flashsocket|xhr-multipart)(?:/[^/]*)?)?"
"""What follows ``/1`` in the URLs of a session of revision 1."""

_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class Address:
    """The place of a Socket.IO server.

    Attributes:
        secure: whether the connection is encrypted.
        host: a name or an IP address, without brackets.
        port: the TCP port.
        resource: the path that the server listens on, without slashes at its ends.
        query: the query that the user's URL had; every request carries it.
        userinfo: name and password that the user's URL had.
        mount: the path in front of the resource that the user's URL had, without slashes at its ends.
        trailing_slash: whether the paths of requests end with a slash.
    """

    secure: bool
    host: str
    port: int
    resource: str
    query: str = ""
    userinfo: tuple[str, str] | None = None
    mount: str = ""
    trailing_slash: bool = True

    def url(self, path: str) -> str:
        """Return the http or https URL of ``path``, which begins with a slash, with the user's query behind its own."""
        scheme, default_port = ("https", 443) if self.secure else ("http", 80)
        port = "" if self.port == default_port else f":{self.port}"
        if not self.trailing_slash:
            before, mark, after = path.partition("?")
            path = before.removesuffix("/") + mark + after
        joint = "&" if "?" in path else "?"
        host = bracketed(self.host) if ":" in self.host else self.host
        return f"{scheme}://{host}{port}{path}" + (f"{joint}{self.query}" if self.query else "")

    def __str__(self) -> str:
        """Return where it is, without what may be secret."""
        return Address(self.secure, self.host, self.port, self.resource).url(f"/{self.resource}/")


def parse_address(
    host: str, port: int | None, secure: bool | None, resource: str, *, trailing_slash: bool = True
) -> Address:
    """Return the address that the arguments of ``SocketIO`` mean.

    The path of a URL is where the server is mounted: ``https://example.com/app`` with the usual ``resource`` is
    ``https://example.com/app/socket.io/``. A URL that was copied from a browser will do: what a Socket.IO client has
    added to its path and its query is dropped.

    Raises:
        TypeError, ValueError: an argument is not what it should be; the message says what it should be.
    """
    if not isinstance(host, str):
        raise TypeError(f"host must be a name such as 'localhost' or a URL, not {type(host).__name__}")
    if not isinstance(resource, str):
        raise TypeError(f"resource must be text such as 'socket.io', not {type(resource).__name__}")
    if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
        raise TypeError(f"port must be a number, not {type(port).__name__}")
    return _parse(host, port, secure, resource, trailing_slash)


@lru_cache(32)  # who makes many connections makes them to few places; ``urlsplit`` remembers as much
def _parse(host: str, port: int | None, secure: bool | None, resource: str, trailing_slash: bool) -> Address:
    if "://" not in host:
        host = host.removeprefix("//")  # a page's own URLs may leave the scheme out
        host = bracketed(host) if host.count(":") > 1 else host  # one colon is that before a port
        host = f"{'https' if secure else 'http'}://{host}"
    parts = urlsplit(host)
    if parts.scheme not in _SECURE:
        raise ValueError(f"the URL must begin with http://, https://, ws:// or wss://, not {parts.scheme}://")
    encrypted = _SECURE[parts.scheme]
    if secure is not None and secure is not encrypted:
        raise ValueError(f"{parts.scheme}:// and secure={secure} contradict each other")
    name = parts.hostname
    if not name or _CONTROL_OR_SPACE.search(host):
        # Not shown as it is: it may hold a password or a token.
        raise ValueError("there is no host in the address, or a character that no URL can have")
    userinfo = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    number = _port(parts.port, port, 443 if encrypted else 80)
    mount, path = _resource(parts.path, resource)
    query = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0] not in _OURS)
    return Address(encrypted, name, number, path, query, userinfo, mount, trailing_slash)


def bracketed(host: str) -> str:
    """Return a host as URLs write it: an IPv6 address is in brackets there."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def fresh_url(url: str) -> str:
    """Return ``url`` with the time in its query, as in the JavaScript client, so that no cache has the response."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}t={time.time_ns() // 1_000_000}"


def _port(in_url: int | None, given: int | None, default: int) -> int:
    if given is not None and in_url is not None and in_url != given:
        raise ValueError(f"the URL says port {in_url}, port= says {given}")
    number = next((port for port in (given, in_url) if port is not None), default)
    if not 0 < number < 65536:
        raise ValueError(f"port must be a number from 1 to 65535, not {number}")
    return number


def _resource(path: str, resource: str) -> tuple[str, str]:
    """Return the path in front of the resource, and both together."""
    given, wanted = path.strip("/"), resource.strip("/")
    if not wanted or _CONTROL_OR_SPACE.search(wanted) or set(wanted) & set("?#"):
        raise ValueError(f"resource must be a path such as 'socket.io', not {resource!r}")
    wanted = quote(wanted, safe="/%:@!$&'()*+,;=~")
    found = re.fullmatch(f"(?:(.*)/)?{re.escape(wanted)}(?:/1{_OF_SESSION})?", given)
    mount = (found[1] or "") if found else given
    return mount, f"{mount}/{wanted}" if mount else wanted
