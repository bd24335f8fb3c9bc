"""Rows 32 to 46 of the fault matrix: handlers, threads, processes and clocks."""

from __future__ import annotations

import ast
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from pathlib import Path

import pytest

import sioclient
from sioclient import BufferFull, LocalProtocolError, NotConnected, SocketIO, SocketIOError
from sioclient.protocol import Event, Phase
from tests.conftest import Recorder, start
from tests.faults.conftest import told
from tests.faults.rogue import Rogue
from tests.memory import MemoryServer, Notices, make_connection
from tests.protocol.driver import HANDSHAKE, new_client
from tests.servers_py import Task, descriptors
from tests.waiting import PATIENCE, ended, eventually, happened

pytestmark = pytest.mark.usefixtures("no_thread_left")


class Raising(Recorder):
    """Raises in every handler, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []
        self.raised = 0

    def on_n(self, number: int) -> None:
        self.heard.append(number)
        raise RuntimeError("a bug")

    def on_exception(self, event: str, error: BaseException) -> None:
        self.raised += 1


@pytest.mark.fronts
def test_f32_a_handler_that_raises_every_time_loses_nothing(connect, legacy):
    handler = Raising()
    socket = connect(legacy, handler)
    for _ in range(4):
        socket.emit("do burst", "n", 250)
        socket.call("echo", 1)
    eventually(lambda: len(handler.heard) == 1000)
    assert handler.heard == list(range(250)) * 4
    assert handler.raised == 1000
    assert socket.connected


@pytest.mark.fronts
def test_f32_no_ack_is_sent_for_a_handler_that_raised(connect, legacy):
    handler, acks = Raising(), []
    socket = connect(legacy, handler)
    socket.on("answer", acks.append)
    socket.emit("do ask for data", "n", 1)
    eventually(lambda: handler.raised)
    assert socket.call("echo", 1) == 1
    assert acks == []


def test_f33_a_handler_that_blocks_keeps_the_connection(connect, recorder, caplog, transport):
    with Rogue(heartbeat=0.05, close=0.05) as rogue:
        go_on = threading.Event()
        socket = connect(rogue.port, recorder)
        socket.on("block", lambda: happened(go_on))
        session = rogue.next_session()
        session.push('5:::{"name":"block"}', "3:::after")
        for number in range(1, 21):  # ten time-outs
            if transport == "xhr-polling":
                session.push("2::")  # over a websocket, heartbeats go out unasked
            eventually(lambda: session.sent.count("2::") >= number, "a heartbeat")  # noqa: B023
            time.sleep(0.025)
        go_on.set()
        assert recorder.next("message")[2] == "after"
        assert "close" not in told(recorder)
        warned = [record for record in caplog.records if "'block' has run" in record.getMessage()]
        assert [record.levelname for record in warned] == ["WARNING"]


def test_f34_disconnect_in_a_handler_returns_and_is_final(connect, legacy):
    class Leaving(Recorder):
        def on_hello(self, value: object) -> None:
            self.socket.disconnect()
            self.told.put(("returned",))

    handler = Leaving()
    socket = connect(legacy, handler)
    ended(socket)
    assert told(handler) == ["open", "connect", "returned", "disconnect", "close"]


def test_f35_f36_every_verb_works_in_a_handler(connect, legacy):
    results = []

    class Busy(Recorder):
        def on_go(self) -> None:
            self.socket.emit("do burst", "n", 20)
            results.append(self.socket.call("sum", 1, 2))
            results.append(self.socket.connect("/chat").call("sum", 3, 4))
            with pytest.raises(LocalProtocolError):
                socket.wait()
            results.append("returned")

    handler, numbers = Busy(), []
    socket = connect(legacy, handler)
    socket.on("n", lambda number: (results.append("n"), numbers.append(number)))
    socket.emit("do emit", "go")
    eventually(lambda: len(numbers) == 20)
    assert results[:3] == [3, 7, "returned"]
    assert numbers == list(range(20))


@pytest.fixture
def impatient():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient")
def test_f37_eight_threads_each_keep_their_order(connect, legacy, transport):
    count = 500 if transport == "websocket" else 100
    socket = connect(legacy)

    def work(whose: int) -> None:
        for number in range(count):
            socket.emit("note", [whose, number])

    tasks = [Task(work, whose) for whose in range(8)]
    for task in tasks:
        task.result()
    notes = socket.call("notes")
    assert len(notes) == 8 * count
    for whose in range(8):
        assert [number for owner, number in notes if owner == whose] == list(range(count))


def test_f38_disconnecting_while_others_emit():
    rounds, emitters = 1000, 2
    together = threading.Barrier(emitters + 1)
    current, outcomes = [], []

    def emit() -> None:
        for _ in range(rounds):
            together.wait(PATIENCE)
            try:
                for number in range(10):
                    current[-1].send(Event("n", [number]))
                outcomes.append("returned")
            except NotConnected:
                outcomes.append("refused")
            together.wait(PATIENCE)

    emitting = [Task(emit) for _ in range(emitters)]
    for _ in range(rounds):
        server, notices = MemoryServer(), Notices()
        current[:] = [make_connection(server, notices)]
        current[-1].open()
        together.wait(PATIENCE)
        current[-1].disconnect()
        together.wait(PATIENCE)
        assert server.link.sent[-1] == "0::"
        assert server.link.sent.count("0::") == 1
    for task in emitting:
        task.result()
    assert len(outcomes) == rounds * emitters


@pytest.mark.fronts
def test_f39_disconnecting_in_a_black_hole(connect, proxy, recorder, monkeypatch):
    monkeypatch.setattr("sioclient.threads.listener.CLOSE_TIMEOUT", 0.5)
    socket = connect(proxy.port, recorder)
    proxy.hold()
    Task(socket.disconnect).result()
    socket.disconnect()
    proxy.heal()
    assert told(recorder)[-2:] == ["disconnect", "close"]
    assert ended(socket) == "client"


@pytest.mark.fronts
def test_f39_disconnecting_while_coming_back_is_final(connect, recorder):
    with start("legacy.js") as server:
        socket = connect(server.port, recorder, reconnection_delay=0.05)
        port = server.port
    recorder.next("retry")
    Task(socket.disconnect).result()
    with start("legacy.js", port=port) as server, SocketIO("127.0.0.1", port) as watcher:
        assert watcher.call("sessions") == 1
        assert "reconnect" not in told(recorder)


PRELUDE = """
import gc, os, signal, sys
from sioclient import SocketIO
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
s = SocketIO("127.0.0.1", int(sys.argv[1]), transports=(sys.argv[2],))
"""


def run(program: str, port: int, transport: str, *, interrupt: bool = False) -> tuple[int, str, str]:
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", PRELUDE + program]
    with subprocess.Popen(
        [*command, str(port), transport], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            if interrupt:
                assert child.stdout.readline() == "ready\n"
                child.send_signal(signal.SIGINT)
            output, errors = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
    return child.returncode, output, errors


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
@pytest.mark.parametrize("work", ["s.wait()", "while True: s.emit('note', 1)"], ids=["waiting", "emitting"])
def test_f40_a_signal_handler_that_exits_ends_the_connection(legacy, transport, work):
    # A socket that Python was making when the signal came belongs to nobody yet; Python closes it, and says so.
    program = f"""
