"""The real servers on this Python: python-socketio, from the extra ``test``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from .process import ServerProcess, ServerUnavailable

HERE = Path(__file__).resolve().parent


class Python3Server(ServerProcess):
    """One of the scripts beside this file that this Python runs.

    Args:
        script: the file's name.
        settings: what the script is told.

    Raises:
        ServerUnavailable: its packages are not here.
    """

    def __init__(self, script: str, **settings: Any) -> None:
        if not all(map(importlib.util.find_spec, ("socketio", "uvicorn", "websockets"))):
            raise ServerUnavailable("python-socketio and uvicorn are not installed: pip install -e .[test]")
        super().__init__([sys.executable, HERE / script], settings)
