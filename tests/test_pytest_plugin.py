"""The fixture that pytest finds where sioclient is installed."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "sioclient.pytest_plugin"

PROGRAM = """
from sioclient import SocketIO
from sioclient.server import SocketConnection, event

class Desk(SocketConnection):
    @event
    def sum(self, a, b):
        return a + b

def test_it(socket_server):
    server = socket_server(Desk, revisions=(5,))
    with SocketIO(server.url) as s:
        assert s.call("sum", 2, 3) == 5
        assert s.revision == 5
    assert server.wait_for("sum") == [2, 3]
"""


def test_a_program_has_a_server_for_its_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PROGRAM)
    named = [] if any(point.value == PLUGIN for point in entry_points(group="pytest11")) else ["-p", PLUGIN]
    result = pytester.runpytest_inprocess(*named, "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_the_package_names_it() -> None:
    setup = Path(__file__).resolve().parent.parent / "setup.py"
    assert '"pytest11": ["sioclient = sioclient.pytest_plugin"]' in setup.read_text(encoding="utf-8")
