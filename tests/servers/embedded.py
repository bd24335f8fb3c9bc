"""The server of sioclient itself, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .process import ServerProcess

HERE = Path(__file__).resolve().parent


class EmbeddedServer(ServerProcess):
    """``embedded_app.py`` on a port of its own until it is stopped.

    Args:
        settings: what it is told.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__([sys.executable, HERE / "embedded_app.py"], settings)
