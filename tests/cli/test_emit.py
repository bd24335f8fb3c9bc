"""sioclient emit."""

from __future__ import annotations

import time

import pytest

from sioclient import ConnectionLost
from sioclient.cli import emit
from sioclient.cli.emit import Acks, recorded_or_typed
from sioclient.cli.failures import UsageError
from tests.waiting import eventually


def test_an_event_arrives(run, url, seen):
    assert run("emit", url, "echo", "weather", 5, "--text", 5) == (0, "", "")
    eventually(lambda: seen() == [("echo", ["weather", 5, "5"])])


def test_a_message_arrives(run, url, seen):
    assert run("emit", "--send", url, '{"a": 1}').status == 0
    eventually(lambda: seen() == [("message", [{"a": 1}])])


@pytest.mark.parametrize("words", [["--send"], ["--send", "a", "b"], ["--send", "--text"]])
def test_a_message_is_one_value(run, url, words):
    outcome = run("emit", url, *words)
    assert outcome.status == 2
    assert "--send takes one ARG" in outcome.err or "EVENT is missing" in outcome.err


def test_each_line_of_a_pipe_is_an_event(run, url, seen):
    assert run("emit", url, "note", "@-", 0, stdin="one\n2\n").status == 0
    eventually(lambda: seen() == [("note", ["one", 0]), ("note", [2, 0])])


def test_lines_may_be_whole_events(run, url, seen):
    lines = '{"event": "a b", "args": [1], "endpoint": "", "time": 1}\nsay hello\n'
    assert run("emit", url, "@-", stdin=lines).status == 0
    eventually(lambda: seen() == [("a b", [1]), ("say", ["hello"])])
    assert run("emit", url, "@-", "x").status == 2
    assert run("emit", url, "@-", stdin='{"a": 1}\n').status == 2
    with pytest.raises(Exception, match="must have a name"):
        recorded_or_typed("\n")


def test_it_is_sent_several_times_with_pauses(run, url, seen):
    begun = time.monotonic()
    assert run("emit", url, "note", "--repeat", 3, "--interval", 0.05).status == 0
    assert time.monotonic() - begun >= 0.1
    eventually(lambda: seen() == [("note", [])] * 3)


def test_acknowledgements_are_waited_for(run, url, monkeypatch):
    monkeypatch.setattr(emit, "MOST_AWAITED", 2)
    lines = "".join(f"{number}\n" for number in range(9))
    assert run("emit", url, "echo", "@-", "--wait-ack", stdin=lines) == (0, "", "")
    assert run("emit", url, "echo", "--wait-ack=5").status == 0
    assert run("emit", "--send", url, "hello", "--wait-ack").status == 0


def test_an_acknowledgement_that_does_not_come_is_told(run, url):
    outcome = run("emit", url, "never answered", "--wait-ack=0.05")
    assert (outcome.status, outcome.out) == (4, "")
    assert "no acknowledgement of 'never answered'" in outcome.err


def test_it_is_sent_again_until_it_is_acknowledged(run, url, seen):
    assert run("emit", url, "echo", 1, "--resend", 2) == (0, "", "")
    assert seen() == [("echo", [1])]
    outcome = run("emit", url, "never answered", "--resend", 2, "--wait-ack=0.05")
    assert outcome.status == 4
    assert seen()[1:] == [("never answered", [])] * 3


def test_a_generation_without_bytes_is_told(run, old_url):
    outcome = run("emit", old_url, "photo", "-b", "x")
    assert outcome.status == 2
    assert "has no bytes" in outcome.err


def test_acks_are_waited_for_as_long_as_it_takes(monkeypatch):
    acks = Acks(60)
    how = acks.keywords()
    assert how["timeout"] == 60
    real = acks._came.get
    monkeypatch.setattr(emit.queue, "Empty", emit.queue.Empty)

    class Slow:
        first = True

        def get(self, timeout):
            if self.first:
                self.first = False
                raise emit.queue.Empty
            return real(timeout=0)

    how["errback"](ConnectionLost("x"))
    acks._came = Slow()
    with pytest.raises(ConnectionLost):
        acks.wait_below(1)
    acks.wait_below(1)


def test_an_acknowledgement_line_is_no_event():
    with pytest.raises(UsageError, match="the first word must be the name"):
        recorded_or_typed('{"ack": [], "id": 1}')
