"""The house keeps its order: which way imports run, who touches whose state, and what importing sioclient loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable

import pytest

import sioclient
import sioclient.server

from .architecture import (
    MODULES,
    ROOT,
    SOURCES,
    Owner,
    circles,
    imported_modules,
    imports,
    is_door,
    is_private,
    module_of,
    owners,
    relative,
    touches_beside_the_door,
    tree,
    trespasses,
    unlocked,
)

ROOMS = ["errors", "protocol", "transports", "fronts", "threads", "server", "aio", "cli", "rest"]
MAY_IMPORT = {"errors": {"errors"}, "protocol": {"errors", "protocol"}, "transports": {"errors", "transports"}}
MAY_IMPORT["server"] = {"errors", "protocol", "server"}
MAY_IMPORT["fronts"] = {"errors", "protocol", "transports", "fronts"}
MAY_IMPORT["threads"] = {"errors", "protocol", "transports", "fronts", "threads"}
MAY_IMPORT["aio"] = {"errors", "protocol", "transports", "fronts", "aio", "rest"}
MAY_IMPORT["rest"] = set(ROOMS) - {"server", "aio", "cli"}
MAY_IMPORT["cli"] = {"cli", "server"}
VALUES = {
    f"sioclient.{name}"
    for name in ("address", "handler", "httpoptions", "marks", "names", "options", "reading", "stats")
}
MAY_ALSO_IMPORT = {
    "cli": {"sioclient", "sioclient.recordings"},
    "fronts": VALUES,
    "protocol": {"sioclient.options", "sioclient.reading", "sioclient.names"},
    "rest": {"sioclient.server.testing"},  # for the plugin of pytest
    "server": {"sioclient.marks", "sioclient.names", "sioclient.recordings"},
    "threads": VALUES,
    "transports": {"sioclient.protocol.framing", "sioclient.address", "sioclient.options", "sioclient.httpoptions"},
}
"""Modules of values that other rooms share: they import nothing that would turn a room's imports around.

