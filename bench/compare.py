"""Compares two checkouts of sioclient: ``python -m bench.compare OLD NEW [--rounds N] [--only WORD ...]``.

Both are measured one right after the other in every round, and the order changes from round to round: what else the
machine does hits both. Each figure is the ratio of the two in one round, above 1 if NEW is better; what is
reported is the median of the rounds, with the quartiles. The server has one core and the client another, where the
system can give them. Both checkouts are measured with the functions and the server that lie beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from .clients import LIMIT, Figures
from .cores import core_of
from .servers import flood_server

HERE = Path(__file__).resolve().parent

MEASURES: dict[str, tuple[str, tuple[int, ...]]] = {
    "receive 60 B": ("receive", (300_000, 60)),
    "receive 64 KiB": ("receive", (8_000, 65536)),
    "receive 1 MiB": ("receive", (600, 2**20)),
    "send 60 B": ("send", (60_000, 60)),
    "send 64 KiB": ("send", (3_000, 65536)),
    "send 1 MiB": ("send", (200, 2**20)),
    "callback": ("ask", (5_000,)),
    "call": ("call", (4_500,)),
    "reply with an event": ("reply", (60_000,)),
    "reply with an ack": ("reply_with_ack", (35_000,)),
    "connect": ("connect", (250,)),
}
"""Functions of ``measures.py``, and numbers with which one takes about half a second."""


class Checkout:
    """A folder with a package ``sioclient``.

    Args:
        folder: where it is.
        harness: a folder with nothing but this package, so that no other sioclient is found beside it.
    """

    def __init__(self, folder: Path, harness: Path) -> None:
        self._harness = harness
        path = os.pathsep.join([str(harness), str(folder.resolve())])
        self._environment = {**os.environ, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(harness / "cache")}
        found = Path(self._python("-c", "import sioclient; print(sioclient.__file__)").strip()).resolve()
        if found.parent != folder.resolve() / "sioclient":
            raise SystemExit(f"{folder} has no package sioclient: {found} was found instead")

    def measure(self, function: str, port: int, numbers: tuple[int, ...]) -> Figures:
        """Return the figures of a measure; of all of them, more is better."""
        printed = self._python("-m", "bench.measures", "sioclient", function, str(port), "1", *map(str, numbers))
        figures: Figures = json.loads(printed.splitlines()[-1])
        if "ms" in figures:
            return {"rate": 1000 / figures["ms"]}
        return {"rate": figures["rate"], "events per CPU second": 1e6 / figures["cpu"]}

    def _python(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command,
            cwd=self._harness,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
        return done.stdout


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        harness = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (harness / "bench").symlink_to(HERE, target_is_directory=True)
        checkouts = [Checkout(folder, harness) for folder in (options.old, options.new)]
        port = stack.enter_context(flood_server())
        stack.enter_context(core_of("client"))
        print(
            f"{'new/old, above 1: better':24} {'median (quartiles)':24} {'by CPU time':24} {'old/s':>10} {'new/s':>10}"
        )
        for title, (function, numbers) in MEASURES.items():
            if not options.only or any(word in title for word in options.only):
                print(_row(title, *_rounds(checkouts, function, port, numbers, options.rounds)), flush=True)


def _rounds(
    checkouts: list[Checkout], function: str, port: int, numbers: tuple[int, ...], rounds: int
) -> tuple[list[Figures], list[Figures]]:
    """Return the figures of both checkouts in every round."""
    figures: tuple[list[Figures], list[Figures]] = ([], [])
    for round_ in range(rounds):
        for which in (0, 1) if round_ % 2 == 0 else (1, 0):
            figures[which].append(checkouts[which].measure(function, port, numbers))
    return figures


def _row(title: str, old: list[Figures], new: list[Figures]) -> str:
    spreads = [
        _spread([after[figure] / before[figure] for before, after in zip(old, new, strict=True)]) for figure in old[0]
    ]
    rates = [f"{median(figures['rate'] for figures in side):10,.0f}" for side in (old, new)]
    return f"{title:24} {spreads[0]:24} {(spreads[1:] or ['-'])[0]:24} {' '.join(rates)}"


def _spread(ratios: list[float]) -> str:
    low, middle, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description="Compare two checkouts of sioclient.")
    parser.add_argument("old", type=Path, metavar="OLD", help="the folder of a checkout")
    parser.add_argument("new", type=Path, metavar="NEW", help="the folder of another")
    parser.add_argument("--rounds", type=int, default=11, help="how often to measure each (11)")
    parser.add_argument(
        "--only", nargs="*", metavar="WORD", help=f"of these, those with the word: {', '.join(MEASURES)}"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
