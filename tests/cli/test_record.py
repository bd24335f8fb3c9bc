"""sioclient record, and the file that it writes."""

from __future__ import annotations

import json

import pytest

from sioclient.cli.failures import UsageError
from sioclient.cli.recorder import Recorder


def test_events_are_written_as_listen_prints_them(run, url, tmp_path):
    path = tmp_path / "session.jsonl"
    outcome = run("record", url, path, "--count", 2, "--emit", "subscribe weather")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", f"sioclient: 2 events in {path}\n")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["hello", "news"]


def test_a_recording_can_go_to_stdout(run, url):
    outcome = run("record", url, "-", "--count", 1)
    assert [event for event, _ in outcome.events] == ["hello"]


def test_a_file_that_cannot_be_written_is_named(run, url, tmp_path):
    outcome = run("record", url, tmp_path)
    assert outcome.status == 2
    assert f"{tmp_path} cannot be written" in outcome.err
    with pytest.raises(UsageError):
        Recorder(tmp_path / "no" / "such")


def test_each_line_is_written_at_once(tmp_path):
    with Recorder(tmp_path / "x") as recorder:
        recorder.write({"a": b"\0"})
        assert (tmp_path / "x").read_text() == '{"a": {"$base64": "AA=="}}\n'
