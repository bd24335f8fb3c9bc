"""A TCP or TLS connection for the async front, and one request with its response over it.

The socket is used as it is, and anyio waits for it: so writing needs no task unless the network takes less than there
is, a write is never torn by a cancellation, and a connection needs neither buffers nor objects of an event loop.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Awaitable
from math import inf
from typing import Any, TypeVar

import anyio
import anyio.lowlevel

from ..transports.base import Traffic
from ..transports.dialing import (
    CONNECTING,
    PACE,
    AddressInfo,
    Answered,
    Selector,
    begin_to_connect,
    in_turns,
    known_address,
)
from ..transports.framestream import MOST_STALL
from ..transports.http1 import HeadReader, Read, Reader, Request, connect_head, request_head
from ..transports.proxy import check_tunnel, http_proxy, proxy_parts
from ..transports.stream import SEND_BUFFER, WOULD_BLOCK, stalled
from ..transports.tls import make_tls_context
from .socks import socks_socket

_LEAST_READ, _MOST_READ = 2**14, 2**18
_PART = 2**18

Result = TypeVar("Result")


class Late(TimeoutError):
    """The deadline of a stream has come. The system has a TimeoutError of its own, for a peer that is gone."""

    def __init__(self) -> None:
        super().__init__("timed out")


class Stream:
    """One connection. One task at a time reads, and one drains; anybody writes.

    Args:
        traffic: where its bytes are counted.

    Attributes:
        backlog: what was written and not taken by the network yet.
        deadline: when whoever reads, or waits for the network in any other way, raises Late. A scope around all would
            do that, too, but with a near server, nobody waits, and a scope takes 15 us.
    """

    __slots__ = ("_is_drained", "_size", "_sock", "_traffic", "_unread", "backlog", "deadline")

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._sock: socket.socket | None = None
        self._unread, self._size = b"", _LEAST_READ
        self._is_drained = True
        self.backlog, self.deadline = b"", inf

    async def connect(self, request: Request, *, tunnel: bool) -> None:
        """Connect to where a request goes, through its proxy, and encrypt if it is https; see ``open_stream``."""
        context = make_tls_context(request.ca, request.cert) if request.secure else None
        if request.proxy is None:
            self._sock = await self._dial(request.host, request.port, request.answered)
        else:
            await self._connect_by_proxy(request, tunnel=tunnel or request.secure)
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            await self._start_tls(context, request.host)

    async def receive(self) -> bytes:
        """Wait for bytes and return them, none at the end of the stream; raise OSError if it broke."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        sock = self._socket()
        if not self._is_drained:
            await anyio.lowlevel.checkpoint()  # whoever always has something to read lets others have their turn, too
            if self.deadline < inf and anyio.current_time() >= self.deadline:
                raise Late
        while True:
            if self._is_drained:
                if self.deadline == inf:  # a coroutine less for each connection that is idle
                    await anyio.wait_readable(sock)
                else:
                    await self._in_time(anyio.wait_readable(sock))
            try:
                data = sock.recv(self._size)
            except BlockingIOError:
                self._is_drained = True
                continue
            except WOULD_BLOCK as error:
                await self._wait_for(sock, error)
                continue
            is_full = len(data) == self._size
            # Reading much at a time pays only where much comes: a large buffer costs time by itself.
            self._size = min(self._size * 4, _MOST_READ) if is_full else _LEAST_READ
            self._is_drained = bool(data) and not is_full and not isinstance(sock, ssl.SSLSocket)
            self._traffic.received += len(data)
            return data

    def hasten(self) -> None:
        """Have the next ``receive`` look before it waits: a near server has often responded, and a wait takes 18 us."""
        if not self._unread:
            self._is_drained = False

    def write(self, data: bytes) -> None:
        """Write as much as the network takes at once, and keep the rest for ``drain``; raise OSError if it broke."""
        if self.backlog:
            self.backlog += data
            return
        sent = self._send(data)
        if sent < len(data):
            self.backlog = data[sent:]

    async def drain(self) -> None:
        """Write all that is kept; raise TimeoutError if nothing is taken for a while."""
        while self.backlog:
            with anyio.move_on_after(MOST_STALL) as stall:
                await self._in_time(anyio.wait_writable(self._socket()))
            if stall.cancelled_caught:
                raise stalled(MOST_STALL)
            data, self.backlog = self.backlog, b""
            with memoryview(data) as view:
                sent = 0
                while sent < len(data) and (taken := self._send(view[sent : sent + _PART])):
                    sent += taken
            self.backlog = data[sent:] + self.backlog

    async def exhaust(self, silence: float) -> None:
        """Read and forget until the peer ends the stream, or is silent for so many seconds; see ``websocket.drain``."""
        self.hasten()
        end = anyio.current_time() + 4 * silence
        with anyio.move_on_after(silence) as scope:
            while await self.receive():
                scope.deadline = min(anyio.current_time() + silence, end)

    def has_ended(self) -> bool:
        """Return whether the peer, from which nothing is expected now, has ended the stream or sent something."""
        if self._sock is None or self._unread:
            return True
        with Selector() as selector:
            selector.register(self._sock, 1)
            return bool(selector.select(0))

    def close(self) -> None:
        """Free everything; whoever waits for the network raises."""
        sock, self._sock = self._sock, None
        if sock is not None:
            anyio.notify_closing(sock)
            sock.close()

    async def ask(self, method: str, request: Request, headers: dict[str, str], body: bytes | None = None) -> None:
        """Write a request, with headers besides its own."""
        self.write(request_head(method, request, headers, None if body is None else len(body)))
        if body:
            self.write(body)  # by itself: see ``exchange.send_request``
        await self.drain()
        self.hasten()

    async def read(self, reader: Reader[Read]) -> Read:
        """Return what a reader reads; what follows it stays here."""
        while (done := reader.feed(await self.receive())) is None:
            pass
        self._unread = reader.rest
        return done

    async def _connect_by_proxy(self, request: Request, *, tunnel: bool) -> None:
        proxy = proxy_parts(request.proxy)
        if proxy.scheme.startswith("socks"):
            self._sock = await self._in_time(socks_socket(proxy, request.host, request.port))
            return
        self._sock = await self._dial(*http_proxy(proxy), request.answered)
        if tunnel:
            self.write(connect_head(request, proxy))
            await self.drain()
            check_tunnel((await self.read(HeadReader())).status, proxy)

    async def _start_tls(self, context: ssl.SSLContext, host: str) -> None:
        if self._unread:  # it would be read as if it had come encrypted
            raise ConnectionAbortedError("the peer spoke before the connection was encrypted")
        self._sock = sock = context.wrap_socket(self._socket(), server_hostname=host, do_handshake_on_connect=False)
        self._is_drained = False
        while True:
            try:
                sock.do_handshake()
                return
            except WOULD_BLOCK as error:
                await self._wait_for(sock, error)

    async def _dial(self, host: str, port: int, answered: Answered) -> socket.socket:
        """Return a socket that is connected to the first address of a host that accepts; see ``transports.dialing``."""
        known = known_address(host, port)
        if known is None:
            return await self._in_time(_dial_by_name(host, port, answered))
        sock, state = _begin(known)
        connecting = _connected(sock, state)
        return await (self._in_time(connecting) if state in CONNECTING else connecting)

    async def _in_time(self, awaited: Awaitable[Result]) -> Result:
        """Await something, but only until the deadline."""
        if self.deadline == inf:
            return await awaited
        with anyio.CancelScope(deadline=self.deadline):
            return await awaited
        raise Late

    async def _wait_for(self, sock: socket.socket, wanted: OSError) -> None:
        """Wait for what a call that would block wanted."""
        wait = anyio.wait_writable if isinstance(wanted, ssl.SSLWantWriteError) else anyio.wait_readable
        await self._in_time(wait(sock))

    def _send(self, data: bytes | memoryview) -> int:
        try:
            sent = self._socket().send(data)
        except WOULD_BLOCK:
            return 0
        self._traffic.sent += sent
        return sent

    def _socket(self) -> socket.socket:
        if self._sock is None:
            raise ConnectionAbortedError("there is no connection")
        return self._sock


