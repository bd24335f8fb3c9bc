"""From the words of a command line to an exit status; the table of commands and their help."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys

import pytest

from sioclient import __version__
from sioclient.cli import main as module
from sioclient.cli.commands import SUMMARIES, load, parser_of
from sioclient.cli.main import command_of, main
from sioclient.cli.output import Closed
from sioclient.cli.signals import Terminated

CALLED = ["connect", "emit", "call", "listen", "detect", "record", "replay", "serve", "bench", "completion"]


def test_the_commands_are_those_that_are_documented():
    assert list(SUMMARIES) == CALLED


@pytest.mark.parametrize(
    ("typed", "name", "rest"),
    [
        ([], "help", []),
        (["--help"], "help", []),
        (["-h", "emit"], "help", ["emit"]),
        (["--version"], "version", []),
        (["-V"], "version", []),
        (["-v"], "help", []),
        (["-vv", "emit", "x", "--send"], "emit", ["-vv", "x", "--send"]),
        (["help", "emit"], "help", ["emit"]),
        (["http://x"], "connect", ["http://x"]),
        (["-c", "ws://x"], "connect", ["ws://x"]),
        (["--no-color", "--connect", "localhost:8000", "-k"], "connect", ["--no-color", "localhost:8000", "-k"]),
        ([":8000"], "connect", [":8000"]),
        (["8000"], "connect", ["8000"]),
    ],
)
def test_the_command_is_the_first_word(typed, name, rest):
    assert command_of(typed) == (name, rest)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["lisen", "x"], "there is no command 'lisen': did you mean listen? (see sioclient --help)"),
        (["nosuch"], f"there is no command 'nosuch': there are {', '.join(CALLED)} (see sioclient --help)"),
        (["help", "lisen"], "there is no command 'lisen': did you mean listen? (see sioclient --help)"),
        (["detect"], "URL is missing: sioclient detect URL"),
        (["emit", "x"], "EVENT is missing: sioclient emit URL EVENT [ARG...]"),
        (["detect", "x", "--nosuch"], "there is no option --nosuch (see sioclient detect --help)"),
    ],
)
def test_what_is_mistyped_is_explained_in_a_line(run, typed, message):
    assert run(*typed) == (2, "", f"sioclient: {message}\n")


def test_help_is_for_all_and_for_each(run):
    outcome = run("--help")
    assert (outcome.status, outcome.err) == (0, "")
    for name, summary in SUMMARIES.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}$", outcome.out, re.MULTILINE)
        page = run(name, "--help")
        assert (page.status, page.err) == (0, "")
        assert f"  sioclient {name} - {summary}\n" in page.out
        assert run("help", name).out == page.out
        assert run("--help", name).out == page.out
    assert run().out == outcome.out


@pytest.mark.parametrize("name", CALLED)
def test_the_help_fits_a_terminal(run, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert [line for line in run(name, "--help").lines if len(line) > 80] == []


@pytest.mark.parametrize("name", CALLED)
def test_examples_in_the_help_can_be_parsed(name):
    """Each line of the examples is one that the parsers take."""
    import shlex

    for line in load(name).EXAMPLES.replace("\\\n", " ").splitlines():
        for part in re.split(r"\||<\(|;|\)", line.split("  #")[0]):
            words = [word for word in shlex.split(part.split(">")[0]) if word]
            if words[:1] == ["sioclient"]:
                command, rest = command_of(words[1:])
                parser_of(command).parse(rest)


def test_the_version_is_that_of_the_package(run):
    assert run("--version") == (0, f"sioclient {__version__}\n", "")
    assert run("version").out == f"sioclient {__version__}\n"


@pytest.mark.parametrize(
    ("problem", "status"), [(Closed(), 0), (Terminated(), 143), (KeyboardInterrupt(), 130), (SystemExit(0), 0)]
)
def test_each_end_has_its_status(capsys, monkeypatch, problem, status):
    def fail(typed, notes):
        raise problem

    monkeypatch.setattr(module, "run", fail)
    assert main([]) == status
    assert capsys.readouterr() == ("", "")


def test_a_fault_of_ours_is_a_line_or_a_traceback(capsys, monkeypatch):
    def fail(typed, notes):
        raise RuntimeError("oh")

    monkeypatch.setattr(module, "run", fail)
    monkeypatch.setattr(sys, "argv", ["sioclient", "emit"])
    assert main() == 1
    assert capsys.readouterr().err.startswith("sioclient: a fault of sioclient, please report it (RuntimeError: oh)")
    with pytest.raises(RuntimeError):
        main(["-vv"])


def test_the_log_is_shown_if_wanted(run, url, old_url):
    life = run("call", url, "sum", 1, 2, "-v").err
    assert "* http" in life
    assert "connected over websocket, revision 5" in life
    packets = run("-vv", "call", url, "sum", 1, 2).err
    assert '> 421["sum",1,2]\n' in packets
    assert "< 431[3]\n" in packets
    packets = run("-vv", "call", old_url, "sum", 1, 2).err
    assert '> 5:1+::{"name":"sum","args":[1,2]}\n' in packets
    assert "< 6:::1+[3]\n" in packets
    assert run("call", url, "sum", 1, 2).err == ""


def test_the_package_can_be_run():
    done = subprocess.run([sys.executable, "-m", "sioclient", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"sioclient {__version__}\n"
    importlib.import_module("sioclient.__main__")  # does nothing


def test_a_standard_stream_that_is_closed_is_opened(monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(["--version"]) == 0
    assert sys.stdin.read() == ""
    for name in ("stdin", "stdout", "stderr"):
        os.close(getattr(sys, name).fileno())
