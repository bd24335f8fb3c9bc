"""What clients that were lost get when they come back: what is kept for how long, and two real clients."""

from __future__ import annotations

import json
import queue
import subprocess

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_plain

from sioclient.protocol.packets import Event, Message
from sioclient.protocol.revisions.packets5 import PacketCodec5
from sioclient.protocol.revisions.serving import serving5
from sioclient.server import SocketConnection, event
from sioclient.server import recovery as module
from sioclient.server.recovery import Recovery, read_offset, write_offset
from sioclient.server.settings import Settings
from tests.servers.node import HERE, MODULES, find_node
from tests.waiting import FAR, PATIENCE, eventually, taken

pytestmark = pytest.mark.usefixtures("no_thread_left")


class Holder:
    """The client of one session."""

    def __init__(self):
        self.states, self.ended = {}, False

    def is_open(self, endpoint):
        return not self.ended and endpoint in self.states

    def drop(self):
        self.ended = True


class World:
    """A recovery with a clock of its own."""

    def __init__(self, **settings):
        self.now, self.day, ids = 0.0, 1_700_000_000_000, iter(range(1000))
        self.recovery = Recovery(
            Settings(**{"recovery_time": 60, **settings}),
            serving5(),
            lambda: self.now,
            lambda: self.day,
            lambda: str(next(ids)),
        )

    def join(self, endpoint="", auth=None):
        self.holder = Holder()
        state, missed = self.recovery.join(self.holder, endpoint, auth)
        self.recovery.enter(state, None)
        return state, missed

    def lose(self, state):
        self.recovery.leave(state, is_lost=True)

    def keep(self, name, **whom):
        """Keep an event, and return its offset."""
        return json.loads(self.recovery.keep(Event(name, [], ""), **whom)[2:])[-1]

    def come_back(self, state, offset=None, endpoint=""):
        """Return the state of a client that comes back, and the names of what it missed."""
        again, missed = self.join(endpoint, {"pid": state.pid, **({} if offset is None else {"offset": offset})})
        return again, [json.loads(frames[2:])[0] for frames in missed or ()]


@pytest.fixture
def world():
    return World()


def test_offsets_are_such_as_socket_io_makes():
    number = 1_700_000_000_000
    assert read_offset(write_offset(number)) == number
    assert PacketCodec5  # whose reader knows an offset by its form
    assert write_offset(number)[0] in "MNOPQRSTUVWXYZ"
    assert [read_offset(text) for text in (None, 5, "", "x" * 8, "ünïcode", "0000001")] == [None] * 5 + [1]


def test_what_was_missed_comes_in_order_and_only_once(world):
    state, missed = world.join()
    assert missed is None
    offset = world.keep("seen", to=state)
    world.keep("own", to=state)
    world.lose(state)
    world.keep("to all")
    world.keep("to another", to=world.join()[0])
    world.keep("to all but this one", except_=state)
    again, missed = world.come_back(state, offset)
    assert again is state
    assert missed == ["own", "to all"]
    world.lose(state)
    assert world.come_back(state, world.keep("last"))[1] == []


def test_a_message_is_an_event_called_message(world):
    assert world.recovery.keep(Message("x"))[:16] == '42["message","x"'


def test_rooms_count_from_when_they_were_entered(world):
    state, _ = world.join()
    offset = world.keep("seen", to=state)
    world.keep("before", room="kitchen")
    world.recovery.enter(state, "kitchen")
    world.keep("after", room="kitchen")
    world.keep("elsewhere", room="cellar")
    world.lose(state)
    world.keep("away", room="kitchen")
    assert world.come_back(state, offset)[1] == ["after", "away"]
    assert "kitchen" in state.rooms


def test_a_client_that_saw_nothing_yet_is_recovered(world):
    world.keep("before it came")
    state, _ = world.join()
    world.keep("first")
    world.lose(state)
    assert world.come_back(state)[1] == ["first"]


def test_who_was_lost_again_before_it_was_accepted_misses_the_same(world):
    state, _ = world.join()
    world.lose(state)
    world.keep("missed")
    assert world.come_back(state)[1] == ["missed"]
    world.keep("in on_open", to=state)
    world.lose(state)
    assert world.come_back(state)[1] == ["missed", "in on_open"]


STRANGERS = [None, [], {}, {"pid": 5}, {"pid": "2"}, {"pid": "1", "offset": "x"}, {"pid": "1", "offset": "zzzzzzz"}]


def test_a_client_may_be_back_before_its_loss_is_noticed(world):
    state, _ = world.join()
    before = world.holder
    world.keep("missed")
    assert world.come_back(state) == (state, ["missed"])
    assert (before.ended, before.states) == (True, {})
    world.holder.ended = True  # it has left by itself, which was not handled yet
    assert world.come_back(state)[0] is not state


