"""Traces the walks of the client through its own code: ``python -m tests.walks [-v] [--json]``.

A walk is what runs because of one thing: an event is received, an emit, a call, a connection is opened. It begins when
every thread of the client waits and ends when all of them wait again. The server speaks revision 1 over a websocket.

Definitions
    A *call* is a call of a Python function of the package ``sioclient``, in any thread: methods, properties, special
    methods, comprehensions and lambdas alike; a generator counts each time that it goes on. A *file* is one whose
    functions were called.

    A *change of side* is a step of one thread to another floor: ``protocol/``, ``transports/`` or everything else,
    which is the shell. The steps are each call, to the floor of the function, and each return, to the floor of the
    caller. A function that was called before the walk began is no step when it is returned to: that a thread
    wakes up in the transport, and that its loop goes on, is the same for all walks.

A walk is repeated after a warm-up, and the one with the median of calls is shown. Only *connect* is the first of its
process, in which the modules of the transports are loaded; *connect again* is a later one. *websocket alone* is a later
one without a poll, to a server of revision 5. The figures are those of Python 3.11; from 3.12 on, most comprehensions
are not calls.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import sioclient
from sioclient import SocketIO

from .servers_py import LIMIT, TEXT, Peer, Server, frame, switching

PACKAGE = f"{Path(sioclient.__file__).parent}/"
FLOORS = ("protocol", "transports")
REPEATS = 5
QUIET = 0.05
"""Seconds without a step after which all threads wait."""

BEFORE = {"event": (30, 13, 15), "emit": (35, 12, 20), "call": (67, 17, 29), "connect": (598, 29, 77)}
"""Calls, files and changes of side of all threads together, before the client was composed of its parts."""

LIMITS = {walk: (calls // 2, changes // 2) for walk, (calls, _, changes) in BEFORE.items()}
"""Calls and changes of side that a walk may have: half of what it was."""

LIMITS["websocket alone"] = LIMITS["connect"]


class Step(NamedTuple):
    """A call of a function, or a return from it."""

    is_call: bool
    file: str
    function: str
    thread: str

    @property
    def floor(self) -> str:
        folder = self.file.partition("/")[0]
        return folder if folder in FLOORS else "shell"


class Figures(NamedTuple):
    calls: int
    files: int
    changes: int


class Walk:
    """The steps of all threads, in the order in which they happened."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = list(steps)
        self.threads = {
            thread: [step for step in self.steps if step.thread == thread]
            for thread in dict.fromkeys(step.thread for step in self.steps)
        }

    def figures(self) -> dict[str, Figures]:
        """Return the figures of each thread by its name."""
        return {thread: _figures(steps) for thread, steps in self.threads.items()}

    def total(self) -> Figures:
        """Return the figures of all threads together; a file counts once, and another thread is no change of side."""
        return _figures(self.steps)._replace(changes=sum(figures.changes for figures in self.figures().values()))

    def lines(self) -> Iterator[str]:
        """Yield a line for each call and for each return that changes sides, indented; an arrow is a change."""
        places = {thread: iter(_places(steps)) for thread, steps in self.threads.items()}
        floors: dict[str, str] = {}
        for step in self.steps:
            stack = next(places[step.thread])
            if not stack:
                continue
            changes = floors.get(step.thread, stack[-1].floor) != stack[-1].floor
            floors[step.thread] = stack[-1].floor
            if step.is_call or changes:
                arrow = ("->" if step.is_call else "<-") if changes else "  "
                yield f"{step.thread:20} {arrow} {'  ' * (len(stack) - 1)}{stack[-1].file} {stack[-1].function}"


def _places(steps: list[Step]) -> Iterator[list[Step]]:
    """Yield the calls that have not returned after each step of a thread, the innermost last."""
    stack: list[Step] = []
    for step in steps:
        if step.is_call:
            stack.append(step)
        elif stack:  # else it was called before the walk began
            stack.pop()
        yield stack


def _figures(steps: list[Step]) -> Figures:
    files = [step.file for step in steps if step.is_call]
    floors = [stack[-1].floor for stack in _places(steps) if stack]
    return Figures(len(files), len(set(files)), sum(a != b for a, b in pairwise(floors)))


