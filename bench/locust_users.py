"""Measures what users of Locust cost: ``python -m bench.locust_users [--users N ...] [--seconds S]``.

One Locust process carries N users, each of which makes a call once a second, against socket.io 4.8 on Node: users of
``sioclient.locust``, and those of Locust's own ``locust.contrib.socketio``, which is python-socketio, one after the
other. Both speak websocket alone. The server has one core and Locust another, where the system can give them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .servers import MODERN, real_server

HERE = Path(__file__).resolve().parent

KINDS = {"sioclient": "sioclient.locust", "python_socketio": "locust.contrib.socketio"}

COLUMNS = ("users of", "users", "ms/connect", "ms/call", "KiB/user", "calls/s", "p50", "p95", "failed")
WIDTHS = (24, 6, 11, 8, 9, 8, 6, 6, 7)


def main() -> None:
    options = _options()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    _pin(cores[:1])
    with real_server(MODERN) as port:
        if port is None:
            return
        _pin(cores[1:2])
        print(_line(COLUMNS))
        for users in options.users:
            for kind in options.kinds:
                print(_row(KINDS[kind], users, measure(kind, users, options.seconds, port)), flush=True)


def measure(kind: str, users: int, seconds: float, port: int) -> dict[str, float]:
    """Return the figures of one run: see ``locustfile.py``."""
    rate = max(users / 20, 10)
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "KIND": kind, "FIGURES": str(figures)}
        environment |= {"SECONDS": str(seconds)}
        command = [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py"), "--headless", "-u", str(users)]
        command += ["-r", str(rate), "-s", "5", "--host", f"http://127.0.0.1:{port}", "--only-summary"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if not figures.exists():
            raise SystemExit(done.stderr[-3000:])
        found: dict[str, float] = json.loads(figures.read_text())
        return found


def _row(title: str, users: int, found: dict[str, float]) -> str:
    """Return a line of the table. Times are of the CPU, but for the percentiles, which are of response times.

    The CPU time of a user's first calls, while others are still connecting, is counted as that of connecting.
    """
    each = 1000 * found["connecting"] / users, 1000 * found["cpu"] / found["calls"], found["memory"] / 1024 / users
    rest = found["calls"] / found["seconds"], found["p50"], found["p95"], found["failures"]
    return _line((title, str(users), *(f"{figure:.3g}" for figure in each), *(f"{figure:.0f}" for figure in rest)))


def _line(cells: Iterable[str]) -> str:
    return " ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def _pin(cores: list[int]) -> None:
    """Have what is started from now on run on these cores; none: wherever the system likes."""
    if cores:
        os.sched_setaffinity(0, cores)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.locust_users", description="Measure users of Locust.")
    parser.add_argument("--users", type=int, nargs="*", default=[200], help="how many users one process has (200)")
    parser.add_argument("--seconds", type=float, default=15, help="how long to measure (15)")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS), help="whose users (both)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
