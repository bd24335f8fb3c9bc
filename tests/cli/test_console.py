"""The console: lines above the one that is typed, history, completion; with and without readline."""

from __future__ import annotations

import builtins
import io
import os
import stat
import sys
import unicodedata

import pyte
import pytest

from sioclient.cli import console as module
from sioclient.cli.console import Console, find_readline, history_file, is_interactive, width_of
from sioclient.cli.output import Output


class Screen(io.StringIO):
    """A terminal of which a test sees what a person would see."""

    encoding = "utf-8"

    def __init__(self, columns=20, rows=6):
        super().__init__()
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        self.screen.set_mode(pyte.modes.LNM)  # as the terminal's driver does with line breaks

    def isatty(self):
        return True

    def write(self, text):
        self.stream.feed(text)
        return len(text)

    @property
    def rows(self):
        return [row.rstrip() for row in self.screen.display]


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module.shutil, "get_terminal_size", lambda: os.terminal_size((20, 6)))
    return Screen()


@pytest.fixture
def typing(screen, monkeypatch):
    """Run a function while a line is being typed; return the console."""
    console = Console(Output(screen, colours=False))

    def during(typed, action):
        def fake(prompt):
            screen.write(prompt + typed)
            action(console)
            return typed

        monkeypatch.setattr(builtins, "input", fake)
        assert console.read("> ") == typed
        return console

    return during


def test_lines_appear_above_the_one_that_is_typed(screen, typing):
    def show(console):
        screen.write("\x1b[D\x1b[D")  # the cursor is within the line
        for text in ("one", "two"):
            console.show(text)
        assert screen.rows[:3] == ["one", "two", "> half a line"]
        assert (screen.screen.cursor.y, screen.screen.cursor.x) == (2, 11)
        screen.write("XY")

    typing("half a line", show)
    assert screen.rows[2] == "> half a liXY"


def test_at_the_bottom_the_screen_scrolls(screen, typing):
    screen.write("\n" * 5)

    def show(console):
        for number in range(9):
            console.show(f"line {number}")

    typing("x", show)
    assert screen.rows == ["line 4", "line 5", "line 6", "line 7", "line 8", "> x"]


@pytest.mark.parametrize("text", ["x" * 20, "x" * 21, "日本" * 6, "e\u0301" * 25])
def test_long_lines_take_the_rows_that_they_need(screen, typing, text):
    typing("y", lambda console: console.show(text))
    used = -(-width_of(text) // 20)
    assert screen.rows[used] == "> y"
    assert unicodedata.normalize("NFD", "".join(screen.rows[:used])) == text
    assert screen.screen.cursor.y == used


def test_what_does_not_fit_is_cut(screen, typing):
    typing("y", lambda console: console.show("z" * 1000, "coloured"))
    assert screen.rows[:4] == ["z" * 20, "z" * 10 + "... (1000", "characters)", "> y"]


def test_when_nobody_types_a_line_is_a_line(screen):
    Console(Output(screen, colours=False)).show("one", "coloured")
    assert screen.rows[0] == "coloured"


def test_terminals_that_cannot_move_get_the_prompt_again(screen, typing, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    class Readline:
        def get_line_buffer(self):
            return "half"

    for readline, left in ((None, ">"), (Readline(), "> half")):
        screen.screen.reset()
        screen.screen.set_mode(pyte.modes.LNM)
        console = Console(Output(screen, colours=False), readline)

        def fake(prompt, console=console):
            screen.write(prompt)
            console.show("one")
            return ""

        monkeypatch.setattr(builtins, "input", fake)
        console.read("> ")
        assert screen.rows[:2] == ["one", left]


class Readline:
    """What the console uses of readline, as libedit or GNU has it."""

    def __init__(self, doc):
        self.__doc__ = doc
        self.done = []

    def __getattr__(self, name):
        return lambda *args: self.done.append((name, *args))


@pytest.mark.parametrize(
    ("doc", "binding"), [("GNU", "tab: complete"), ("libedit", "bind ^I rl_complete"), (None, "tab: complete")]
)
def test_tab_completes(screen, doc, binding):
    readline = Readline(doc)
    with Console(Output(screen, colours=False), readline) as console:
        assert ("parse_and_bind", binding) in readline.done
        console.learn(["news", "nickname", "/help", "news"])
        assert [console.complete("n", state) for state in range(3)] == ["news ", "nickname ", None]
        assert console.complete("x", 0) is None
    assert ("set_completer", None) in readline.done


def test_words_that_are_remembered_have_a_limit(screen, monkeypatch):
    monkeypatch.setattr(module, "MOST_NAMES", 2)
    console = Console(Output(screen, colours=False))
    console.learn(["x" * 101, *"abc"])
    assert [console.complete(word, 0) for word in "xabc"] == [None, "a ", "b ", None]


def test_the_history_is_kept_for_its_owner_alone(screen, monkeypatch, tmp_path):
    path = tmp_path / "a" / "b" / "history"
    monkeypatch.setenv("SIOCLIENT_HISTORY", str(path))
    readline = Readline("")
    with Console(Output(screen, colours=False), readline):
        assert ("read_history_file", path) in readline.done
    assert ("write_history_file", path) in readline.done
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or os.name == "nt"


def test_there_may_be_no_place_for_the_history(screen, monkeypatch, tmp_path):
    monkeypatch.setenv("SIOCLIENT_HISTORY", "")
    assert history_file() is None
    readline = Readline("")
    with Console(Output(screen, colours=False), readline):
        pass
    assert "read_history_file" not in [name for name, *_ in readline.done]
    assert "write_history_file" not in [name for name, *_ in readline.done]
    monkeypatch.setenv("SIOCLIENT_HISTORY", str(tmp_path / "file" / "x"))
    (tmp_path / "file").write_text("")
    with Console(Output(screen, colours=False), readline):
        pass
    monkeypatch.delenv("SIOCLIENT_HISTORY")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert history_file().parts[-3:] == ("state", "sioclient", "history")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert history_file().parts[-4:] == (".local", "state", "sioclient", "history")

    def homeless():
        raise RuntimeError

    monkeypatch.setattr(module.Path, "home", homeless)
    assert history_file() is None


def test_windows_has_no_readline(screen, monkeypatch):
    monkeypatch.setitem(sys.modules, "readline", None)
    assert find_readline() is None
    with Console(Output(screen, colours=False), find_readline()) as console:
        monkeypatch.setattr(builtins, "input", lambda prompt: "typed")
        assert console.read("> ") == "typed"
    monkeypatch.setitem(sys.modules, "readline", "it")
    assert find_readline() == "it"


def test_somebody_must_type_and_look(monkeypatch, screen):
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stdin", screen)
    assert is_interactive()
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert not is_interactive()