@pytest.mark.parametrize("auth", STRANGERS)
def test_whoever_is_not_known_is_new(world, auth):
    state, _ = world.join()
    world.lose(state)
    assert state.pid == "1"
    assert world.join("", auth)[0] is not state


def test_an_id_counts_on_its_endpoint_alone_and_once(world):
    state, _ = world.join("/chat")
    world.lose(state)
    assert world.join("", {"pid": state.pid})[0] is not state
    assert world.join("/chat", {"pid": state.pid})[0] is state
    world.holder.ended = True
    assert world.join("/chat", {"pid": state.pid})[0] is not state


def test_the_time_is_limited(world):
    late, early = world.join()[0], world.join()[0]
    world.lose(late)
    world.now = 30
    world.lose(early)
    world.now = 61
    assert world.join("", {"pid": late.pid})[0] is not late
    assert world.join("", {"pid": early.pid})[0] is early
    world.lose(early)
    world.now = 200
    world.lose(world.join()[0])
    assert len(world.recovery._lost) == 1


def test_what_is_old_is_forgotten_without_harm(world):
    state, _ = world.join()
    offset = world.keep("old", to=state)
    world.now = 60 + 25 + 60 + 1
    world.keep("new")
    assert (len(world.recovery._kept), len(state.own), state.size) == (1, 0, 0)
    world.lose(state)
    assert world.come_back(state, offset)[1] == ["new"]


def test_the_bytes_in_all_are_limited():
    world = World(max_recoverable=2000)
    state, other = world.join()[0], world.join()[0]
    offset = world.keep("first", to=state)
    for number in range(10):
        world.keep(f"event {number}")
    assert world.recovery._size <= 2000
    world.lose(state)
    assert world.join("", {"pid": state.pid, "offset": offset})[0] is not state
    recent = world.keep("recent")
    world.keep("last")
    world.lose(other)
    assert world.come_back(other, recent)[1] == ["last"]


def test_one_event_may_be_more_than_is_kept():
    world = World(max_recoverable=1)
    world.keep("large")
    assert not world.recovery._kept


def test_the_events_in_all_are_limited(world, monkeypatch):
    monkeypatch.setattr(module, "MOST_PACKETS", 3)
    for number in range(5):
        world.keep(str(number))
    assert len(world.recovery._kept) == 3


def test_what_is_kept_for_one_client_is_limited(world, monkeypatch):
    monkeypatch.setattr(module, "MOST_OWN", 2)
    state, other = world.join()[0], world.join()[0]
    offset = world.keep("0", to=state)
    for number in range(1, 4):
        world.keep(str(number), to=state)
    assert len(state.own) == 2
    world.lose(state)
    world.lose(other)
    assert world.join("", {"pid": state.pid, "offset": offset})[0] is not state
    assert world.join("", {"pid": other.pid})[0] is other
    world.now = 1000
    world.keep("all others are too old")
    assert (len(state.own), state.size, len(world.recovery._kept)) == (0, 0, 1)


def test_more_than_may_wait_for_a_client_is_not_sent_again():
    world = World(max_queued=1000)
    state, _ = world.join()
    world.lose(state)
    for number in range(10):
        world.keep(f"event {number}")
    assert world.join("", {"pid": state.pid})[0] is not state


def test_the_clients_that_are_remembered_are_limited():
    world = World(max_clients=2)
    states = [world.join()[0] for _ in range(3)]
    for state in states:
        world.lose(state)
    assert list(world.recovery._lost) == [state.pid for state in states[1:]]


class Desk(SocketConnection):
    told: queue.Queue

    def on_open(self, request):
        if request.get_argument("token") == "bad":
            return "no"
        self.told.put(("open", self, dict(request.auth)))
        if not self.recovered:
            self.join("kitchen")
            self.emit("welcome")
        else:
            self.emit("welcome back")
        return None

    @event
    def ready(self, *args):
        self.told.put(("ready", self, args))

    def on_close(self, reason):
        self.emit("too late")
        self.told.put((reason, self, ()))


@pytest.fixture
def told():
    Desk.told = queue.Queue()
    return Desk.told


@pytest.fixture
def server(own_socket_server, told):
    return own_socket_server(Desk, recovery_time=FAR, heartbeat_interval=FAR, heartbeat_timeout=FAR)


def lose(server, told, connection):
    """Cut a client off, and emit what it misses."""
    server.refuse(503)
    server.cut(connection)
    assert taken(told, wanted=lambda what: what[0] in ("socket end", "dropped"))[1] is connection

    def emit():
        server.router.broadcast("", "to all", 1)
        server.router.to("kitchen").emit("cook", b"\1")
        server.router.to("cellar").emit("nothing")
        server.router.to("kitchen").emit("volatile", volatile=True)

    server.call(emit)
    server.refuse(None)