class Tracer:
    """Records the steps of this thread and of all threads that start while it is installed."""

    def __init__(self) -> None:
        self._steps: list[Step] | None = None

    def __enter__(self) -> Tracer:
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def walk(self, begin: Callable[[], Any]) -> Walk:
        """Return the walk that a function begins; it ends when the function has returned and every thread waits."""
        self._wait_until_quiet([])
        steps: list[Step] = []
        self._steps = steps
        begin()
        self._wait_until_quiet(steps)
        self._steps = None
        return Walk(steps)

    def _wait_until_quiet(self, steps: list[Step]) -> None:
        count = -1
        while count != len(steps):
            count = len(steps)
            time.sleep(QUIET)

    def _profile(self, running: FrameType, what: str, _: Any) -> None:
        steps, code = self._steps, running.f_code
        if steps is not None and what in ("call", "return") and code.co_filename.startswith(PACKAGE):
            name = getattr(code, "co_qualname", code.co_name)  # Python 3.10 has no qualified names
            thread = threading.current_thread().name
            steps.append(Step(what == "call", code.co_filename[len(PACKAGE) :], name, thread))


_OPEN = '0{"sid":"a-session","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'


def measure() -> dict[str, Walk]:
    """Return the walks by their names; *connect* is as described only if nothing was connected before."""
    with Tracer() as tracer, Server(_serve) as server:
        opened = []
        for _ in range(REPEATS):
            socket = SocketIO("127.0.0.1", server.port, auto_connect=False)
            opened.append(tracer.walk(socket.open))
            peer = server.next_peer()
            if len(opened) < REPEATS:
                socket.disconnect()
        received = threading.Semaphore(0)
        socket.on("news", lambda _: received.release())
        event = frame('5:::{"name":"news","args":["x"]}')

        def receive() -> None:
            peer.send(event)
            assert received.acquire(timeout=LIMIT), "the event was not received"

        begin: dict[str, Callable[[], Any]] = {
            "event": receive,
            "emit": lambda: socket.emit("note", "x"),
            "call": lambda: socket.call("question", "x"),
        }
        walks = {name: _median([tracer.walk(function) for _ in range(REPEATS)][1:]) for name, function in begin.items()}
        socket.disconnect()
        with Server(_serve_later) as later:
            alone = []
            for _ in range(REPEATS):
                socket = SocketIO("127.0.0.1", later.port, transports="websocket", auto_connect=False)
                alone.append(tracer.walk(socket.open))
                socket.disconnect()
    return {
        **walks,
        "connect": opened[0],
        "connect again": _median(opened[1:]),
        "websocket alone": _median(alone),
    }


def _median(walks: list[Walk]) -> Walk:
    return sorted(walks, key=Walk.total)[len(walks) // 2]


def _serve(peer: Peer) -> None:
    """Script: offer a session of revision 1 over a websocket, and acknowledge the events that ask for it."""
    request = peer.read_head()
    if "/websocket/" not in request.target:
        peer.reply("a-session:60:60:websocket")
        return
    peer.send(switching(request) + frame("1::"))
    peer.server.handed.put(peer)
    with suppress(EOFError):
        while (received := peer.read_frame()).opcode == TEXT:
            kind, number, *_ = received.payload.decode().split(":")
            if kind == "5" and number:
                peer.send(frame(f'6:::{number}["ok"]'))  # the number has its plus sign


def _serve_later(peer: Peer) -> None:
    """Script: open a session of revision 5 over a websocket."""
    peer.send(switching(peer.read_head()) + frame(_OPEN))
    with suppress(EOFError):
        while (received := peer.read_frame()).opcode == TEXT:
            if received.payload == b"40":
                peer.send(frame('40{"sid":"a-socket"}'))


def table(walks: dict[str, Walk]) -> Iterable[str]:
    """Yield the lines of a table, with the figures of each thread, and of before and the limits where there are any."""
    yield f"{'walk':15} {'thread':20} {'calls':>6} {'files':>6} {'changes':>8}  before          at most"
    for name, walk in walks.items():
        rows = walk.figures()
        for thread, (calls, files, changes) in {**rows, **({"all": walk.total()} if len(rows) > 1 else {})}.items():
            row = f"{name:15} {thread:20} {calls:6} {files:6} {changes:8}"
            if name in BEFORE and (thread == "all" or len(rows) == 1):
                row += f"  {' / '.join(map(str, BEFORE[name])):15} {' / '.join(map(str, LIMITS[name]))}"
            yield row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.walks", description="Trace the walks of the client.")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the walks, call by call")
    parser.add_argument("--json", action="store_true", help="print calls, files and changes of each walk as JSON")
    options = parser.parse_args()
    walks = measure()
    if options.json:
        print(json.dumps({name: walk.total()._asdict() for name, walk in walks.items()}))
        return
    for name, walk in walks.items() if options.verbose else ():
        print(name, *walk.lines(), "", sep="\n")
    print(*table(walks), sep="\n")


if __name__ == "__main__":
    main()
