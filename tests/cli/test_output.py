"""Data on stdout: whole lines, colours on terminals only, and the end of who reads."""

from __future__ import annotations

import errno
import io
import os
import re
import select

import pytest

from sioclient.cli.output import (
    BOLD,
    Closed,
    Output,
    make_tolerant,
    silence,
    standard_output,
    wants_colours,
)


class Stream(io.StringIO):
    """A stream that says of itself what a test wants."""

    encoding = "utf-8"
    terminal = False
    failure: OSError | None = None

    def isatty(self):
        return self.terminal

    def flush(self):
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def stream():
    return Stream()


def test_a_value_is_a_line_of_json(stream):
    Output(stream, colours=False).value({"a": b"\0", "b": "é"})
    assert stream.getvalue() == '{"a": {"$base64": "AA=="}, "b": "é"}\n'


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "ANSI_X3.4-1968"])
def test_other_encodings_get_ascii(stream, encoding):
    stream.encoding = encoding
    output = Output(stream, colours=False)
    output.value("é")
    output.raw("é", ["é"])
    assert stream.getvalue() == '"\\u00e9"\né\t["\\u00e9"]\n'


def test_raw_values_are_texts_as_they_are(stream):
    Output(stream, colours=False).raw("a\x1b[31m", 5, {"b": "c"})
    assert stream.getvalue() == 'a\x1b[31m\t5\t{"b": "c"}\n'


def test_raw_values_are_harmless_on_a_terminal(stream):
    stream.terminal = True
    Output(stream, colours=False).raw("a\x1b[31m", 5)
    assert stream.getvalue() == "a\\x1b[31m\\t5\n"


def test_colours_leave_the_text_as_it_is(stream):
    output = Output(stream, colours=True)
    value = {"name": ['text \\" \x1b[0m', 1.5, -3, True, None], "é": {}}
    coloured = output.json(value)
    assert coloured.count("\x1b[") == 14
    assert re.sub(r"\x1b\[\d*m", "", coloured) == Output(stream, colours=False).json(value)
    assert output.coloured("x", BOLD) == "\x1b[1mx\x1b[0m"
    assert Output(stream, colours=False).coloured("x", BOLD) == "x"


@pytest.mark.parametrize(
    ("terminal", "variables", "no_color", "wanted"),
    [
        *((False, {}, False, False), (True, {}, False, True), (True, {"NO_COLOR": "1"}, False, False)),
        *((True, {"NO_COLOR": ""}, False, True), (True, {"TERM": "dumb"}, False, False), (True, {}, True, False)),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream, monkeypatch, terminal, variables, no_color, wanted):
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream.terminal = terminal
    assert wants_colours(stream, no_color=no_color) is wanted


def test_old_windows_of_windows_get_no_colours(stream, monkeypatch):
    stream.terminal = True
    for name in ("WT_SESSION", "ANSICON", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sioclient.cli.output.os.name", "nt")
    assert not wants_colours(stream)
    monkeypatch.setenv("WT_SESSION", "1")
    assert wants_colours(stream)


def test_nobody_reads_any_more(stream, monkeypatch):
    output = Output(stream, colours=False)
    stream.failure = BrokenPipeError()
    with pytest.raises(Closed):
        output.line("x")
    stream.failure = OSError(errno.EINVAL, "what a closed pipe is on Windows")
    with pytest.raises(OSError, match="closed pipe"):
        output.line("x")
    monkeypatch.setattr("sioclient.cli.output.os.name", "nt")
    with pytest.raises(Closed):
        output.line("x")
    stream.failure = OSError(errno.ENOSPC, "the disk is full")
    with pytest.raises(OSError, match="full"):
        output.line("x")


@pytest.mark.skipif(not hasattr(select, "poll"), reason="Windows cannot ask")
def test_a_closed_pipe_is_noticed_without_writing():
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        output = Output(stream, colours=False)
        output.check()
        os.close(reading)
        with pytest.raises(Closed):
            output.check()


def test_what_cannot_be_asked_is_taken_for_open(stream, monkeypatch):
    Output(stream, colours=False).check()
    monkeypatch.delattr(select, "poll", raising=False)
    Output(stream, colours=False).check()


def test_streams_become_tolerant(stream, capsys):
    make_tolerant(stream)
    output = standard_output()
    output.raw("\ud800")
    assert capsys.readouterr().out == "\\ud800\n"


def test_what_is_left_in_a_buffer_goes_nowhere(monkeypatch, capsys):
    silence()  # this stream has no descriptor
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        stream.write("x")
        monkeypatch.setattr("sys.stdout", stream)
        silence()
