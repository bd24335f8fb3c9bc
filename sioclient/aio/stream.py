"""A TCP or TLS connection for the async front, and one request with its response over it."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Sequence
from math import inf
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketStream
from anyio.streams.tls import TLSStream

from ..address import bracketed
from ..errors import ConnectError
from ..transports.base import Traffic
from ..transports.chunks import Chunks
from ..transports.dialing import CONNECTING, PACE, AddressInfo, in_turns
from ..transports.exchange import Request, Response, make_response, read_head, send_request
from ..transports.proxy import proxy_authorization, proxy_parts
from ..transports.stream import STALL_TIMEOUT
from ..transports.tls import make_tls_context

_PART = 2**18
"""Bytes of which each such part must be taken within ``STALL_TIMEOUT``."""

_READ = 2**16


class Stream:
    """One connection.

    Args:
        traffic: where its bytes are counted.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._stream: ByteStream | None = None
        self._is_closed = False
        self._unread = b""

    async def connect(self, request: Request, *, tunnel: bool) -> None:
        """Connect to where a request goes, through its proxy, and encrypt if it is https; see ``open_stream``."""
        context = make_tls_context(request.ca, request.cert) if request.secure else None
        if request.proxy is None:
            self._stream = await _connect_tcp(request.host, request.port)
        else:
            await self._connect_by_proxy(request, tunnel=tunnel or request.secure)
        if self._is_closed:
            await self.close()
            raise ConnectionAbortedError("the connection was closed")
        if context is None:
            return
        if self._unread:
            raise ConnectionAbortedError("the peer spoke before the connection was encrypted")
        assert self._stream is not None
        self._stream = await TLSStream.wrap(
            self._stream, hostname=request.host, ssl_context=context, standard_compatible=False
        )

    async def receive(self) -> bytes:
        """Wait for bytes and return them, none at the end of the stream; raise OSError if it broke."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        if self._stream is None:
            raise ConnectionAbortedError("there is no connection")
        try:
            data = await self._stream.receive(_READ)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise ConnectionResetError(str(error.__cause__ or "the connection broke")) from error
        self._traffic.received += len(data)
        return data

    async def send(self, data: bytes) -> None:
        """Write bytes; raise OSError if that cannot be done, TimeoutError if nothing is taken for a while."""
        if self._stream is None:
            raise ConnectionAbortedError("there is no connection")
        try:
            if len(data) <= _PART:
                await self._stream.send(data)  # whoever writes is watched, which is cheaper than a scope for each write
            for start in range(0, len(data) if len(data) > _PART else 0, _PART):
                with anyio.fail_after(STALL_TIMEOUT):
                    await self._stream.send(data[start : start + _PART])
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise ConnectionResetError(str(error.__cause__ or "the connection broke")) from error
        except TimeoutError as error:
            raise TimeoutError(f"the other side has taken nothing for {STALL_TIMEOUT:g} s") from error
        self._traffic.sent += len(data)

    async def drain(self) -> None:
        """Read and forget until the peer ends the stream."""
        while await self.receive():
            pass

    async def close(self) -> None:
        """Free everything at once, also while this is cancelled."""
        stream, self._stream, self._is_closed = self._stream, None, True
        if stream is not None:
            await anyio.aclose_forcefully(stream)

    async def ask(self, method: str, request: Request, body: bytes | None, headers: dict[str, str]) -> None:
        """Write a request, with headers besides its own."""
        outgoing = _Outgoing()
        send_request(outgoing, method, request, body, headers)  # type: ignore[arg-type]
        await self.send(bytes(outgoing))

    async def read_head(self) -> http.client.HTTPResponse:
        """Read the head of a response; what follows it stays here."""
        incoming = _Incoming()
        while True:
            try:
                with read_head(incoming, inf) as head:  # type: ignore[arg-type]
                    self._unread = incoming.rest
                    return head
            except _Incomplete:
                incoming.add(await self.receive())

    async def read_response(self, limit: int) -> Response:
        """Read a response whose body has at most ``limit`` bytes."""
        head = await self.read_head()
        body, chunks, tail = bytearray(), Chunks() if head.chunked else None, b""
        while len(body) <= limit:
            if chunks is not None and chunks.ended and tail.endswith(b"\r\n\r\n"):
                break
            if head.length is not None and len(body) >= head.length:
                break
            data = await self.receive()
            if not data and (chunks is not None or head.length is not None):
                raise ConnectionResetError("the server closed the connection in the middle of its response")
            if not data:
                break
            tail = (tail + data)[-4:]
            body += data if chunks is None else chunks.feed(data)
        return make_response(head, bytes(body), limit)

    async def _connect_by_proxy(self, request: Request, *, tunnel: bool) -> None:
        proxy = proxy_parts(request.proxy)
        if proxy.scheme != "http" or not proxy.hostname:
            raise ConnectError(f"here a proxy must be http://, not {proxy.scheme}://", retryable=False)
        self._stream = await _connect_tcp(proxy.hostname, proxy.port or 80)
        if tunnel:
            target = f"{bracketed(request.host)}:{request.port}"
            asked = Request(secure=False, host=request.host, port=request.port, path=target, headers={}, origin=target)
            await self.ask("CONNECT", asked, None, proxy_authorization(proxy))
            head = await self.read_head()
            if head.status != 200:
                raise OSError(f"the proxy {proxy.hostname}:{proxy.port or 80} refused with status {head.status}")


async def _connect_tcp(host: str, port: int) -> ByteStream:
    """Connect to the first address of a host that accepts, as ``transports.dialing`` does; nothing else stays open."""
    infos: Sequence[AddressInfo]
    try:  # a look-up of what is an address already would start a thread
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        infos = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    dial = _Dial()
    try:
        async with anyio.create_task_group() as group:
            for info in in_turns(infos):
                failed = anyio.Event()
                group.start_soon(dial.connect, info, failed, group.cancel_scope)
                with anyio.move_on_after(PACE):
                    await failed.wait()
        if dial.connected is None:
            raise dial.error
        dial.connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return await SocketStream.from_socket(dial.connected)
    except BaseException:  # cancelled, maybe
        if dial.connected is not None:
            dial.connected.close()
        raise


class _Dial:
    """The first of several sockets that connects."""

    def __init__(self) -> None:
        self.connected: socket.socket | None = None
        self.error: OSError = TimeoutError("timed out")

    async def connect(self, info: Any, failed: anyio.Event, scope: anyio.CancelScope) -> None:
        """Connect to one address; the first cancels the others."""
        try:
            sock = socket.socket(*info[:3])
            try:
                sock.setblocking(False)
                state = sock.connect_ex(info[4])
                if state in CONNECTING:
                    await anyio.wait_writable(sock)
                    state = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if state:
                    raise OSError(state, os.strerror(state))
                if self.connected is None:
                    self.connected = sock
                    scope.cancel()
            finally:
                if sock is not self.connected:
                    sock.close()
        except OSError as error:
            self.error = error
            failed.set()


class _Outgoing(bytearray):
    """What a request is written to."""

    def send(self, data: bytes) -> int:
        self += data
        return len(data)


class _Incomplete(Exception):
    """More bytes are needed."""


class _Incoming:
    """What a head is read from: the bytes that there are so far, each time from the beginning."""

    def __init__(self) -> None:
        self._data, self._ended, self.rest = b"", False, b""

    def add(self, data: bytes) -> None:
        self._ended = not data
        self._data = self.rest = self._data + data

    def recv_until(self, deadline: float, size: int = 0) -> bytes:
        data, self.rest = self.rest, b""
        if not data and not self._ended:
            raise _Incomplete
        return data

    def unread(self, data: bytes) -> None:
        self.rest = data
