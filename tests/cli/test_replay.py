"""sioclient replay: a recording is sent again, with its pauses."""

from __future__ import annotations

import json
import time

import pytest

from tests.waiting import eventually


@pytest.fixture
def recording(tmp_path):
    def write(*lines):
        path = tmp_path / "session.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        return path

    return write


def sent(name, args, when, **more):
    return {"event": name, "args": args, "endpoint": "", "time": when, "sent": True, **more}


def test_what_was_sent_is_sent_with_its_pauses(run, url, seen, recording):
    path = recording(
        {"event": "hello", "args": [], "endpoint": "", "time": 0},
        sent("echo", [1], 100),
        sent("message", ["hi"], 100.2),
        sent("sum", [1, 2], 100.2, id=1),
        {"ack": [3], "endpoint": "", "time": 100.3, "id": 1},
        {**sent("sum", [3, 4], 100.4, id=2), "endpoint": "/chat"},
        {"ack": [7], "endpoint": "/chat", "time": 100.5, "id": 2},
    )
    begun = time.monotonic()
    outcome = run("replay", url, path, "--for", 0.1)
    assert time.monotonic() - begun > 0.4
    assert (outcome.status, outcome.err) == (0, "")
    eventually(lambda: seen() == [("echo", [1]), ("message", ["hi"]), ("sum", [1, 2]), ("sum", [3, 4])])
    assert ("echoed", [1]) in outcome.events
    assert ("message", ["re:hi"]) in outcome.events
    assert sorted(value["ack"] for value in outcome.values if "ack" in value) == [[3], [7]]


def test_what_a_server_sent_is_played_if_nothing_else_was_sent(run, url, seen, recording):
    path = recording(*({"event": "echo", "args": [number], "endpoint": "", "time": number * 60} for number in range(3)))
    begun = time.monotonic()
    assert run("replay", url, path, "--speed", 0).status == 0
    assert run("replay", url, path, "--speed", 6000).status == 0
    assert time.monotonic() - begun < 10
    eventually(lambda: [args for _, args in seen()] == [[0], [1], [2]] * 2)


def test_a_missing_acknowledgement_is_status_4(run, url, recording):
    path = recording(sent("never answered", [], 0, id=1), {"ack": [1], "endpoint": "", "time": 1, "id": 1})
    outcome = run("replay", url, path, "--timeout", 0.8)
    assert outcome.status == 4
    assert "no acknowledgement of 'never answered'" in outcome.err


def test_what_cannot_be_replayed_is_a_usage_error(run, url, old_url, recording):
    assert run("replay", url, recording()).err.endswith(" holds no event: sioclient record writes such files\n")
    assert run("replay", url, "nosuch").status == 2
    assert "has no bytes" in run("replay", old_url, recording(sent("a", [{"$base64": ""}], 0))).err
