"""Ctrl-C wherever the interpreter can deliver it while a function runs, one place after the other."""

from __future__ import annotations

import dis
import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_LOOKS = {number for name, number in dis.opmap.items() if name.startswith(("CALL", "JUMP_BACK", "JUMP_ABS"))}
"""Instructions after which CPython looks for signals; it also does so at the beginning of each function."""


class Interrupt:
    """Raises KeyboardInterrupt once, at the n-th place of our code at which the interpreter looks for signals.

    Since Python 3.10 there are no others: it looks neither before it enters or leaves a ``with`` block whose manager is
    written in C, nor between ``finally`` and the first call there.

    Args:
        number: which of the places, from 0.

    Attributes:
        raised_at: file, function and line of the place; None: the function had fewer.
    """

    def __init__(self, number: int) -> None:
        self._left = number
        self._before: dict[FrameType, int] = {}
        self.raised_at: tuple[str, str, int] | None = None

    def run(self, function: Callable[[], Any]) -> None:
        """Call a function and let it be interrupted; not what becomes of the garbage of others meanwhile."""
        before, collects = sys.gettrace(), gc.isenabled()
        gc.disable()
        # Python 3.12 reports instructions only if a frame wanted them when the function was set.
        sys._getframe().f_trace_opcodes = True
        sys.settrace(self._trace)
        try:
            function()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
            if collects:
                gc.enable()

    def _trace(self, frame: FrameType, event: str, arg: object) -> Any:
        path = frame.f_code.co_filename.replace("\\", "/")
        if "/sioclient/" not in path or self.raised_at is not None:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            last = self._before.get(frame)
            self._before[frame] = frame.f_code.co_code[frame.f_lasti]
            if last is None or last in _LOOKS:
                self._left -= 1
                if self._left < 0:
                    self.raised_at = (path.rpartition("/")[2], frame.f_code.co_name, frame.f_lineno)
                    self._before.clear()
                    raise KeyboardInterrupt
        return self._trace
