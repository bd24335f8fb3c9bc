"""Examples of the README and of the pages in docs/: what runs them, and what they print.

In a page, an example is a block of ``python``, ``console`` or ``nginx``. The block of ``text`` behind one of ``python``
is what it prints; ``...`` stands for anything. A comment before a block says how else it is run:

- ``<!-- run: process -->`` in a process of its own, because it changes the process or ends it;
- ``<!-- run: pytest -->`` as a file of tests;
- ``<!-- run: file NAME -->`` it is put into a file, for the examples below it;
- ``<!-- run: given NAME -->`` in a process of its own, with what the table in ``given.py`` has for this name;
- ``<!-- run: below, given NAME -->`` the same, behind the example above it, whose variables it uses.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent

PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
if not entry_points(group="pytest11", name="sioclient"):  # a checkout that was installed before there was one
    PYTEST += ["-p", "sioclient.pytest_plugin"]

_IN_RST = re.compile(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)")
_IN_PAGE = re.compile(
    r"(?:^ *<!-- run: (?P<how>[^\n]+) -->\n)?^ *```(?P<kind>python|console|nginx)\n(?P<code>.*?)^ *```\n"
    r"(?:\n```text\n(?P<out>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
_PORT = re.compile(r'((?:"(?:localhost|127\.0\.0\.1)",\s+|(?:localhost|127\.0\.0\.1):))(8000|3000)\b|\b8001\b')
_BELOW = "below, "


class Example(NamedTuple):
    """A block of a page, and the one above it if it needs that: its kind and text, how it is run, what it prints."""

    kind: str
    code: str
    how: str
    printed: str


def examples_of_rst(path: Path) -> list[str]:
    """Return the blocks of Python in a page of reStructuredText."""
    return [textwrap.dedent(block) for block in _IN_RST.findall(path.read_text(encoding="utf-8"))]


def examples_of(path: Path) -> list[Example]:
    """Return the blocks of a page of Markdown that are examples."""
    found: list[Example] = []
    for one in _IN_PAGE.finditer(path.read_text(encoding="utf-8")):
        example = Example(one["kind"], textwrap.dedent(one["code"]), one["how"] or "here", one["out"] or "")
        found.append(behind(found[-1], example) if example.how.startswith(_BELOW) else example)
    return found


def behind(above: Example, below: Example) -> Example:
    """Return the two as one example."""
    how = below.how.removeprefix(_BELOW)
    return Example(below.kind, f"{above.code}\n{below.code}", how, f"{above.printed}{below.printed}")


def placed(code: str, ports: Mapping[str, int]) -> str:
    """Return an example with the ports that there are here."""
    return _PORT.sub(lambda found: f"{found[1] or ''}{ports.get(found[2] or '8001', found[2])}", code)


def run_here(code: str, name: str) -> None:
    """Run Python in this process, as a module that was imported: what a main program alone does is left out."""
    exec(compile(code, name, "exec"), {})


def matches(printed: str, expected: str) -> bool:
    """Return whether lines are those of an example, where ``...`` stands for anything, or for any number of lines."""
    parts = re.split(r"(^\.\.\.\n|\.\.\.)", expected, flags=re.MULTILINE)
    pattern = "".join({"...": ".*", "...\n": r"(?:.*\n)?"}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def put(file: Path, text: str) -> None:
    """Write a file, in a folder that there may not be yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def put_programs(folder: Path) -> Path:
    """Put ``sioclient`` and ``python`` of these tests into ``bin`` of a folder, and return the folder."""
    (folder / "bin").mkdir()
    for name, arguments in {"sioclient": " -m sioclient", "python": ""}.items():
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
        program.chmod(0o755)
    return folder


def printed_by(command: list[object], folder: Path) -> str:
    """Run a command in a folder, and return what it printed, errors too."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        text=True,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:
        try:
            return run.communicate(timeout=PATIENCE)[0]
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)  # a shell, and what it started
            logs = [path.read_text(encoding="utf-8") for path in folder.glob("log")]
            pytest.fail("\n".join([f"{command} did not end:", run.communicate()[0], *logs]))
