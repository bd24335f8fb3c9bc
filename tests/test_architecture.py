"""The house keeps its order: which way imports run, and what importing sioclient does not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "sioclient"
SOURCES = sorted(ROOT.rglob("*.py"))
ROOMS = ["errors", "protocol", "transports", "server", "rest"]
MAY_IMPORT = {"errors": {"errors"}, "protocol": {"errors", "protocol"}, "transports": {"errors", "transports"}}
MAY_IMPORT["server"] = {"errors", "protocol", "server"}
MAY_IMPORT["rest"] = set(ROOMS) - {"server"}
ONLY = {
    "requests": {"transports/http.py"},
    "websocket": {"transports/websocket.py"},
    "tornado": {"server/web.py", "server/server.py", "server/webpage.py"},
}
THREADS = {"threads.py", "call.py", "transports/stream.py", "transports/frames.py", "server/server.py"}
PURE_FILES = {
    f"server/{name}.py" for name in ("events", "handshake", "request", "rooms", "session", "settings", "wire")
}
PURE = {"socket", "ssl", "threading", "time", "random", "select", "selectors", "secrets", "logging", "asyncio"}


def imports(path):
    """Yield the absolute names of all modules that a file imports."""
    package = ["sioclient", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])])


def room(name):
    part = name.split(".")[1] if "." in name else ""
    return part if part in ROOMS else "rest"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports(path):
    here = path.relative_to(ROOT).as_posix()
    own = room("sioclient." + here.removesuffix(".py").replace("/", "."))
    for name in imports(path):
        top = name.split(".")[0]
        if top == "sioclient":
            assert room(name) in MAY_IMPORT.get(own, set(ROOMS)), f"{here} imports {name}"
        assert here in ONLY.get(top, {here}), f"{here} imports {name}"
        assert top != "threading" or here in THREADS, f"{here} imports threading"
        assert not ((own == "protocol" or here in PURE_FILES) and top in PURE), f"{here} imports {name}"


def test_importing_sioclient_loads_no_network_library():
    heavy = "{'requests', 'urllib3', 'websocket', 'tornado'}"
    program = f"import sys, sioclient; sys.exit(repr({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_too_long_to_read(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 50, node.name
