"""Measures servers beside each other: ``python -m bench.server [--quick] [--rounds N] [--only NAME ...]``.

Every round runs each measure with each server, one right after the other. A server is started anew for each, has one
core, and serves clients that ``bench.crowd`` makes on another; each generation of clients is measured apart. All ratios
are to python-socketio under uvicorn, of the same round.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from .clients import Unavailable
from .cores import describe
from .peers import FLOOR, PEERS, Peer
from .report import Results, markdown, table
from .table import Measure

HERE = Path(__file__).resolve().parent

BUSY = 0.9
"""The share of its time from which the process of the clients may be what is measured."""


def _measure(name: str, title: str, function: str, numbers: tuple[float, ...], quick: tuple[float, ...]) -> Measure:
    return Measure(name, title, function, numbers, quick, target=1, clients=tuple(PEERS))


def _of(source: str, name: str, title: str, figure: str) -> Measure:
    """Return a measure of the same runs as another one."""
    return Measure(name, title, "", (), (), figure, lower=True, source=source, clients=tuple(PEERS))


def _memory(count: int) -> Measure:
    title = f"KiB a connection, of {count:,}"
    return Measure(f"memory_{count}", title, "memory", (count,), (count // 10,), "kib", 1, lower=True, once=True)


MEASURES = (
    _measure("echo", "events acknowledged/s, 50 clients", "echo", (50, 2.0), (50, 0.4)),
    _of("echo", "echo_cpu", "CPU for each event, us", "cpu"),
    _measure("broadcast", "broadcast to 1,000, events/s", "broadcast", (1000, 30), (200, 10)),
    _of("broadcast", "broadcast_ms", "broadcast to 1,000, until the last has it, ms", "ms"),
    _of("broadcast", "broadcast_cpu", "CPU for each client of a broadcast, us", "cpu"),
    _measure("connect", "connects/s", "connect", (2000, 20), (200, 20)),
    _of("connect", "connect_cpu", "CPU for each connect, us", "cpu"),
    *(
        Measure(
            f"memory_{n}", f"KiB a connection, of {n:,}", "memory", (n,), (n // 10,), "kib", 1, lower=True, once=True
        )
        for n in (1000, 5000)
    ),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    peers = _ready(options.peers)
    measures = [m for m in MEASURES if not options.only or m.name in options.only or m.source in options.only]
    results: Results = {}
    for measure in (m for m in measures if not m.source):
        for round_ in range(1 if measure.once else options.rounds):
            print(f"\r{measure.name}, round {round_ + 1} " + " " * 30, end="", file=sys.stderr, flush=True)
            for name, peer in peers.items():
                figures = peer.measure(measure.function, measure.quick if options.quick else measure.numbers)
                results.setdefault(measure.name, {}).setdefault(name, []).append(figures)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    about = f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}; {describe()}"
    write = markdown if options.markdown else table
    print(f"{about}\n{write(results, measures, peers, FLOOR)}")
    for warning in _busy(results):
        print(warning)
    options.output.mkdir(exist_ok=True)
    (options.output / "server.json").write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")


def _busy(results: Results) -> list[str]:
    """Return a sentence for each measure in which the clients had no time left."""
    loads = {
        (measure, name): max((figures.get("load", 0.0) for figures in rounds if figures), default=0.0)
        for measure, of_servers in results.items()
        for name, rounds in of_servers.items()
    }
    return [
        f"{measure} with {name}: the clients were busy for {load:.0%} of the time, so the server may be faster"
        for (measure, name), load in loads.items()
        if load > BUSY
    ]


def _ready(names: list[str]) -> dict[str, Peer]:
    """Return the servers that can run here; say why the others cannot."""
    ready = {}
    for name, peer in PEERS.items():
        try:
            if not names or name in names or name == FLOOR:
                peer.prepare()
                ready[name] = peer
        except Unavailable as problem:
            print(f"{name} is left out: {problem}", file=sys.stderr)
    return ready


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.server", description="Measure servers beside each other.")
    parser.add_argument("--quick", action="store_true", help="a fifth of everything, for a first look")
    parser.add_argument("--rounds", type=int, default=5, help="how often to measure each (5)")
    parser.add_argument("--only", nargs="*", metavar="MEASURE", help=", ".join(m.name for m in MEASURES))
    parser.add_argument("--peers", nargs="*", metavar="SERVER", help=", ".join(PEERS))
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/speed.md has it")
    parser.add_argument("--output", type=Path, default=HERE / "out", help="folder of server.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
