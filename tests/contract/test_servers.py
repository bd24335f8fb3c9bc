"""One contract for every server and every transport: what a user may rely on, whatever is at the other end.

Where a server does otherwise, the table of the servers says so, with the reason; nothing else here knows their names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from urllib.request import urlopen

import pytest

from sioclient import AckTimeout, ChannelError, ConnectError, HandshakeRejected, NotConnected, SocketIO, SocketIOError
from tests.conftest import Recorder, start
from tests.proven import pairs
from tests.servers import SERVERS, Difference, Server
from tests.waiting import ended, eventually

ASTRAL = "ünïcode and \U0001f600 astral \U0001f601"

VALUES = [
    "",
    "with : colons + pluses % percent & ampersands \n newlines \r\n \0 and NUL",
    "a \"quoted\" 'text' \\ <script>_('x');</script>",
    ASTRAL,
    "\u2028\u2029\ufffd 1 \ufffd",
    0,
    -1.5,
    1e20,
    2**53,
    True,
    None,
    [],
    [1, [2, [3]]],
    [{"ünï": "\U0001f600"}],
    {"nested": {"list": [1, 2, {"x": None}]}},
]

pytestmark = [pytest.mark.usefixtures("no_thread_left"), pytest.mark.fronts]


@dataclass(frozen=True)
class Pair:
    """A server of the table that is running, and how to talk to it."""

    server: Server
    transport: str
    port: int

    def does(self, difference):
        """Return whether the server does this in its own way."""
        return difference in self.server.differences


@pytest.fixture(scope="module", params=pairs())
def pair(request):
    """Each pair in turn; the server runs for all the tests of its pair."""
    server, transport = request.param
    with start(server, authorize=True) as process:
        yield Pair(server, transport, process.port)


@pytest.fixture
def join(connect, pair):
    """Connect to the server of the pair."""
    return lambda *args, **options: connect(pair.port, *args, transports=(pair.transport,), **options)


@pytest.mark.parametrize("name", [name for name, server in SERVERS.items() if server.revision == 1])
def test_the_table_knows_the_server(name):
    server = SERVERS[name]
    with start(server) as process, urlopen(f"http://127.0.0.1:{process.port}/socket.io/1/") as response:
        announced = response.read().decode().split(":")[3].split(",")
    assert process.version.startswith(server.version)
    assert set(announced) == {*server.transports, *server.unusable}


@pytest.mark.parametrize("name", [name for name, server in SERVERS.items() if "websocket" in server.unusable])
def test_a_websocket_of_another_draft_is_no_connection(name):
    with start(SERVERS[name]) as process, pytest.raises(ConnectError, match="websocket"):
        SocketIO("127.0.0.1", process.port, transports=("websocket",))


def test_the_server_greets(pair, join, recorder):
    socket = join(recorder)
    assert [recorder.next() for _ in range(3)] == [("open", pair.transport), ("connect",), ("hello", {"a": 1})]
    assert (socket.connected, socket.transport_name, socket.revision) == (True, pair.transport, pair.server.revision)
    assert recorder.socket == socket


def test_what_the_handshake_carries(join):
    socket = join(params={"colour": "red wine"}, headers={"X-One": "1"})
    seen = socket.call("handshake")
    assert seen["query"]["colour"] == "red wine"
    assert seen["headers"]["x-one"] == "1"


def test_a_handshake_that_the_server_refuses(pair, join):
    expectations = (
        (Difference.EVERY_REFUSAL_IS_400, (400, 400)),
        (Difference.EVERY_REFUSAL_IS_403, (403, 403)),
        (Difference.REFUSES_WITH_401, (401, 500)),
    )
    statuses = next((statuses for difference, statuses in expectations if pair.does(difference)), (403, 500))
    if pair.transport == "websocket" and pair.does(Difference.REFUSED_UPGRADES_ARE_400):
        statuses = (400, 400)
    for token, expected in zip(("bad", "error"), statuses, strict=True):
        with pytest.raises(HandshakeRejected) as refused:
            join(params={"token": token})
        assert refused.value.status == expected


def test_every_value_survives_there_and_back(join):
    socket = join()
    for value in VALUES:
        assert socket.call("echo", value) == value
    assert socket.call("echo", *VALUES) == tuple(VALUES)
    assert socket.call("echo") is None


def test_events_without_an_acknowledgement(pair, join, recorder):
    socket = join(recorder)
    recorder.next("hello")
    for value in VALUES:
        socket.emit("echo", value)
        assert recorder.next() == ("echoed", value)
    socket.emit("do emit", ASTRAL, ASTRAL, 2, [ASTRAL])
    assert recorder.next() == (ASTRAL, ASTRAL, 2, [ASTRAL])
    socket.emit("do emit", "nothing")
    assert recorder.next() == (
        ("nothing", {}) if pair.does(Difference.NO_ARGUMENTS_ARE_AN_EMPTY_OBJECT) else ("nothing",)
    )


def test_an_empty_object(pair, join):
    expected = None if pair.does(Difference.AN_EMPTY_OBJECT_IS_NO_ARGUMENTS) else {}
    assert join().call("echo", {}) == expected


def test_messages_of_both_kinds(pair, join, recorder):
    socket = join(recorder)
    broken = [] if pair.does(Difference.LINE_BREAKS_LOSE_A_MESSAGE) else ["two\nlines", "\r\n", "\u2028\u2029"]
    for text in ("", ASTRAL, "with : colons + pluses", "\ufffd1\ufffd", *broken):
        socket.send(text)
        assert recorder.next("message") == ("message", None, f"re:{text}")
    for value in ({"a": [ASTRAL]}, [1, None], 7, [], {}):
        socket.send(value)
        assert recorder.next("message") == ("message", None, {"re": value})


def test_callbacks_get_the_values_of_the_acknowledgement(join, recorder):
    socket = join(recorder)
    socket.emit("echo", 1, ASTRAL, [None], callback=lambda *args: recorder.told.put(("callback", *args)))
    assert recorder.next("callback") == ("callback", 1, ASTRAL, [None])
    socket.emit("echo", "x", msgid=123)
    assert recorder.next("ack") == ("ack", 123, "echo", ["x"])


def test_acknowledgements_of_messages(pair, join, recorder):
    socket = join(recorder)
    for message in (ASTRAL, [1, {"a": ASTRAL}]):
        socket.send(message, callback=lambda *args: recorder.told.put(("callback", *args)))
        bare = pair.does(Difference.MESSAGES_ARE_ANSWERED_WITHOUT_DATA)
        assert recorder.next("callback") == (("callback",) if bare else ("callback", "got", message))


def test_an_event_that_nobody_acknowledges(pair, join):
    socket = join()
    if pair.does(Difference.EVERY_EVENT_IS_ANSWERED):
        assert socket.call("do nothing") is None
    else:
        with pytest.raises(AckTimeout):
            socket.call("do nothing", timeout=0.1)
    assert socket.call("echo", "still here") == "still here"


@pytest.mark.parametrize("asking", ["do ask", "do ask for data"])
def test_what_a_handler_returns_is_acknowledged(join, asking):
    class Obliging(Recorder):
        def on_please(self, number, text):
            assert text == ASTRAL
            return returned[number]

    returned = [None, "A+B : \U0001f600", ("A", "B"), [1], 1e20, {"x": [None]}]
    acks = [[], ["A+B : \U0001f600"], ["A", "B"], [[1]], [1e20], [{"x": [None]}]]
    handler = Obliging()
    socket = join(handler)
    for number, values in enumerate(acks):
        socket.emit(asking, "please", number, ASTRAL)
        assert handler.next("answer") == ("answer", values)


def test_the_ack_of_a_message(pair, join):
    class Obliging(Recorder):
        def on_message(self, id, message):
            super().on_message(id, message)
            return f"{message}?"

    handler = Obliging()
    join(handler).emit("do ask message", "really")
    assert handler.next("message")[2] == "really"
    bare = pair.does(Difference.MESSAGES_ARE_ANSWERED_WITHOUT_DATA)
    assert handler.next("answer") == ("answer", [] if bare else ["really?"])


def test_a_channel(join, recorder):
    main = Recorder()
    socket = join(main)
    main.next("hello")
    channel = socket.connect("/chat", recorder)
    assert [recorder.next() for _ in range(2)] == [("connect",), ("hello", {"a": 1})]
    assert channel.call("echo", ASTRAL, 2) == (ASTRAL, 2)
    channel.emit("echo", ASTRAL)
    assert recorder.next() == ("echoed", ASTRAL)
    channel.send(ASTRAL)
    assert recorder.next() == ("message", None, f"re:{ASTRAL}")
    channel.send([ASTRAL])
    assert recorder.next() == ("message", None, {"re": [ASTRAL]})
    assert socket.call("echo", 1) == 1
    assert main.told.empty()


def test_the_server_asks_on_a_channel(join):
    class Obliging(Recorder):
        def on_please(self, text):
            return text, "B"

    handler = Obliging()
    join().connect("/chat", handler).emit("do ask for data", "please", ASTRAL)
    assert handler.next("answer") == ("answer", [ASTRAL, "B"])


def test_a_channel_with_spaces_and_accents_and_a_query(pair, join):
    name = "/chat" if pair.does(Difference.NAMES_ARE_QUOTED) else "/a space+é"
    assert join().connect(name, query={"a": "b c"}).call("echo", 1) == 1


def test_a_channel_can_be_left_and_joined_again(join, recorder):
    socket = join()
    first = socket.connect("/chat", recorder)
    first.disconnect()
    recorder.next("disconnect")
    assert not first.connected
    second = socket.connect("/chat")
    assert second == first
    assert second.call("echo", 1) == 1
    assert socket.call("echo", 2) == 2


@pytest.mark.parametrize("endpoint", ["/refused", "/broken"])
def test_a_refused_channel(pair, join, recorder, endpoint):
    socket = join()
    if pair.does(Difference.REFUSED_CHANNEL_OPENS_FIRST):
        with suppress(ChannelError):  # both may have come before anybody looked
            socket.connect(endpoint, recorder)
        recorder.next("disconnect")
    else:
        with pytest.raises(ChannelError, match="refused"):
            socket.connect(endpoint)
    assert socket.channels == {}
    assert socket.call("echo", 1) == 1


def test_an_unknown_channel(pair, join):
    socket = join()
    why = "the server refused" if pair.does(Difference.UNKNOWN_CHANNELS_ARE_REFUSED) else "does the server have"
    with pytest.raises(ChannelError, match=why):
        socket.connect("/nosuch", timeout=0.2)
    assert socket.channels == {}
    assert socket.call("echo", 1) == 1


def test_a_mebibyte_there_and_back(pair, join, recorder):
    socket = join(recorder)
    plain, astral = "x" * 2**20, "\U0001f600" * 2**18
    assert socket.call("echo", plain) == plain
    assert socket.call("echo", astral) == astral
    if pair.transport == "websocket" or not pair.does(Difference.LONG_POSTS_SPLIT_CHARACTERS):
        socket.send(astral)
        # Not compared by assert itself, which would take minutes to describe a difference.
        equal = recorder.next("message")[2] == f"re:{astral}"
        assert equal


def test_the_order_of_events(join, recorder):
    socket = join(recorder)
    for number in range(300):
        socket.emit("note", number)
        if number % 100 == 99:
            socket.call("echo")
    assert socket.call("notes") == list(range(300))
    socket.emit("do burst", "n", 300)
    assert [recorder.next("n")[1] for _ in range(300)] == list(range(300))


@pytest.mark.fronts("threads")  # from another thread, each emit takes long: see tests/aio/test_contract.py
def test_a_plain_loop_arrives_whole(pair, join):
    socket, many = join(), 5000 if pair.transport == "websocket" else 500
    for number in range(many):
        socket.emit("note", number)
    assert socket.call("notes") == list(range(many))


def test_a_kick(join, recorder):
    socket = join(recorder)
    socket.emit("do kick")
    ended(socket)
    assert [recorder.next("disconnect"), recorder.next("close")] == [("disconnect",), ("close", "server")]
    with pytest.raises(NotConnected):
        socket.emit("x")


def test_a_kick_from_a_channel(pair, join, recorder):
    socket = join()
    channel = socket.connect("/chat", recorder)
    channel.emit("do kick")
    recorder.next("disconnect")
    assert not channel.connected
    if pair.does(Difference.KICK_FROM_A_CHANNEL_ENDS_ALL):
        ended(socket)
        assert not socket.connected
    else:
        assert socket.call("echo", 1) == 1


def test_the_server_notices_a_disconnection(join, recorder):
    watcher = join()
    before = watcher.call("sessions")
    socket = join(recorder)
    chat = Recorder()
    socket.connect("/chat", chat)
    assert watcher.call("sessions") == before + 1
    socket.disconnect()
    assert recorder.next("disconnect")
    assert chat.next("disconnect")
    assert recorder.next("close") == ("close", "client")
    eventually(lambda: watcher.call("sessions") == before, "the end of the session")


def test_a_connection_that_is_cut_comes_back_with_its_channels(pair, join, recorder):
    watcher, chat = join(), Recorder()
    socket = join(recorder, reconnection_delay=0.01)
    channel = socket.connect("/chat", chat)
    session, sessions = socket.session_id, watcher.call("sessions")
    socket.emit("do cut")
    recorder.next("reconnect")
    assert channel.call("echo", ASTRAL) == ASTRAL
    assert socket.call("echo", 1) == 1
    assert socket.session_id != session
    assert [entry[0] for entry in chat.told.queue] == ["connect", "hello", "disconnect", "connect", "hello"]
    if pair.transport == "websocket":  # a session without a poll lasts until the server's close time-out
        remains = pair.does(Difference.SESSION_OUTLIVES_WEBSOCKET)
        eventually(lambda: watcher.call("sessions") == sessions + remains, "the end of the first session")


@pytest.mark.fronts("threads")
def test_an_idle_connection_stays(pair, connect):
    def stays():
        socket = connect(process.port, transports=(pair.transport,), reconnect=False)
        with suppress(SocketIOError):
            socket.wait(2)  # what is shown here is the passing of time: two heartbeats and more, each with its pong
            return socket.call("echo", 1) == 1
        return False

    with start(pair.server, **pair.server.hasty) as process:
        # On a machine that stalls for a second, one may end; a client that does not reply loses each of them.
        assert any(stays() for _ in range(3))