async def _dial_by_name(host: str, port: int, answered: Answered) -> socket.socket:
    try:  # a look-up of what is an address already would start a thread
        infos: list[AddressInfo] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        infos = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if len(infos) == 1:
        return await _connected(*_begin(infos[0]))
    found: list[tuple[socket.socket, Any]] = []
    errors: list[OSError] = [TimeoutError("timed out")]

    async def connect(info: AddressInfo, failed: anyio.Event) -> None:
        """Connect to one address; the first cancels the others."""
        try:
            sock = await _connected(*_begin(info))
        except OSError as error:
            errors.append(error)
            failed.set()
        else:
            found.append((sock, info[4]))
            group.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as group:
            for info in in_turns(infos, answered.get((host, port))):
                failed = anyio.Event()
                group.start_soon(connect, info, failed)
                with anyio.move_on_after(PACE):
                    await failed.wait()
        if not found:
            raise errors[-1]
        sock, answered[host, port] = found.pop(0)
        return sock
    finally:
        for late, _ in found:  # connected besides, or when everything was cancelled
            late.close()


def _begin(info: AddressInfo) -> tuple[socket.socket, int]:
    """Return a socket that connects to an address, and how far it is: see ``begin_to_connect``."""
    sock = socket.socket(*info[:3])
    try:
        return sock, begin_to_connect(sock, info[4])
    except BaseException:
        sock.close()
        raise


async def _connected(sock: socket.socket, state: int) -> socket.socket:
    """Return a socket when it is connected, or raise OSError."""
    try:
        if state in CONNECTING:
            await anyio.wait_writable(sock)
            state = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if state:
            raise OSError(state, os.strerror(state))
    except BaseException:
        sock.close()
        raise
    return sock
