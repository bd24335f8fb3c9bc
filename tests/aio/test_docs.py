"""Every example of docs/aio.md runs, against a real server, and prints what it should."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sioclient.aio
from tests.conftest import start

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs" / "aio.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
ENGINE = [
    "connected",
    "the server says hello",
    """the server says {"a":1}""",
    "the server says b'bytes'",
    "disconnected: client",
]
PRINTED = [["weather {'title': 'Sun'}", "3", "hello"], ["news ['weather', {'title': 'Sun'}]"], ENGINE]


@pytest.fixture(scope="module")
def engine():
    with start("engine.js", version="6") as server:
        yield server.port


@pytest.mark.parametrize("number", range(len(PRINTED)), ids=["asyncio", "trio", "engine"])
def test_an_example(legacy, engine, number):
    code = EXAMPLES[number].replace("PORT", str(legacy)).replace("ENGINE_URL", repr(f"http://127.0.0.1:{engine}"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == sorted(PRINTED[number])


def test_every_example_is_known():
    assert len(EXAMPLES) == len(PRINTED)


def test_without_anyio_the_package_names_its_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sioclient\[aio\]'"):
        importlib.reload(sioclient.aio)
