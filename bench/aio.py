"""Measures the async front beside other clients: ``python -m bench.aio [--quick] [--rounds N] [--only NAME ...]``.

It is measured as in ``python -m bench``: each client in a process of its own, one right after the other in every round.
The server has one core and the client another, where the system can give them. All ratios are to python-socketio's
AsyncClient, which is what programs of asyncio had.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from contextlib import ExitStack
from pathlib import Path

from .clients import Client, Unavailable
from .report import Results, table
from .servers import Servers
from .table import Measure

HERE = Path(__file__).resolve().parent
OTHERS = ("python-socketio[asyncio_client]>=5.13,<6", "aiohttp>=3.10", "websockets>=13")
FLOOR = "python_socketio_async"


class AsyncClient(Client):
    """An asynchronous client; those of others have one environment."""

    @property
    def home(self) -> str:
        return "async"

    def command(self) -> list[str]:
        return [self.python, "-m", "bench.aio_measures", self.name]


CLIENTS: dict[str, Client] = {
    client.name: client
    for client in (
        AsyncClient(FLOOR, "python-socketio's AsyncClient", OTHERS),
        AsyncClient("sioclient_asyncio", "sioclient, asyncio"),
        AsyncClient("sioclient_trio", "sioclient, trio"),
        AsyncClient("raw_aiohttp", "raw aiohttp", OTHERS),
        AsyncClient("raw_websockets", "raw websockets", OTHERS),
        Client("sioclient", "sioclient, threads"),
    )
}

_ASYNC = tuple(name for name in CLIENTS if name != "sioclient")
_MEMORY = tuple(CLIENTS)


def _measure(name: str, title: str, function: str, *numbers: float, **more: object) -> Measure:
    quick = tuple(number / 5 if isinstance(number, float) else number for number in numbers)
    return Measure(name, title, function, numbers, quick, clients=_ASYNC, **more)  # type: ignore[arg-type]


MEASURES = (
    _measure("receive", "receive, events/s", "receive", 1.0, 60, target=1),
    _measure("receive_cpu", "CPU per received event, us", "", figure="cpu", lower=True, source="receive"),
    _measure("receive_64k", "receive 64 KiB, events/s", "receive", 1.0, 65536, target=1),
    _measure("send", "send, events/s", "send", 1.0, 60, target=1),
    _measure("send_cpu", "CPU per sent event, us", "", figure="cpu", lower=True, source="send"),
    _measure("send_64k", "send 64 KiB, events/s", "send", 1.0, 65536, target=1),
    _measure("call", "round trips/s", "call", 1.0, target=1),
    _measure("call_cpu", "CPU per round trip, us", "", figure="cpu", lower=True, source="call"),
    _measure("call_p99", "round trip p99, us", "", figure="p99", lower=True, source="call"),
    _measure("connect", "connect to the first event, ms", "connect", 250, figure="ms", target=1, lower=True),
    _measure("connect_cpu", "CPU of that, ms", "", figure="cpu", lower=True, source="connect"),
    *(
        Measure(
            f"memory_{n}",
            f"KiB a connection, of {n:,}",
            "memory",
            (n,),
            (n // 5,),
            "kib",
            lower=True,
            once=True,
            clients=_MEMORY,
        )
        for n in (300, 1000)
    ),
)


def main() -> None:
    options = _options()
    clients = _ready(options.clients)
    measures = [m for m in MEASURES if not options.only or m.name in options.only or m.source in options.only]
    results: Results = {}
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    with ExitStack() as stack:
        _pin(cores[:1])
        port = Servers(stack).port("flood")
        _pin(cores[1:2])
        assert port is not None
        for measure in (m for m in measures if not m.source):
            for round_ in range(1 if measure.once else options.rounds):
                print(f"\r{measure.name}, round {round_ + 1} " + " " * 30, end="", file=sys.stderr, flush=True)
                for name in (name for name in clients if name in measure.clients):
                    numbers = measure.quick if options.quick else measure.numbers
                    figures = clients[name].run(measure.function, port, 5, numbers)
                    results.setdefault(measure.name, {}).setdefault(name, []).append(figures)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    about = f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}"
    print(table(results, measures, clients, FLOOR))
    options.output.mkdir(exist_ok=True)
    (options.output / "aio.json").write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")


def _ready(names: list[str]) -> dict[str, Client]:
    """Return the clients that can run here; say why the others cannot."""
    ready = {}
    for name, client in CLIENTS.items():
        try:
            if not names or name in names or name == FLOOR:
                client.prepare()
                ready[name] = client
        except Unavailable as problem:
            print(f"{name} is left out: {problem}", file=sys.stderr)
    return ready


def _pin(cores: list[int]) -> None:
    """Have what is started from now on run on these cores; none: wherever the system likes."""
    if cores:
        os.sched_setaffinity(0, cores)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.aio", description="Measure the async front beside others.")
    parser.add_argument("--quick", action="store_true", help="a fifth of everything, for a first look")
    parser.add_argument("--rounds", type=int, default=5, help="how often to measure each (5)")
    parser.add_argument("--only", nargs="*", metavar="MEASURE", help=", ".join(m.name for m in MEASURES))
    parser.add_argument("--clients", nargs="*", metavar="CLIENT", help=", ".join(CLIENTS))
    parser.add_argument("--output", type=Path, default=HERE / "out", help="folder of aio.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
