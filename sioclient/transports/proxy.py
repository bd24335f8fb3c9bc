"""What the URL of a proxy says."""

from __future__ import annotations

import base64
import socket
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import ConnectError

SOCKS_PORT = 1080


def proxy_parts(proxy: str | None) -> SplitResult:
    """Return the parts of a proxy's URL, which may have no scheme; None: all are empty."""
    url = proxy or ""
    return urlsplit(url if "://" in url else f"http://{url}")


def socks_socket(proxy: SplitResult, address: str | None) -> socket.socket:
    """Return a socket that connects through a SOCKS proxy at an address. Raises OSError if PySocks is missing."""
    try:
        import socks  # type: ignore[import-untyped]
    except ImportError as error:
        raise OSError("a SOCKS proxy needs PySocks: pip install sioclient[socks]") from error
    kind = socks.SOCKS4 if proxy.scheme.startswith("socks4") else socks.SOCKS5
    made = socks.socksocket()
    by_name = proxy.scheme in ("socks4a", "socks5h")
    user, password = (unquote(text) if text else None for text in (proxy.username, proxy.password))
    made.set_proxy(kind, address, proxy.port or SOCKS_PORT, by_name, user, password)
    return made  # type: ignore[no-any-return]


def proxy_authorization(proxy: SplitResult) -> dict[str, str]:
    """Return the header that an HTTP proxy with a user wants."""
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}


def http_proxy(proxy: SplitResult) -> tuple[str, int]:
    """Return the host and the port of a proxy that speaks HTTP; raise ConnectError if it speaks something else."""
    if proxy.scheme != "http" or not proxy.hostname:
        text = f"a proxy must be http://, socks5h:// or the like, not {proxy.scheme}://"
        raise ConnectError(text, retryable=False)
    return proxy.hostname, proxy.port or 80


def check_tunnel(status: int, proxy: SplitResult) -> None:
    """Raise OSError unless a proxy has made the connection that it was asked for."""
    if status != 200:
        raise OSError(f"the proxy {proxy.hostname}:{proxy.port or 80} refused with status {status}")
