"""The README's table of servers: it says what a run of the contract has shown, and is written from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.servers import SERVERS

README = Path(__file__).resolve().parent.parent / "README.rst"
TRANSPORTS = ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")
BEGIN, END = ".. This table is written by make table.\n", ".. The table ends here.\n"

Pair = tuple[str, str]
"""The name of a server in the table of the tests, and a transport."""

PAIRS: list[Pair] = [(name, transport) for name, server in SERVERS.items() for transport in server.transports]


def table(kept: Mapping[Pair, bool]) -> str:
    """Return the table for a run: which pairs have kept the whole contract."""
    rows, notes = [("server", "runs on", *TRANSPORTS)], []
    for name, server in SERVERS.items():
        what, _, runs_on = server.version.strip().partition(", ")
        what, runs_on = server.title or what, server.platform or runs_on
        cells = []
        for transport in TRANSPORTS:
            had = transport in server.transports or transport in server.unusable
            cells.append("yes" if kept.get((name, transport)) else "no" if had else "none")
            if transport in server.unusable:
                notes.append(f"The {transport} of {what} cannot be used: {server.unusable[transport]}.\n")
        rows.append((what, runs_on, *cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    line = "  ".join("=" * width for width in widths)
    texts = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([line, texts[0], line, *texts[1:], line, "", *notes])


def stands_in_readme(text: str) -> bool:
    """Return whether the README has this table."""
    return f"{BEGIN}\n{text}\n{END}" in README.read_text(encoding="utf-8")


def write(text: str) -> None:
    """Write the table into the README."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
