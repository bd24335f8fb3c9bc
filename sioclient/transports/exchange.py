"""Requests and responses of HTTP over one stream of a thread: ``http1`` writes and reads them.

The connections of http.client and requests are not used, because they can neither be interrupted nor held to one
deadline: their time-outs are per read, so that a server which sends a byte a second is never done.

``read`` reads all that is HTTP: responses to GETs and POSTs, and the heads of those to an upgrade, to a request for an
endless page, and to a proxy's CONNECT.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from .http1 import Head, HeadReader, Read, Reader, Request, connect_head, request_head
from .proxy import SOCKS_PORT, check_tunnel, http_proxy, proxy_parts, socks_socket
from .stream import Stream
from .tls import make_tls_context
from .upgrade import PATIENCE, check_upgrade, is_enough, refusal, upgrade_headers


def send_request(
    stream: Stream, method: str, request: Request, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> None:
    """Write a request, with headers besides its own."""
    stream.sendall(request_head(method, request, headers, None if body is None else len(body)))
    if body:
        stream.sendall(body)  # by itself: socket.io 0.7 to 0.9 misread what TCP cuts, and so a small one is not cut


def read(stream: Stream, reader: Reader[Read], deadline: float) -> Read:
    """Return what a reader reads; what follows it stays in the stream."""
    while (done := reader.feed(stream.recv_until(deadline))) is None:
        pass
    if reader.rest:
        stream.unread(reader.rest)
    return done


def upgrade(stream: Stream, request: Request, deadline: float) -> None:
    """Ask for the upgrade to a websocket over a stream that is connected.

    Raises:
        HandshakeRejected: the server refused it.
        RemoteProtocolError, OSError: what came is no response to it, or nothing came.
    """
    headers = upgrade_headers()
    send_request(stream, "GET", replace(request, proxy=None) if request.proxy else request, headers=headers)
    head = read(stream, HeadReader(), deadline)
    if head.status != 101:
        raise refusal(head, _beginning(stream, head, min(deadline, time.monotonic() + PATIENCE)))
    check_upgrade(head, headers)


def _beginning(stream: Stream, head: Head, deadline: float) -> bytes:
    """Return what a refusal says first; it may come a little later than its head."""
    data = b""
    with suppress(OSError):
        while not is_enough(head, data) and (part := stream.recv_until(deadline)):
            data += part
    return data


def open_stream(stream: Stream, request: Request, deadline: float, *, tunnel: bool) -> None:
    """Connect to where a request goes, through its proxy, and encrypt if it is https.

    Args:
        tunnel: ask an HTTP proxy for a connection of our own even if it is not encrypted.

    Raises:
        ConnectError: a file of ``verify`` or ``cert`` is not there, or cannot be loaded.
        OSError: it did not work out.
    """
    context = make_tls_context(request.ca, request.cert) if request.secure else None  # a wrong file costs no connection
    if request.proxy is None:
        stream.connect(request.host, request.port, deadline, request.answered)
    else:
        _connect_by_proxy(stream, request, deadline, tunnel=tunnel or request.secure)
    if context is not None:
        stream.start_tls(context, request.host, deadline)


def _connect_by_proxy(stream: Stream, request: Request, deadline: float, *, tunnel: bool) -> None:
    proxy = proxy_parts(request.proxy)
    if proxy.scheme.startswith("socks"):
        host, port, answered = proxy.hostname or "", proxy.port or SOCKS_PORT, request.answered
        address = stream.find(host, port, deadline, answered)
        try:
            stream.connect_with(socks_socket(proxy, address), (request.host, request.port), deadline)
        except BaseException:
            answered.pop((host, port), None)
            raise
        return
    stream.connect(*http_proxy(proxy), deadline, request.answered)
    if tunnel:
        stream.sendall(connect_head(request, proxy))
        check_tunnel(read(stream, HeadReader(), deadline).status, proxy)
