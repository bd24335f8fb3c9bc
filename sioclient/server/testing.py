"""A fixture of pytest for programs that talk to a Socket.IO server.

Say ``pytest_plugins = ["sioclient.server.testing"]`` in ``conftest.py``.
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
        """Return a running server; it listens on ``server.port``, which is free before. See ``SocketServer``."""


@pytest.fixture
def socket_server() -> Iterator[StartServer]:
    """What starts servers that end with the test: connect to the ``port`` of what ``socket_server(Chat)`` returns."""
    with ExitStack() as servers:

        def start(main: type[SocketConnection], **settings: Any) -> SocketServer:
            return servers.enter_context(SocketServer(main, **{"port": 0, **settings}))

        yield start
