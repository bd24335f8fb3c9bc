"""What pytest finds by itself where sioclient is installed: the fixture ``socket_server``.

It loads the server only when a test asks for it, since Tornado is an extra.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .server.testing import StartServer


@pytest.fixture
def socket_server() -> Iterator[StartServer]:
    """Return a function that starts Socket.IO servers for one test; see ``sioclient.server.testing``."""
    from .server.testing import starting

    with starting() as start:
        yield start
