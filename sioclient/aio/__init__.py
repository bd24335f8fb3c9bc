"""The async front: ``sioclient`` for programs of trio and asyncio, with the same names, options, events and errors.

It needs anyio: ``pip install sioclient[aio]``.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if find_spec("anyio") is None:
    raise ModuleNotFoundError("sioclient.aio needs anyio: pip install 'sioclient[aio]'", name="anyio")

from ..detection import ServerInfo, detecting
from ..errors import SocketIOError
from ..handler import Handler
from ..marks import event
from .channel import Channel
from .client import SocketIO
from .engineio import EngineIO
from .steps import run_steps
from .tasks import make_connector

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionsDict


async def detect(host: str = "localhost", port: int | None = None, **options: Unpack[OptionsDict]) -> ServerInfo:
    """Ask a server what it speaks; see ``sioclient.detect``."""
    return await run_steps(detecting(host, port, options, make_connector))


__all__ = ["Channel", "EngineIO", "Handler", "ServerInfo", "SocketIO", "SocketIOError", "detect", "event"]
