"""Measures sioclient beside other clients: ``python -m bench [--quick] [--rounds N] [--only NAME ...]``.

Every round runs each measure with each client, one right after the other, and each figure is a ratio to that of raw
websocket-client in the same round: what else the machine does hits both. What is reported is the median of the rounds,
with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from contextlib import ExitStack
from pathlib import Path

from .clients import CLIENTS, Client, Unavailable
from .cores import describe
from .fences import check
from .report import FLOOR, Results, draw, table
from .servers import FLOOD, LEGACY, Servers
from .table import MEASURES, Measure

HERE = Path(__file__).resolve().parent


def main() -> None:
    options = _options()
    clients = _ready(options.clients)
    measures = [m for m in MEASURES if not options.only or m.name in options.only]
    results: Results = {}
    with ExitStack() as stack:
        servers = Servers(stack)
        fences = check(servers.port(FLOOD) or 0, servers.port(LEGACY))
        print(fences, file=sys.stderr)
        for measure in (m for m in measures if not m.source):
            port = servers.port(measure.server)
            if port is None:
                continue
            # All rounds of a measure follow each other, so that what is compared was measured at about the same time.
            for round_ in range(1 if measure.once else options.rounds):
                print(f"\r{measure.name}, round {round_ + 1} " + " " * 30, end="", file=sys.stderr, flush=True)
                for name, client in clients.items():
                    if name in measure.clients:
                        _measure(results, measure, name, client, port, quick=options.quick)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    about = f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}; {describe()}; {fences}"
    print(about)
    print(table(results, measures, clients))
    options.output.mkdir(exist_ok=True)
    (options.output / "results.json").write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")
    draw(results, list(clients), options.output / "speed.svg")


def _measure(results: Results, measure: Measure, name: str, client: Client, port: int, *, quick: bool) -> None:
    numbers = measure.quick if quick else measure.numbers
    figures = client.run(measure.function, port, measure.revision, numbers)
    rounds = results.setdefault(measure.name, {}).setdefault(name, [])
    rounds.append(figures)


def _ready(names: list[str]) -> dict[str, Client]:
    """Return the clients that can run here, the floor first; say why the others cannot."""
    ready = {}
    for name in [FLOOR, *(name for name in CLIENTS if name != FLOOR)]:
        if name != FLOOR and names and name not in names:
            continue
        try:
            CLIENTS[name].prepare()
            ready[name] = CLIENTS[name]
        except Unavailable as problem:
            print(f"{name} is left out: {problem}", file=sys.stderr)
    return ready


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure sioclient beside other clients.")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, for a first look")
    parser.add_argument("--rounds", type=int, default=5, help="how often to measure each (5)")
    parser.add_argument("--only", nargs="*", metavar="MEASURE", help=", ".join(m.name for m in MEASURES))
    parser.add_argument("--clients", nargs="*", metavar="CLIENT", help=", ".join(CLIENTS))
    parser.add_argument("--output", type=Path, default=HERE / "out", help="folder of results.json and speed.svg")
    return parser.parse_args()


main()
