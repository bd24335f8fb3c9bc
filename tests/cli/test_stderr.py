"""Notes and the log on stderr: a line each, harmless, also when nobody listens."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from sioclient.cli.stderr import Notes
from sioclient.cli.verbosity import LOGGER, Shown, narrated, shown


def test_a_note_is_a_harmless_line(capsys):
    notes = Notes()
    notes.note("a\x1b[31m\nb")
    notes.doubt("is this meant?")
    notes.show(Shown(">", "42", "\x1b[32m"))
    assert capsys.readouterr() == ("", "a\\x1b[31m\\nb\nsioclient: is this meant?\n> 42\n")


def test_a_terminal_gets_colours(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    Notes().show(Shown(">", "42", "\x1b[32m"))
    Notes(no_color=True).show(Shown(">", "42", "\x1b[32m"))
    assert sys.stderr.getvalue() == "\x1b[32m> 42\x1b[0m\n> 42\n"


def test_nobody_need_listen(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    Notes().note("x")
    Notes().show(Shown("*", "x", ""))


def test_who_has_the_terminal_writes_in_his_own_way():
    notes, written = Notes(), []
    notes.write = lambda text, colour: written.append((text, colour))
    notes.note("x\n")
    notes.show(Shown("*", "y", "c"))
    assert written == [("x\\n", ""), ("* y", "c")]


def record(level, text, error=None):
    info = (type(error), error, None) if error else None
    return logging.LogRecord("sioclient", level, "x.py", 1, text, (), info)


@pytest.mark.parametrize(
    ("made", "mark", "text"),
    [
        (record(logging.DEBUG, '> 42["a"]'), ">", '42["a"]'),
        (record(logging.DEBUG, "< 43[\x1b]"), "<", "43[\\x1b]"),
        (record(logging.DEBUG, "other"), "*", "other"),
        (record(logging.INFO, "connected"), "*", "connected"),
        (record(logging.WARNING, "hm"), "!", "hm"),
        (record(logging.ERROR, "it raised", ValueError("x\n")), "!", "it raised: ValueError: x\\n"),
    ],
)
def test_a_record_has_a_mark(made, mark, text):
    assert shown(made)[:2] == (mark, text)


def test_the_log_is_shown_during_a_block(caplog):
    told = []
    before = LOGGER.level, LOGGER.propagate, list(LOGGER.handlers)
    with narrated(logging.INFO, told.append):
        LOGGER.info("one")
        LOGGER.debug("two")
        logging.getLogger("sioclient.server").warning("three")
    LOGGER.warning("four")
    assert [record.text for record in told] == ["one", "three"]
    assert (LOGGER.level, LOGGER.propagate, LOGGER.handlers) == before


def test_a_fault_in_showing_a_record_is_not_the_connections(monkeypatch):
    def fail(record):
        raise ValueError("x")

    monkeypatch.setattr(logging, "raiseExceptions", False)
    with narrated(logging.INFO, fail):
        LOGGER.info("one")