The command line uses what every program can use.
"""

AIO = ["client", "connection", "core", "http", "living", "stream", "tasks", "transports", "wakeups"]

WEB = ["engineweb", "guarded", "server", "web", "webpage"]

ONLY = {
    "locust": {"locust.py"},
    "prometheus_client": {"server/metrics.py"},
    "redis": {"server/redislink.py", "server/emitter.py"},
    "trio": set(),
    "sniffio": set(),
    "python_socks": {"aio/socks.py"},
    "requests": {"transports/http.py"},
    "websocket": {"transports/wsclient.py"},
    "anyio": {f"aio/{name}.py" for name in [*AIO, "watcher"]},
    "tornado": {f"server/{name}.py" for name in ("accepting", "asgi", "asgisocket", *WEB)},
}
THREADS = {
    f"threads/{name}.py" for name in ("chain", "connection", "guard", "heartbeat", "wakeups", "writer", "listener")
}
THREADS |= {
    "server/server.py",
    "server/foreignlogs.py",
    "server/testing.py",
    "transports/stream.py",
    "transports/framestream.py",
    "cli/console.py",
    "cli/stdin.py",
}
PURE_FILES = {f"server/{name}.py" for name in ("events", "handshake", "origins", "proxies", "rates", "request")}
PURE_FILES |= {f"server/{name}.py" for name in ("backplaneurl", "crossing", "elsewhere", "extras")}
PURE_FILES |= {f"server/{name}.py" for name in ("rooms", "session", "settings")}
PURE_FILES |= {f"server/{name}.py" for name in ("clients", "dialects", "enginebodies", "enginesession", "sessionbase")}
PURE = {"socket", "ssl", "threading", "time", "random", "select", "selectors", "secrets", "logging", "asyncio"}


def room(name: str) -> str:
    part = name.split(".")[1] if "." in name else ""
    return "cli" if part == "__main__" else part if part in ROOMS else "rest"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports(path):
    here = relative(path)
    own = room(module_of(path))
    for name, _ in imports(path):
        top = name.split(".")[0]
        if top == "sioclient" and name not in MAY_ALSO_IMPORT.get(own, ()):
            assert room(name) in MAY_IMPORT.get(own, set(ROOMS)), f"{here} imports {name}"
        assert here in ONLY.get(top, {here}), f"{here} imports {name}"
        assert top != "threading" or here in THREADS, f"{here} imports threading"
        assert not ((own == "protocol" or here in PURE_FILES) and top in PURE), f"{here} imports {name}"


DOCUMENTED = {("sioclient.server.chat", "Chat"), ("sioclient.server.webpage", "ROUTES")}
SHARED = {("sioclient.recordings", name) for name in ("Recorded", "decoded", "read_lines")}


@pytest.mark.parametrize("path", [path for path in SOURCES if room(module_of(path)) == "cli"], ids=relative)
def test_the_command_line_uses_what_everybody_can_use(path):
    public = {"sioclient": {*sioclient.__all__, "__version__"}, "sioclient.server": set(sioclient.server.__all__)}
    for module, names in imports(path):
        if module.startswith("sioclient") and not module.startswith("sioclient.cli"):
            allowed = public.get(module, set()) | {name for where, name in DOCUMENTED | SHARED if where == module}
            assert set(names) <= allowed, f"{relative(path)} imports {set(names) - allowed} from {module}"


def test_importing_sioclient_loads_no_network_library():
    heavy = "{'requests', 'urllib3', 'websocket', 'tornado', 'anyio', 'asyncio'}"
    program = f"import sys, sioclient; sys.exit(repr({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    subprocess.run([sys.executable, "-c", program], check=True)


MOST_ALIKE = 5
"""Statements in a row that may stand in both fronts."""

NAMES = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__", "__anext__": "__next__"}
NAMES |= {"aclose": "close"}
SYNC = {ast.AsyncFunctionDef: ast.FunctionDef, ast.AsyncFor: ast.For, ast.AsyncWith: ast.With}


class Plain(ast.NodeTransformer):
    """Leaves out of a module what one front has and the other has not: async and await, docstrings and imports."""

    def generic_visit(self, node):
        node = super().generic_visit(node)
        if isinstance(getattr(node, "body", None), list):
            node.body = [found for found in node.body if not is_prose(found)] or [ast.Pass()]
        if type(node) in SYNC:
            node = SYNC[type(node)](**vars(node))
            node.name = NAMES.get(getattr(node, "name", ""), getattr(node, "name", ""))
        return node

    def visit_Await(self, node):
        return self.visit(node.value)

    def visit_Attribute(self, node):
        return ast.Attribute(self.visit(node.value), NAMES.get(node.attr, node.attr), node.ctx)


def is_prose(node):
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return is_text or isinstance(node, (ast.Import, ast.ImportFrom))


def runs(text):
    """Yield each run of one more statement than may stand in both fronts, as they were without async and await."""
    lines = [line.strip() for line in ast.unparse(Plain().visit(ast.parse(text))).splitlines() if line.strip()]
    yield from (tuple(lines[at : at + MOST_ALIKE + 1]) for at in range(len(lines) - MOST_ALIKE))


THREADED = """
def close(self):
    self.stop()
    with self.lock:
        for transport in self.all:
            transport.close(1)
    self.say("closed")
def __enter__(self): ...
"""
AWAITED = '''
async def aclose(self):
    """Close."""
    await self.stop()
    # one after the other
    async with self.lock:
        import anyio
        async for transport in self.all:
            await transport.aclose(
                1
            )
    self.say("closed")
async def __aenter__(self): ...
'''


def test_a_twin_is_found_through_async_await_and_docstrings():
    assert list(runs(AWAITED)) == list(runs(THREADED))
    assert len(list(runs(THREADED))) == 3


def test_no_run_of_six_statements_stands_in_both_fronts():
    theirs, ours = set(), set()
    for path in SOURCES:
        found = {"rest": theirs, "threads": theirs, "transports": theirs, "aio": ours}.get(room(module_of(path)), set())
        found.update(runs(path.read_text(encoding="utf-8")))
    fail_with("\n    ".join(run) for run in theirs & ours)


COMPUTED = {"importlib.import_module", "import_module", "__import__"}
"""What imports by a name that is made up at run time: programs that pack others do not see which module is meant."""


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_module_is_imported_by_a_computed_name(path):
    used = {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, (ast.Name, ast.Attribute))}
    imported = {name for _, names in imports(path) for name in names}
    assert not (used | imported) & COMPUTED


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_too_long_to_read(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 400
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 50, node.name


def fail_with(problems: Iterable[str]) -> None:
    """Fail if there are any problems, and show them all, whatever pytest's verbosity."""
    found = list(problems)
    if found:
        pytest.fail("\n".join([f"{len(found)} found", *found]), pytrace=False)


# Circles


