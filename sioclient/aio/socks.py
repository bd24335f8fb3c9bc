"""SOCKS proxies for the async front, by python-socks: PySocks, which the threaded front has, cannot wait in a task."""

from __future__ import annotations

import socket
import sys
from urllib.parse import SplitResult, unquote

from ..transports.proxy import SOCKS_PORT


async def socks_socket(proxy: SplitResult, host: str, port: int) -> socket.socket:
    """Return a socket that is connected through a SOCKS proxy; raise OSError if that cannot be, or is not installed."""
    trio = sys.modules.get("trio")
    try:
        from python_socks import ProxyType

        if trio is not None and trio.lowlevel.in_trio_run():
            from python_socks.async_.trio import Proxy
        else:
            from python_socks.async_.asyncio import Proxy  # type: ignore[assignment]
    except ImportError as error:
        raise OSError("a SOCKS proxy needs python-socks here: pip install sioclient[aio,socks]") from error
    user, password = (unquote(text) if text else None for text in (proxy.username, proxy.password))
    dialer = Proxy.create(
        proxy_type=ProxyType.SOCKS4 if proxy.scheme.startswith("socks4") else ProxyType.SOCKS5,
        host=proxy.hostname,
        port=proxy.port or SOCKS_PORT,
        username=user,
        password=password,
        rdns=proxy.scheme in ("socks4a", "socks5h"),
    )
    connected = await dialer.connect(host, port)
    sock = socket.socket(fileno=connected.detach())  # trio's sockets are of a class of its own
    sock.setblocking(False)
    return sock
