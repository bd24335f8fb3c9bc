"""Every example of the README runs, against a real server, and prints what it should."""

from __future__ import annotations

import re
import textwrap
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.conftest import start

README = Path(__file__).resolve().parent.parent.parent / "README.rst"
BLOCK = re.compile(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)")
EXAMPLES = [textwrap.dedent(block) for block in BLOCK.findall(README.read_text(encoding="utf-8"))]

PRINTED = {
    "script": ["3"],
    "connect": [r"True \S{20,} websocket 1"],
    "listen": [r"there is no method for hello \[\{'a': 1\}\]", "weather Sun"],
    "functions": ["weather Sun"],
    "waiting": ["weather Sun"],
    "ask": ["3", "three and four is 7", "no answer", r"AckTimeout\(.*\)"],
    "answer": [r"\('Ada', 'Lovelace'\)"],
    "messages": ["the server says re:hello", r"the server says \{'re': \{'temperature': 21\.5\}\}"],
    "again": ["True client", "3"],
    "channels": [
        r"the server says \{'a': 1\}",
        "11",
        "http://localhost:.*/socket.io/: no reply for '/no such place' in time.*",
    ],
    "detect": [r"1 socket\.io 0\.9"],
    "newer": [
        r"\{'image': b'\\x89PNG'\}",
        "True",
        r"http://localhost:.*/socket.io/: the server refused the session: not authorized \{'why': 'token'\}",
    ],
    "engine": ["the server says hello"],
    "options": [],
    "losses": ["lost: client"],
    "at least once": ["3 and all numbers have arrived"],
    "sans-io": [
        r"\[TransportOpened.*, Connected.*, Event\(name='news', args=\['weather'\].*\]",
        r"""\['5:::\{"name":"subscribe","args":\["weather"\]\}'\] look again at \d+\.\d+""",
    ],
    "server": [],
    "server in tests": [r"\('hello', 'world'\)", "1 client"],
    "endpoints and rooms": ["Grace came in", "the server says hello"],
    "application": [],
}
"""What each example prints, in the order of the README."""


def test_every_example_is_known():
    assert len(EXAMPLES) == len(PRINTED)


OTHER_SERVERS = {"newer": {"what": "modern.js", "guard": True}, "engine": {"what": "engine.js"}}
"""What an example runs against, if not against the server that all tests share."""


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize(("code", "name"), list(zip(EXAMPLES, PRINTED, strict=False)), ids=list(PRINTED))
def test_an_example(legacy, capsys, code, name):
    printed = PRINTED[name]
    with start(**OTHER_SERVERS[name]) if name in OTHER_SERVERS else nullcontext() as other:
        port = other.port if other else legacy
        code = re.sub(r'("localhost",\s+|localhost:)8000', rf"\g<1>{port}", code)
        exec(compile(code, README.name, "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(printed), lines
    for line, pattern in zip(lines, printed, strict=True):
        assert re.fullmatch(pattern, line), line