def test_a_circle_is_found_and_shown():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"b", "a"}, "d": {"e"}, "e": {"e"}, "f": {"a"}}
    assert sorted(circles(graph)) == [["b", "c", "b"], ["e", "e"]]


def test_imports_run_in_no_circle():
    graph = {name: imported_modules(path) for name, path in MODULES.items()}
    fail_with(" -> ".join(circle) for circle in circles(graph))


# Private attributes

FIRST = """
class Base:
    __slots__ = ("_slot",)
    def __init__(self):
        self._state = self._slot = 0
class Near(Base):
    def look(self, other):
        return self._state + other._state + self._slot
"""
SECOND = """
class Far(Base):
    def __init__(self):
        self._mine = 1
        self._state = 2
    def look(self, other):
        return self._mine + other._mine + other._replace(a=1)
    def _hook(self):
        return self._hook
def look(far):
    return far._mine + far._slot + far._unknown
"""


def test_private_attributes_of_other_files_are_found():
    paths = [ROOT / "first.py", ROOT / "second.py"]
    trees = [ast.parse(FIRST), ast.parse(SECOND)]
    houses = [
        [Owner(path, node) for node in [found, *(node for node in found.body if isinstance(node, ast.ClassDef))]]
        for path, found in zip(paths, trees, strict=True)
    ]
    assert sorted(trespasses(houses)) == [
        "second.py:11: far._slot",
        "second.py:11: far._unknown",
        "second.py:5: self._state",
    ]


def test_no_file_uses_private_attributes_of_another():
    fail_with(trespasses([owners(path) for path in SOURCES]))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_private_name_is_imported(path):
    fail_with(f"{module}.{name}" for module, names in imports(path) for name in names if is_private(name))


# The one door to the protocol

GUARD = ROOT / "threads" / "guard.py"
MOST_SNAPSHOTS = 3
"""Members of the guard that read the protocol without the lock; the guard's docstring names each."""

DOORS = """
class Writer:
    def good(self):
        with self._guard.open() as protocol:
            self.take(protocol, protocol.frames)
            if protocol.phase:
                return protocol.revision
        with guard.open():
            pass
    def made(self, protocol):
        return Guard(protocol)
    def after(self):
        with self._guard.open() as protocol:
            pass
        protocol.send()
    def kept(self):
        with self._guard.open() as protocol:
            self.mine = protocol
    def later(self):
        with self._guard.open() as protocol:
            return lambda: protocol.send()
    def given(self):
        with self._guard.open() as protocol:
            self.take(lambda protocol: protocol.phase)
        return self._guard.wait_until(lambda protocol: protocol.phase)
    def renamed(self):
        with self._guard.open() as core:
            core.send()
    def past(self):
        self._guard._protocol.send()
        self.guard.protocol.send()
"""
GUARDS = """
class Guard:
    def __init__(self, protocol):
        self._protocol = protocol
    def open(self):
        with self._lock:
            yield self._protocol
    def next(self):
        assert self._lock.locked()
        return self._protocol.next
    def news(self):
        self._assert_held()
        return self._protocol.news
    def end(self):
        with self.open() as protocol:
            protocol.end()
    @property
    def phase(self):
        return self._protocol.phase
    def revision(self):
        with self._other:
            return self._protocol.revision
"""


def test_ways_past_the_door_are_found():
    found = list(touches_beside_the_door(ast.parse(DOORS)))
    lines = sorted(int(problem.partition(":")[0]) for problem in found)
    assert lines == [15, 18, 21, 27, 30, 31]


def test_functions_of_the_guard_without_the_lock_are_found():
    assert list(unlocked(ast.parse(GUARDS))) == ["phase", "revision"]


def test_the_guard_has_three_documented_snapshots():
    snapshots = list(unlocked(tree(GUARD)))
    assert len(snapshots) <= MOST_SNAPSHOTS, snapshots
    documented = ast.get_docstring(tree(GUARD)) or ""
    assert [name for name in snapshots if f"``{name}``" not in documented] == []


def test_protocol_is_touched_only_behind_the_door():
    locked = [path for path in SOURCES if path != GUARD and room(module_of(path)) in ("rest", "threads")]
    fail_with(f"{relative(path)}:{problem}" for path in locked for problem in touches_beside_the_door(tree(path)))


def test_there_is_a_door():
    assert any(is_door(node) for path in SOURCES for node in ast.walk(tree(path)) if isinstance(node, ast.withitem))
