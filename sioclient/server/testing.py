"""A fixture of pytest for programs that talk to a Socket.IO server.

Put ``pytest_plugins = ["sioclient.server.testing"]`` into ``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from .connection import SocketConnection
from .server import SocketServer


class StartServer(Protocol):
    """Starts a server that ends with the test."""

    def __call__(self, main: type[SocketConnection], **settings: Any) -> SocketServer:
        """Return a running server; it listens on ``server.port``, by default a free one. See ``SocketServer``."""


@pytest.fixture
def socket_server() -> Iterator[StartServer]:
    """Return a function that starts servers for one test: connect to ``socket_server(Chat).port``."""
    with ExitStack() as servers:

        def start(main: type[SocketConnection], **settings: Any) -> SocketServer:
            return servers.enter_context(SocketServer(main, **{"port": 0, **settings}))

        yield start
