"""sioclient bench, the load that it makes, and its progress bar."""

from __future__ import annotations

import io
import sys

import pytest

from sioclient import ConnectionLost, NotConnected
from sioclient.cli.bench import percentiles, table
from sioclient.cli.load import Load
from sioclient.cli.output import Output
from sioclient.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_figures_are_a_line_of_json(run, url):
    (figures,) = run("bench", url, "-c", 2, "-d", 0.2, "--at-once", 5).values
    assert figures["connections"] == 2
    assert figures["url"] == f"http://{url}/socket.io/"
    for name in ("connects_per_second", "round_trips_per_second", "events_per_second"):
        assert figures[name] > 0
    for name in ("connect_ms", "round_trip_ms", "event_ms"):
        assert 0 < figures[name]["p50"] <= figures[name]["p90"] <= figures[name]["p99"] <= figures[name]["max"]


def test_a_person_gets_a_table_and_a_bar(run, url, monkeypatch):
    monkeypatch.setattr(Output, "is_terminal", property(lambda self: True, lambda self, value: None), raising=False)
    monkeypatch.setattr(sys, "stderr", Terminal())
    outcome = run("bench", url, "sum", 1, 2, "-c", 1, "-d", 0.2)
    assert [line.split()[0] for line in outcome.lines] == [
        f"http://{url}/socket.io/,",
        "per",
        "connects",
        "round",
        "events",
    ]
    assert "connects    [##############################] 100%" in sys.stderr.getvalue()
    assert sys.stderr.getvalue().endswith("\r\x1b[K")


def test_an_event_that_is_not_acknowledged_is_status_4(run, url):
    outcome = run("bench", url, "never answered", "-c", 1, "--timeout", 0.8)
    assert (outcome.status, outcome.out) == (4, "")


def test_percentiles_and_the_table():
    assert percentiles([0.001]) == {"p50": 1.0, "p90": 1.0, "p99": 1.0, "max": 1.0}
    assert percentiles([number / 1000 for number in range(100)]) == {"p50": 50, "p90": 90, "p99": 99, "max": 99}
    times = percentiles([0.001])
    figures = {
        "url": "u",
        "connections": 1,
        "connects_per_second": 1234.5,
        "round_trips_per_second": 2,
        "events_per_second": 3,
    }
    figures |= {"connect_ms": times, "round_trip_ms": times, "event_ms": times}
    assert {len(line) for line in table(figures).splitlines()[1:]} == {64}


def test_no_bar_where_nobody_looks(capsys):
    with Progress() as progress:
        progress.show("x", 0.5)
    assert capsys.readouterr() == ("", "")


class Channel:
    """Acknowledges some events, then fails in the way of a test."""

    def __init__(self, acks, problem, *, raises):
        self.acks, self.problem, self.raises = acks, problem, raises

    def emit(self, name, *args, callback, errback):
        if self.acks:
            self.acks -= 1
            callback()
        elif self.raises:
            raise self.problem
        else:
            errback(self.problem)


@pytest.mark.parametrize("raises", [True, False])
def test_a_loss_ends_the_load(raises):
    problem = NotConnected("x") if raises else ConnectionLost("x")
    load = Load([Channel(3, problem, raises=raises)], "x", [], 1)
    with pytest.raises(type(problem)):
        load.run(60, Progress())
    assert len(load.latencies) == 3


def test_what_is_acknowledged_after_the_end_does_not_count():
    callbacks = []

    class Slow:
        def emit(self, name, *args, callback, errback):
            callbacks.append(callback)
            if len(callbacks) == 1:
                callback()

    load = Load([Slow()], "x", [], 1).run(0.01, Progress())
    callbacks[-1]()
    assert len(load.latencies) == 1