import warnings
warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
signal.signal(signal.SIGINT, lambda *args: sys.exit(3))
with s:
    print("ready", flush=True)
    {work}
"""
    status, _, errors = run(program, legacy, transport, interrupt=True)
    assert (status, errors) == (3, "")


STATES = {
    "up": "print('ready', flush=True)\n",
    "down": """
s.disconnect()
s = SocketIO("127.0.0.1", int(sys.argv[1]), transports=(sys.argv[2],), reconnection_delay=10)
s.on("retry", lambda *args: print("ready", flush=True))
s.emit("do cut")
""",
}
"""Programs after which a connection stands, or waits for its next attempt."""


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
@pytest.mark.parametrize("state", STATES)
def test_f40_ctrl_c_ends_wait(legacy, transport, state):
    with start("legacy.js") as server:
        status, _, errors = run(f"{STATES[state]}s.wait()", server.port, transport, interrupt=True)
    assert status in (-signal.SIGINT, 130)
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert "Exception ignored" not in errors


def test_f41_a_program_that_just_ends_tells_the_server(transport):
    with start("legacy.js") as server, SocketIO("127.0.0.1", server.port) as watcher:
        assert run("", server.port, transport) == (0, "", "")
        eventually(lambda: watcher.call("sessions") == 1)


def test_f42_a_forgotten_connection_ends_by_itself(transport, caplog):
    with start("legacy.js") as server, SocketIO("127.0.0.1", server.port) as watcher:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", ResourceWarning)
            forgotten = SocketIO("127.0.0.1", server.port, transports=(transport,))
            gone = weakref.ref(forgotten)
            del forgotten
            eventually(lambda: gc.collect() >= 0 and gone() is None)
            eventually(lambda: warned)
        eventually(lambda: watcher.call("sessions") == 1)
    assert ["was never disconnected: use it in a with block" in text for text in caplog.messages] == [True]


FORK = """
def refused(function, *args):
    try:
        function(*args)
    except RuntimeError as error:
        return "make a new SocketIO" in str(error)
    return False

