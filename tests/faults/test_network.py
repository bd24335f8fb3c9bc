"""Rows 1 to 15 of the fault matrix: what networks and dying servers do, mostly to a real server behind a proxy."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from sioclient import ConnectionLost, NotConnected, SocketIO
from sioclient.transports import polling
from tests.conftest import Recorder, start
from tests.faults.conftest import HASTY, told
from tests.faults.proxy import Proxy
from tests.faults.rogue import Rogue
from tests.protocol.driver import DEAD_AFTER, open_client
from tests.servers_py import LIMIT, Server, Task, frame, switching, wait_until
from tests.waiting import eventually, joined

pytestmark = pytest.mark.usefixtures("no_thread_left")


@pytest.mark.fronts
def test_f01_a_server_killed_in_mid_stream_is_noticed(connect, recorder, ledger):
    with start("legacy.js") as server:
        socket = connect(server.port, recorder, max_reconnection_attempts=None)
        account, stop = ledger(socket), threading.Event()
        refused = []

        def emit() -> None:
            while not stop.is_set():
                try:
                    account.emit()
                except NotConnected as error:
                    refused.append(error)

        emitting = Task(emit)
        eventually(lambda: account.echoed)
        server.stop()
        eventually(lambda: "close" in told(recorder), "the loss")
        eventually(lambda: refused, "a full buffer")
        stop.set()
        emitting.result()
        assert [name for name in told(recorder) if name != "retry"][:5] == [
            "open",
            "connect",
            "hello",
            "disconnect",
            "close",
        ]
        assert told(recorder).count("disconnect") == 1
        account.check(complete=False)


@pytest.mark.fronts
def test_f02_a_server_that_is_back_gets_the_channels_first(connect, recorder):
    server = start("legacy.js")
    chat = Recorder()
    try:
        socket = connect(server.port, recorder)
        channel = socket.connect("/chat", chat)
        server.stop()
        recorder.next("close")
        for number in range(100):
            channel.emit("note", number)
        server = start("legacy.js", port=server.port)
        assert channel.call("notes") == list(range(100))
        assert recorder.next("reconnect")[0] == "reconnect"
        assert "reconnect" not in told(recorder)
        assert [name for name in told(chat) if name != "hello"] == ["connect", "disconnect", "connect"]
    finally:
        server.stop()


@pytest.mark.parametrize("end", [Proxy.reset, Proxy.end], ids=["RST", "FIN"])
@pytest.mark.fronts
def test_f03_an_end_without_a_word_is_a_loss_that_is_told(connect, proxy, recorder, transport, ledger, end):
    socket = connect(proxy.port, recorder)
    account = ledger(socket)
    account.emit(20)
    account.wait_for_last()
    end(proxy)
    if transport == "websocket":
        recorder.next("close")
    account.deliver()
    # Between two polls there is no connection that could be lost, and the session goes on.
    account.check(complete=transport == "websocket" or "close" not in told(recorder))
    assert told(recorder).count("disconnect") <= 1


@pytest.mark.parametrize("dead", [("up", "down"), ("down",)], ids=["both", "down"])
@pytest.mark.fronts
def test_f04_f05_a_black_hole_is_noticed_and_survived(connect, hasty_proxy, recorder, ledger, dead):
    socket = connect(hasty_proxy.port, recorder, connect_timeout=5, wait_for_connection=True)
    account = ledger(socket)
    account.emit(5)
    account.wait_for_last()
    hasty_proxy.hold(*dead)
    assert recorder.next("close", expect=5) == ("close", "heartbeat timeout")
    account.emit(5)
    hasty_proxy.heal()
    recorder.next("reconnect")
    account.wait_for_last()
    account.check()


@pytest.mark.fronts
def test_f04_attempts_to_connect_into_a_black_hole_end(connect, hasty_proxy, recorder):
    proxy = hasty_proxy
    socket = connect(proxy.port, recorder, connect_timeout=1)
    proxy.hold()
    proxy.reset()
    assert recorder.next("retry") == ("retry", 1)
    assert recorder.next("retry") == ("retry", 2)
    proxy.heal()
    recorder.next("reconnect")
    assert socket.call("echo", 1) == 1


def test_f04_a_silent_server_is_dead_exactly_at_its_time():
    client = open_client()
    assert client.deadline() <= DEAD_AFTER
    client.handle_timeout(DEAD_AFTER - 0.001)
    assert client.linked
    client.handle_timeout(DEAD_AFTER)
    assert not client.linked


@pytest.mark.fronts
def test_f06_what_never_reaches_the_server_is_noticed(connect, hasty_proxy, recorder, ledger):
    socket = connect(hasty_proxy.port, recorder, wait_for_connection=True)
    account = ledger(socket)
    hasty_proxy.hold("up")
    account.emit(5)
    recorder.next("close", expect=5)
    hasty_proxy.heal()
    recorder.next("reconnect")
    account.deliver()  # a busy machine may be long enough away for this server to give up once more
    account.check(complete=False)


@pytest.mark.fronts
def test_f06_more_than_the_network_takes_is_refused_in_the_end(connect, proxy, monkeypatch):
    for limit in (
        "transports.framestream.MOST_STALL",
        "transports.stream.STALL_TIMEOUT",
        "threads.writer.WRITE_TIMEOUT",
    ):
        monkeypatch.setattr(f"sioclient.{limit}", 0.3)
    socket = connect(proxy.port, reconnect=False)
    proxy.hold("up")

    def flood() -> None:
        for _ in range(400):
            socket.emit("note", "x" * 100_000)

    with pytest.raises(NotConnected):
        Task(flood).result()


@pytest.mark.fronts
def test_f07_outages_that_heal_in_time_change_nothing(connect, proxy, recorder, ledger):
    proxy.delay = 0.005
    socket = connect(proxy.port, recorder)
    account, session = ledger(socket), socket.session_id
    for _ in range(20):
        proxy.hold()
        emitting = Task(account.emit, 3)
        # Over polling, what is emitted waits for the response to the POST of before, if the outage has caught that.
        wait_until(lambda: proxy.waiting("up") or proxy.waiting("down"), "something is held on its way")
        proxy.heal()
        emitting.result()
    account.wait_for_last()
    account.check()
    assert socket.session_id == session
    assert "close" not in told(recorder)


def test_f08_any_packet_keeps_a_server_alive():
    client, now = open_client(), 0.0
    for _ in range(50):
        now += DEAD_AFTER * 0.9
        client.receive(["3:::data, and no heartbeat"], now)
        client.handle_timeout(now)
        client.frames_to_send()
    assert client.linked


def test_f09_a_server_silent_after_its_greeting_is_dead():
    client = open_client()
    now = 0.0
    while client.linked:
        now = client.deadline()
        client.handle_timeout(now)
    assert now == DEAD_AFTER


def test_f10_polls_without_a_response_become_no_storm(connect, recorder, transport, quick_polls):
    with Rogue(heartbeat=0.1, close=0.1) as rogue:
        connect(rogue.port, recorder)
        rogue.next_session()
        assert recorder.next("close", expect=5) == ("close", "heartbeat timeout")
        recorder.next("reconnect")
        assert len(rogue.requests) <= 6  # two handshakes, two transports, the polls that wait


def test_f10_polls_that_bring_nothing_become_no_storm(recorder, monkeypatch):
    """As when a websocket breaks right after its upgrade, and the server waits for it to take over: 2,089 a second."""
    monkeypatch.setattr(polling, "_HELD", LIMIT)  # on a slow machine, a poll may take as long as if it were held
    polls, in_flight, most = [], [], []

    def serve(peer):
        while True:
            request = peer.read_head()
            if request.header("Upgrade"):
                peer.send(switching(request) + b"\xff\xff\xff stray")
                return
            if request.raw.startswith(b"POST"):
                peer.read(int(request.header("Content-Length") or 0))
                posted.append(request)
                peer.reply("ok")
            elif "sid=" not in request.target:
                peer.reply('0{"sid":"a","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":60000}')
            else:
                in_flight.append(peer)
                most.append(len(in_flight))
                polls.append(peer)
                peer.server.ended.wait(0.01)
                in_flight.remove(peer)
                peer.reply(('40{"sid":"b"}', "6", "")[min(len(polls) - 1, 1 + len(polls) % 2)])

    posted = []
    with (
        Server(serve) as server,
        SocketIO("127.0.0.1", server.port, recorder, revision=5, transports=("xhr-polling", "websocket")) as socket,
    ):
        assert socket.transport_name == "xhr-polling"
        began = time.monotonic()
        socket.wait(2)
        assert len(polls) <= 1 + 5 + (time.monotonic() - began) + 1
        before = len(posted)
        socket.emit("x")
        eventually(lambda: len(posted) > before)
        assert max(most) == 1
        assert told(recorder) == ["open", "connect"]


@pytest.mark.fronts
def test_f11_a_forgotten_session_is_replaced(connect, recorder):
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder)
        for _ in range(3):
            session, before = rogue.next_session(), len(rogue.requests)
            session.push("7:::1+0")
            recorder.next("reconnect")
            assert len(rogue.requests) - before <= 5
        assert socket.call("anything") is None


@pytest.mark.fronts
def test_f11_a_server_that_restarts_between_two_polls(connect, recorder, ledger):
    server = start("legacy.js")
    try:
        with Proxy(server.port) as proxy:
            account = ledger(connect(proxy.port, recorder))
            account.emit()
            account.wait_for_last()
            before = proxy.accepted
            server.stop()
            server = start("legacy.js", port=server.port)
            recorder.next("reconnect")
            account.emit()
            account.wait_for_last()
            account.check()
            assert proxy.accepted - before <= 100  # at a delay of a hundredth of a second: no storm
    finally:
        server.stop()


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_f12_a_poll_that_gets_a_status_is_a_loss(connect, recorder, status):
    with Server(lambda peer: pytest.fail("somebody followed")) as elsewhere, Rogue() as rogue:
        socket = connect(rogue.port, recorder, transports=("xhr-polling",), headers={"X-Secret": "s"})
        session = rogue.next_session()
        session.act(lambda peer: peer.answer(status, b"", f"Location: {elsewhere.url()}"))
        assert str(status) in recorder.next("close")[1]
        recorder.next("reconnect")
        assert socket.call("anything") is None
        assert elsewhere.connections == 0


def test_f12_a_web_page_instead_of_packets_is_a_loss(connect, recorder):
    with Rogue() as rogue:
        socket = connect(rogue.port, recorder, transports=("xhr-polling",))
        rogue.next_session().act(lambda peer: peer.answer(200, b"<!DOCTYPE html><p>Please log in"))
        assert "a web page" in recorder.next("close")[1]
        recorder.next("reconnect")
        assert socket.call("anything") is None


def test_f13_polls_that_bring_nothing_lose_nothing(recorder, ledger):
    times = HASTY | {"heartbeat timeout": 20, "heartbeat interval": 8, "close timeout": 20, "polling duration": 0.05}
    with (
        start("legacy.js", socketio=times) as server,
        Proxy(server.port) as proxy,
        SocketIO("127.0.0.1", proxy.port, recorder, transports=("xhr-polling",)) as socket,
    ):
        account = ledger(socket)
        for _ in range(10):
            idle = proxy.passed
            wait_until(lambda idle=idle: proxy.passed > idle + 100, "an empty response")
            account.emit()
            account.wait_for_last()
        account.check()
        assert "close" not in told(recorder)


def test_f13_trickling_responses_lose_and_repeat_nothing(connect, proxy, recorder, ledger):
    account = ledger(connect(proxy.port, recorder))

    def trickle() -> bool:
        proxy.throttle("down", 9)
        return emitting.done and account.echoed == account.sent

    for _ in range(3):
        proxy.throttle("down", 0)
        emitting = Task(account.emit)
        eventually(trickle, "the echo, nine bytes at a time")
    account.check()
    assert "close" not in told(recorder)


def test_f14_there_are_never_two_polls_at_once(connect):
    with Rogue() as rogue:
        socket = connect(rogue.port, transports=("xhr-polling",))
        session = rogue.next_session()
        threads = [threading.Thread(target=lambda: [socket.call("x") for _ in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        joined(*threads)
        assert session.most_polls == 1
        assert session.polls > 20


@pytest.mark.fronts
def test_f15_a_frame_cut_anywhere_is_a_loss(connect, recorder, transport):
    texts = ["3:::one", '5:::{"name":"two","args":["' + "ü" * 70 + '"]}', "4:::[3]"]
    data = b"".join(frame(text) for text in texts)
    ends = list(itertools.accumulate(len(frame(text)) for text in texts))
    body = "".join(f"\ufffd{len(text)}\ufffd{text}" for text in texts).encode()

    def send_half(peer, cut):
        if transport == "websocket":
            peer.send(data[:cut])
        else:
            peer.answer(200, body[:cut], length=len(body))
        peer.end()

    with Rogue() as rogue:
        connect(rogue.port, recorder, reconnection_limit=0.01)
        for cut in range(0, min(len(data), len(body)), 3):
            rogue.next_session().act(lambda peer, cut=cut: send_half(peer, cut))
            heard = []
            while (entry := recorder.next())[0] != "close":
                heard.append(entry)
            whole = sum(end <= cut for end in ends) if transport == "websocket" else 0
            assert [entry[0] for entry in heard if entry[0] in ("message", "two")] == ["message", "two"][:whole]


@pytest.mark.fronts
def test_f31_what_waits_for_an_ack_hears_of_the_loss_once(connect, proxy, recorder):
    socket = connect(proxy.port, recorder)
    failed, acked = [], []
    for _ in range(50):
        socket.emit("never acknowledged", callback=acked.append, errback=failed.append)
    calling = Task(socket.call, "never acknowledged")
    calling.wait_until_blocked()
    while not calling.wait(1.0):  # between two polls, there is no connection that could be lost
        proxy.reset()
    with pytest.raises(ConnectionLost):
        calling.result()
    eventually(lambda: len(failed) == 50)
    recorder.next("reconnect")
    assert {type(error) for error in failed} == {ConnectionLost}
    assert acked == []
    assert socket.call("echo", 1) == 1
