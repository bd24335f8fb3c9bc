"""The lines of a recording, written and read."""

from __future__ import annotations

import pytest

from sioclient.cli.failures import UsageError
from sioclient.cli.recording import ack_line, event_line, parsed, read_recording, sent_line
from sioclient.cli.text import encoded
from sioclient.recordings import Recorded


def test_what_is_written_is_read_again(tmp_path, type_in):
    lines = [
        event_line("", "news", [b"\0", "x"]),
        sent_line("/chat", "sum", [1, 2], 7),
        sent_line("/chat", "note", [], None),
        ack_line("/chat", 7, [3]),
        ack_line("/chat", 8, [4]),
    ]
    text = "\n\n".join(map(encoded, lines))
    found = parsed(text.splitlines(), "x")
    assert found == [
        Recorded("", "news", [b"\0", "x"], lines[0]["time"], False, None),
        Recorded("/chat", "sum", [1, 2], lines[1]["time"], True, [3]),
        Recorded("/chat", "note", [], lines[2]["time"], True, None),
    ]
    (tmp_path / "x").write_text(text)
    assert read_recording(str(tmp_path / "x")) == found
    type_in(text)
    assert read_recording("-") == found


def test_a_line_has_the_time_when_the_event_came():
    assert event_line("", "a", [], 5.12345)["time"] == 5.123


def test_a_line_that_is_none_is_a_usage_error():
    with pytest.raises(UsageError, match="line 1 of x is none of a recording"):
        parsed(["x"], "x")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match="nosuch cannot be read: No such file"):
        read_recording("nosuch")
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        read_recording(str(tmp_path / "x"))
