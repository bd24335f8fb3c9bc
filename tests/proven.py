"""The table of servers in docs/versions.md: it says what a run of the contract has shown, and is written from it.

A plugin of pytest keeps the account. Where several processes share the tests, each says in its reports for which pair
of server and transport a test ran, and the first process, which gets all the reports, counts.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SERVERS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "versions.md"
TRANSPORTS = ("websocket", "xhr-polling", "jsonp-polling", "htmlfile")
BEGIN, END = "<!-- This table is written by make table. -->\n", "<!-- The table ends here. -->\n"

Pair = tuple[str, str]
"""The name of a server in the table of the tests, and a transport."""

PAIRS: list[Pair] = [(name, transport) for name, server in SERVERS.items() for transport in server.transports]

_kept: dict[Pair, bool] = {}


def pairs(*, later: bool = False) -> list[Any]:
    """Return a parameter for each server and transport, whose tests one process runs; only of the later generations."""
    return [
        pytest.param(
            (SERVERS[name], transport),
            id=f"{name}-{transport}",
            marks=(pytest.mark.proves(name, transport), pytest.mark.xdist_group(f"{name} {transport}")),
        )
        for name, transport in PAIRS
        if not later or SERVERS[name].revision > 1
    ]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "proves(server, transport): a test of the contract, which a pair keeps or not")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say for which pair a test has run."""
    report = yield
    report.user_properties += [("proves", mark.args) for mark in item.iter_markers("proves")]
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note whether a test has passed for its pair."""
    for what, value in report.user_properties:
        if what == "proves":
            pair = tuple(value)
            _kept[pair] = _kept.get(pair, True) and report.passed


def pytest_sessionfinish(session: pytest.Session) -> None:
    """After a whole run, see that the page says what was proven; ``make table`` writes it."""
    is_whole = session.config.option.keyword == "" and set(_kept) == set(PAIRS) and all(_kept.values())
    if not is_whole:
        return
    if os.environ.get("WRITE_TABLE"):
        write(table(_kept))
    elif not stands_on_page(table(_kept)):
        print("\nThe table of servers in docs/versions.md is not what was proven: run make table.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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
    lines = [" | ".join(row) for row in (rows[0], ("---",) * len(rows[0]), *rows[1:])]
    return "\n".join([*(f"| {line} |" for line in lines), "", *notes])


def stands_on_page(text: str) -> bool:
    """Return whether the page has this table."""
    return f"{BEGIN}\n{text}\n{END}" in PAGE.read_text(encoding="utf-8")


def write(text: str) -> None:
    """Write the table into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
