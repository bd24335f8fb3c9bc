"""What the tests of the command line share: it runs in this process, so that its modules are covered."""

from __future__ import annotations

import io
import json
import sys
from typing import Any, NamedTuple

import pytest

from sioclient.cli.applications import application
from sioclient.cli.commands import SUMMARIES, load
from sioclient.cli.main import main
from sioclient.cli.output import Output
from sioclient.server import SocketServer

for name in SUMMARIES:
    load(name)  # here, so that no test is the one that happened to import it


class Outcome(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def values(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]

    @property
    def events(self) -> list[Any]:
        """The events that were printed: name and arguments."""
        return [(value["event"], value["args"]) for value in self.values if "event" in value]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    """Take away what the environment of who runs the tests may say."""
    for name in ("AUTH", "USER", "HEADER", "QUERY", "COOKIE", "PROXY"):
        monkeypatch.delenv(f"SIOCLIENT_{name}", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("SIOCLIENT_HISTORY", str(tmp_path / "history"))


@pytest.fixture
def type_in(monkeypatch, tmp_path):
    """Put text or bytes into the standard input."""

    def put(data):
        path = tmp_path / "stdin"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        file = path.open(encoding="utf-8")
        files.append(file)
        monkeypatch.setattr(sys, "stdin", file)

    files: list[io.TextIOWrapper] = []
    yield put
    for file in files:
        file.close()


@pytest.fixture
def run(capsys, type_in):
    """Run ``sioclient`` with these words, and return what it did."""

    def command(*words, stdin=""):
        type_in(stdin)
        capsys.readouterr()
        status = main([str(word) for word in words])
        return Outcome(status, *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def served():
    """A running ``sioclient serve --example``, and what it printed."""
    yield from _serve()


@pytest.fixture(scope="session")
def served_old():
    """A running ``sioclient serve --example --revisions 1``, and what it printed."""
    yield from _serve(revisions=(1,))


def _serve(**settings):
    printed = io.StringIO()
    app = application("example", Output(printed, colours=False), [], 1)
    with SocketServer(app, port=0, **settings) as server:
        yield server, printed


@pytest.fixture
def url(served):
    return f"127.0.0.1:{served[0].port}"


@pytest.fixture
def old_url(served_old):
    return f"127.0.0.1:{served_old[0].port}"


@pytest.fixture
def seen(served):
    """Return the events that the server of ``url`` was sent since the test began."""
    _, printed = served
    begun = len(printed.getvalue())
    return lambda: [(line["event"], line["args"]) for line in map(json.loads, printed.getvalue()[begun:].splitlines())]