child = os.fork()
if child == 0:
    verbs = [(s.emit, "echo", 1), (s.send, "x"), (s.call, "echo", 1), (s.wait, 1), (s.disconnect,)]
    verbs.append((s.connect, "/chat"))
    wrong = [number for number, (verb, *args) in enumerate(verbs) if not refused(verb, *args)]
    with SocketIO("127.0.0.1", int(sys.argv[1]), transports=(sys.argv[2],)) as own:
        assert own.call("echo", "child") == "child"
    assert not s.connected and not wrong, wrong
    del s, verbs
    gc.collect()
    sys.exit(7)  # the child's own end, with all that runs at exit
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert s.call("echo", "parent") == "parent"
print(s.call("sessions"))
s.disconnect()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_f43_a_forked_child_does_the_connection_no_harm(transport):
    with start("legacy.js") as server:
        assert run(FORK, server.port, transport) == (0, "1\n", "")


def test_f44_two_hundred_cycles_leave_nothing(transport):
    with start("legacy.js") as server, SocketIO("127.0.0.1", server.port) as watcher:
        SocketIO("127.0.0.1", server.port, transports=(transport,)).disconnect()  # what is loaded once is loaded now
        gc.collect()
        open_before, threads = descriptors(), threading.active_count()
        for _ in range(200):
            SocketIO("127.0.0.1", server.port, transports=(transport,)).disconnect()
        gc.collect()
        assert (descriptors(), threading.active_count()) == (open_before, threads)
        # The server has a second to take the last packet, which on a busy machine may be too short now and then.
        eventually(lambda: watcher.call("sessions") <= 3)


def test_f45_a_day_of_heartbeats_and_losses():
    """3,456 heartbeats and 144 losses, on a clock that is a number: nothing drifts, nothing is kept."""
    client, now, day = new_client(attempts=None, limit=10.0), 0.0, 86_400.0
    client.connect(now)
    heartbeats = losses = reconnects = 0
    next_loss = 600.0
    while now < day:
        if client.phase is Phase.CONNECTING:
            client.transport_opened(HANDSHAKE, "xhr-polling", now)  # without fences
            client.receive(["1::"], now)
        elif client.phase is Phase.WAITING:
            now = client.deadline()
            client.handle_timeout(now)
        elif now >= next_loss:
            next_loss += 600.0
            losses += 1
            client.transport_lost("gone", now)
        else:
            now = min(now + 5.0, next_loss, day)
            heartbeats += 1
            client.receive(["2::"], now)
            assert client.frames_to_send() == ["2::"]
            client.handle_timeout(now)
        reconnects += sum(type(notice).__name__ == "Reconnected" for notice in client.notices())
    assert losses in (143, 144)
    assert reconnects == losses
    assert heartbeats > 17_000
    assert (len(client.acks), len(client.outbox)) == (0, 0)


