"""Gives the server one core and the client another, where the system can do that and has two."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Role = Literal["server", "client"]

_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def core_of(role: Role) -> Iterator[None]:
    """Have every process that is started inside run on the core of its role."""
    if len(_CORES) < 2:
        yield
        return
    os.sched_setaffinity(0, {_CORES[role == "client"]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, _CORES)


def describe() -> str:
    """Return where servers and clients run, for the head of a table."""
    if len(_CORES) < 2:
        return "server and client on any core"
    return f"server on core {_CORES[0]}, client on core {_CORES[1]} of {os.cpu_count()}"