EXPECTED = [["to all", 1], ["cook", b"\1"], ["welcome back"]]


@pytest.mark.parametrize("transport", ["websocket", "xhr-polling"])
def test_our_own_client(server, told, connect, transport):
    heard = queue.Queue()
    socket = connect(server.port, auth={"token": "mine"}, transports=(transport,), reconnection_delay=0.01)
    socket.on("*", lambda name, *args: heard.put([name, *args]))
    _, desk, auth = taken(told)
    assert auth == {"token": "mine"}
    assert not desk.recovered
    server.call(desk.emit, "seen", 5)
    assert taken(heard, wanted=lambda what: what[0] == "seen") == ["seen", 5]
    lose(server, told, desk)
    assert [taken(heard) for _ in EXPECTED] == EXPECTED
    _, again, auth = taken(told, wanted=lambda what: what[0] == "open")
    assert (again.recovered, auth) == (True, {"token": "mine"})
    eventually(lambda: socket.recovered)
    server.call(server.router.to("kitchen").emit, "still in the kitchen")
    assert taken(heard) == ["still in the kitchen"]
    server.call(again.leave, "kitchen")
    server.call(again.send, "text")
    assert taken(heard) == ["message", "text"]


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_the_javascript_client(server, told, transport):
    node = find_node()
    if node is None or not (MODULES / "socket.io-client-4").exists():
        pytest.skip("socket.io-client 4.x is not installed: run python -m tests.servers")
    command = [str(node.program), str(HERE / "recovering_client.js")]
    settings = json.dumps({"url": server.url, "transports": [transport]})
    with subprocess.Popen([*command, settings], stdout=subprocess.PIPE, text=True) as process:
        try:
            _, desk, (first,) = taken(told, wanted=lambda what: what[0] == "ready", expect=PATIENCE)
            lose(server, told, desk)
            _, again, (second,) = taken(told, wanted=lambda what: what[0] == "ready")
            server.call(again.emit, "end")
            said = [json.loads(line) for line in process.stdout]
        finally:
            process.kill()
    assert first == second
    for line in said:
        if line[0] != "connect":
            assert read_offset(line.pop())
    assert said == [
        ["connect", False],
        ["welcome"],
        ["to all", 1],
        ["cook", {"type": "Buffer", "data": [1]}],
        ["connect", True],
        ["welcome back"],
        ["end"],
    ]


def test_a_session_that_nobody_reads_any_more_is_replaced(server, told):
    url = f"{server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    with connect_plain(url) as first, connect_plain(url) as second:
        first.send('40{"token":"mine"}')
        frames = [first.recv(PATIENCE) for _ in range(3)]
        assert frames[2].startswith('42["welcome","')
        offset, joined = json.loads(frames[2][2:])[-1], json.loads(frames[1][2:])
        server.call(server.router.broadcast, "", "missed")
        second.send("40" + json.dumps({"pid": joined["pid"], "offset": offset}))
        assert second.recv(PATIENCE)[0] == "0"
        assert second.recv(PATIENCE).startswith('42["missed",')
        assert json.loads(second.recv(PATIENCE)[2:]) == joined
        assert second.recv(PATIENCE).startswith('42["welcome back",')
        assert first.recv(PATIENCE).startswith('42["missed",')
        with pytest.raises(ConnectionClosed):
            first.recv(PATIENCE)
        assert {taken(told)[0] for _ in range(3)} == {"open", "dropped"}
        server.call(server.router.to("kitchen").emit, "in the kitchen")
        assert second.recv(PATIENCE).startswith('42["in the kitchen",')


def test_who_is_refused_or_kicked_is_not_recovered(server, told, connect):
    socket = connect(server.port, auth={"token": "mine"}, revision=5, reconnection_delay=0.01)
    desk = taken(told)[1]
    server.call(desk.close)
    assert taken(told)[0] == "booted"
    assert server.call(lambda: dict(server.router._hub.recovery._lost)) == {}
    with pytest.raises(Exception, match="no"):
        connect(server.port, auth={"token": "bad"}, revision=5)
    socket.disconnect()


def test_older_clients_get_no_offsets(server, told, connect):
    heard = queue.Queue()
    socket = connect(server.port, revision=4)
    socket.on("*", lambda name, *args: heard.put([name, *args]))
    desk = taken(told)[1]
    server.call(desk.emit, "own", 1)
    server.call(server.router.broadcast, "", "to all", 2)
    assert taken(heard, wanted=lambda what: what[0] == "own") == ["own", 1]
    assert taken(heard) == ["to all", 2]
    server.call(desk.others.emit, "others")
    assert not desk.recovered