def test_f46_no_clock_that_can_be_set_decides_anything():
    """``time.time_ns`` stands in the query that keeps caches from responding; the command line prints the time."""
    root = Path(sioclient.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = f"{node.value.id}.{node.attr}"
                is_printed = path.parent.name == "cli" and name == "time.time"
                assert is_printed or name not in {"time.time", "datetime.now", "time.localtime", "time.gmtime"}, path


def test_f46_a_clock_that_jumps_changes_nothing(connect, hasty, recorder, monkeypatch):
    socket = connect(hasty, recorder, wait_for_connection=True)
    session = socket.session_id
    now = time.time()
    for jump in (86_400, -86_400):
        monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
        monkeypatch.setattr(time, "time_ns", lambda jump=jump: int(now + jump) * 10**9)
        assert socket.call("echo", jump) == jump
    socket.wait(0.5)
    assert socket.session_id == session
    assert "close" not in told(recorder)


@pytest.mark.fronts
def test_d3_an_emit_after_the_end_says_so(connect, legacy):
    socket = connect(legacy)
    socket.disconnect()
    for verb in (lambda: socket.emit("x"), lambda: socket.call("x"), lambda: socket.connect("/chat")):
        with pytest.raises(SocketIOError, match="ended"):
            verb()


@pytest.mark.parametrize("transport", ["xhr-polling"])
@pytest.mark.fronts
def test_d3_an_emit_waits_for_its_post_only_for_a_while(connect, monkeypatch):
    monkeypatch.setattr("sioclient.threads.connection.WRITE_TIMEOUT", 0.1)
    with Rogue() as rogue:
        socket = connect(rogue.port)
        session = rogue.next_session()
        session.takes_posts.clear()
        Task(socket.emit, "n", 0).result()
        eventually(lambda: session.sent, "the first POST")
        for number in range(1, 50):
            Task(socket.emit, "n", number).result()
        assert session.sent == ['5:::{"name":"n","args":[0]}']
        session.takes_posts.set()
        assert socket.call("anything") is None
        assert session.sent[:50] == [f'5:::{{"name":"n","args":[{number}]}}' for number in range(50)]


@pytest.mark.fronts
def test_d3_emits_in_a_black_hole_wait_in_the_buffer(connect, proxy, ledger):
    """As while the connection is away: nobody waits before the buffer is full."""
    account = ledger(connect(proxy.port))
    account.emit(120)  # so that the server has proven that it acknowledges fences
    account.wait_for_last()
    proxy.hold()
    longest = 0.0
    for _ in range(900):
        begun = time.monotonic()
        account.emit()
        longest = max(longest, time.monotonic() - begun)
    assert longest < 1
    proxy.heal()
    account.wait_for_last()
    account.check()


@pytest.mark.parametrize("transport", ["websocket"])
def test_d3_what_the_network_does_not_take_waits_in_the_buffer(connect, proxy, monkeypatch):
    """Nobody waits for a network that takes nothing while there is room in the buffer, however large the packets."""
    for limit in ("threads.connection.WRITE_TIMEOUT", "threads.writer.WRITE_TIMEOUT"):
        monkeypatch.setattr(f"sioclient.{limit}", PATIENCE)
    socket, echoed = connect(proxy.port), []
    socket.on("echoed", lambda number, text: echoed.append(number))
    session = socket.session_id
    proxy.hold()
    sent, longest = 0, 0.0
    while socket.stats.queued < 5:
        begun = time.monotonic()
        socket.emit("echo", sent, "x" * 100_000)
        longest = max(longest, time.monotonic() - begun)
        sent += 1
    assert longest < PATIENCE / 2
    assert socket.connected
    proxy.heal()
    eventually(lambda: len(echoed) == sent, "the echoes")
    assert echoed == list(range(sent))
    assert socket.session_id == session


@pytest.mark.parametrize("size", [100, 8_000_000])
def test_d3_no_emit_waits_while_its_packet_is_written(connect, proxy, monkeypatch, size):
    for limit in (
        "transports.stream.STALL_TIMEOUT",
        "threads.connection.WRITE_TIMEOUT",
        "threads.writer.WRITE_TIMEOUT",
    ):
        monkeypatch.setattr(f"sioclient.{limit}", PATIENCE)
    socket, taken = connect(proxy.port), []
    proxy.hold()
    begun = time.monotonic()
    socket.emit("take", 1, "x" * size, callback=taken.append)
    assert time.monotonic() - begun < PATIENCE / 2
    proxy.heal()
    eventually(lambda: taken == [1], "the acknowledgement")


@pytest.mark.parametrize("transport", ["xhr-polling"])
@pytest.mark.fronts
def test_d3_what_a_server_never_takes_survives_or_is_refused(connect, recorder, monkeypatch):
    monkeypatch.setattr("sioclient.threads.writer.WRITE_TIMEOUT", 0.1)
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder)
        session = rogue.next_session()
        session.takes_posts.clear()
        accepted = []

        def emit(number: int) -> None:
            socket.emit("n", number)
            accepted.append(f'5:::{{"name":"n","args":[{number}]}}')

        emit(0)
        eventually(lambda: session.sent, "the first POST")

        def flood() -> None:
            for number in range(1, 1100):
                emit(number)

        with pytest.raises(BufferFull, match="has taken nothing"):
            Task(flood).result()
        session.act(lambda peer: peer.reset())
        recorder.next("reconnect")
        assert socket.call("anything") is None
        assert session.sent == accepted[:1]
        assert rogue.next_session().sent[: len(accepted) - 1] == accepted[1:]
