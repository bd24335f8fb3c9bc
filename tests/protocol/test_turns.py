"""What later servers must not read together: a leave and a join, an event and a leave, a join and an event."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sioclient.errors import AckTimeout, BufferFull, ChannelError, ConnectionLost, NotConnected
from sioclient.protocol.client import ClientProtocol, Verdict
from sioclient.protocol.framing import Frame, Ping, Pong
from sioclient.protocol.notices import Connected, Dropped, JoinFailed, Unacknowledged
from sioclient.protocol.packets import Event
from sioclient.protocol.phases import Phase
from sioclient.protocol.revisions import Handshake, engine_alone, revision1, revision4, revision5
from sioclient.protocol.turns import PATIENCE

from .driver import away, connecting_client, event, joined, link, of

HANDSHAKE = Handshake("x", 45.0, None, ("websocket",), ping_interval=25.0)
JOINED, CHAT, REFUSED = '40{"sid":"s"}', '40/chat,{"sid":"t"}', '44/chat,{"message":"no"}'


@pytest.fixture
def client() -> ClientProtocol:
    """A client that is open, and joined to nothing but the default endpoint."""
    return opened()


def opened(transport: str = "websocket") -> ClientProtocol:
    client = connecting_client(opening=revision5())
    link(client, 0.0, JOINED, handshake=HANDSHAKE, transport=transport)
    client.frames_to_send()
    client.notices()
    return client


def join(client: ClientProtocol, now: float = 0.0, timeout: float | None = None):
    return client.join("/chat", "", timeout, now)


def join_chat(client: ClientProtocol) -> None:
    """Be joined, with everything taken that was sent and noticed."""
    join(client)
    assert client.frames_to_send() == ["40/chat,"]
    client.receive([CHAT], 0.0)
    client.notices()


def send(client: ClientProtocol, name: str, now: float = 0.0, **fields) -> Verdict:
    return client.push(event(name, endpoint="/chat", **fields), now, waiter="w")


def written(client: ClientProtocol) -> list[str]:
    """Return what is written, a ping as one word."""
    return ["ping" if isinstance(frame, Ping) else str(frame) for frame in client.frames_to_send()]


def pong(client: ClientProtocol, now: float = 0.0) -> list[str]:
    """Write, have the server reply to the ping at the end, and return what is written then."""
    frames: Sequence[Frame] = client.frames_to_send()
    assert isinstance(frames[-1], Ping)
    client.receive([Pong(frames[-1])], now)
    return [str(frame) for frame in frames[:-1]] + ["pong", *written(client)]


# A leave, then a join


def test_a_join_waits_until_the_server_has_read_the_leave(client):
    join_chat(client)
    client.leave(joined(client))
    join(client)
    assert pong(client) == ["41/chat,", "pong", "40/chat,"]
    client.receive([CHAT], 0.0)
    assert joined(client).state.name == "OPEN"


def test_nothing_waits_over_polling():
    client = opened("xhr-polling")
    join_chat(client)
    send(client, "a")
    client.leave(joined(client))
    join(client)
    assert client.frames_to_send() == ['42/chat,["a"]', "41/chat,", "40/chat,"]


def test_nothing_waits_in_revision_1():
    client = connecting_client(opening=revision1())
    link(client, 0.0, "1::", handshake=HANDSHAKE)
    join(client)
    send(client, "a")
    client.receive(["1::/chat"], 0.0)
    client.leave(joined(client))
    join(client)
    send(client, "b")
    sent = ["1::/chat", "a", "0::/chat", "1::/chat", "b"]
    assert [frame.split('"')[3] if "name" in frame else frame for frame in client.frames_to_send()] == sent


def test_nothing_waits_in_engine_io_alone():
    client = connecting_client(opening=engine_alone(4))
    link(client, 0.0, "0", handshake=HANDSHAKE)
    client.receive([Pong(b"sioclient 1")], 0.0)
    assert client.membership.turns is None
    assert client.phase is Phase.OPEN


def test_revision_4_takes_the_same_turns():
    client = connecting_client(opening=revision4())
    link(client, 0.0, "40", handshake=HANDSHAKE)
    join(client)
    client.receive(["40/chat"], 0.0)
    client.frames_to_send()
    client.leave(joined(client))
    join(client)
    assert pong(client) == ["41/chat,", "pong", "40/chat,"]


def test_rounds_follow_each_other_for_ever(client):
    join_chat(client)
    for _ in range(3):
        client.leave(joined(client))
        join(client)
        client.leave(joined(client))  # which was not asked for yet
        join(client)
        assert pong(client) == ["41/chat,", "pong", "40/chat,"]
        client.receive([CHAT], 0.0)
    assert client.membership.turns.deadline() is None


def test_the_pong_to_another_ping_proves_nothing(client):
    join_chat(client)
    client.leave(joined(client))
    join(client)
    client.frames_to_send()
    client.receive([Pong(b"sioclient 7")], 0.0)
    assert client.frames_to_send() == []


def test_a_name_that_nobody_joins_again_is_forgotten(client):
    join_chat(client)
    client.leave(joined(client))
    assert pong(client) == ["41/chat,", "pong"]
    join(client)
    assert client.frames_to_send() == ["40/chat,"]


def test_other_names_do_not_wait(client):
    join_chat(client)
    client.leave(joined(client))
    client.join("/news", "", None, 0.0)
    client.push(event("a"), 0.0)
    assert written(client) == ["41/chat,", "ping", "40/news,", '42["a"]']


def test_a_confirmation_of_what_was_not_asked_for_changes_nothing(client):
    join_chat(client)
    client.leave(joined(client))
    join(client)
    client.receive([CHAT], 0.0)
    assert of(Connected, client) == []
    assert pong(client) == ["41/chat,", "pong", "40/chat,"]


# An event, then a leave


def test_a_leave_waits_until_the_server_has_read_the_events_before(client):
    join_chat(client)
    send(client, "bye")
    client.leave(joined(client))
    join(client)
    assert pong(client) == ['42/chat,["bye"]', "pong", "41/chat,", "ping"]


def test_a_kick_that_crosses_a_leave_takes_its_place(client):
    join_chat(client)
    send(client, "bye")
    client.leave(joined(client))
    join(client)
    client.join("/news", "", None, 0.0)
    frames = client.frames_to_send()
    client.receive(["41/chat,"], 0.0)
    client.receive([Pong(frames[1])], 0.0)
    assert client.frames_to_send() == ["40/chat,"]
    assert of(JoinFailed, client) == []


def test_a_kick_of_one_name_is_none_of_another(client):
    for name in ("/chat", "/news"):
        client.join(name, "", None, 0.0)
        client.receive([f'40{name},{{"sid":"t"}}'], 0.0)
        client.push(event("bye", endpoint=name), 0.0)
    client.frames_to_send()
    for name in ("/chat", "/news"):
        client.leave(joined(client, name))
    pings = client.frames_to_send()
    client.receive(["41/chat,", *map(Pong, pings)], 0.0)
    assert written(client) == ["41/news,", "ping"]


# A join, then an event or a leave


def test_events_wait_for_the_confirmation(client):
    join(client)
    assert send(client, "a", id=1, wants_data=True) is Verdict.WRITE
    assert send(client, "b") is Verdict.WRITE
    assert client.push(event("c", endpoint="/chat"), 0.0, volatile=True) is Verdict.DROPPED
    client.push(event("d"), 0.0)
    assert client.frames_to_send() == ["40/chat,", '42["d"]']
    client.receive([CHAT], 0.0)
    assert client.frames_to_send() == ['42/chat,1["a"]', '42/chat,["b"]']


def test_events_of_one_endpoint_do_not_wait_for_another(client):
    join(client)
    client.join("/news", "", None, 0.0)
    send(client, "a")
    client.push(event("b", endpoint="/news"), 0.0)
    client.frames_to_send()
    client.receive(['40/news,{"sid":"t"}'], 0.0)
    assert client.frames_to_send() == ['42/news,["b"]']


def test_a_leave_waits_for_the_confirmation(client):
    join(client)
    client.leave(joined(client))
    assert client.frames_to_send() == ["40/chat,"]
    client.receive([CHAT], 0.0)
    assert of(Connected, client) == []
    join(client)
    assert pong(client) == ["41/chat,", "pong", "40/chat,"]


def test_a_leave_over_polling_waits_for_the_confirmation():
    client = opened("xhr-polling")
    join(client)
    client.leave(joined(client))
    join(client)
    assert client.frames_to_send() == ["40/chat,"]
    client.receive([CHAT], 0.0)
    assert client.frames_to_send() == ["41/chat,", "40/chat,"]


def test_what_was_left_and_is_refused_may_be_joined_at_once(client):
    join(client)
    client.leave(joined(client))
    join(client)
    client.frames_to_send()
    client.receive([REFUSED], 0.0)
    assert client.frames_to_send() == ["40/chat,"]
    assert of(JoinFailed, client) == []
    client.receive([REFUSED], 0.0)
    assert len(of(JoinFailed, client)) == 1


def test_what_is_confirmed_too_late_is_left(client):
    endpoint = join(client, 0.0, 1.0)
    client.frames_to_send()
    client.handle_timeout(1.0)
    assert "no reply" in str(endpoint.error)
    again = join(client, 2.0)
    assert client.frames_to_send() == []
    client.receive([CHAT], 3.0)
    assert pong(client, 3.0) == ["41/chat,", "pong", "40/chat,"]
    client.receive([CHAT], 3.0)
    assert again.state.name == "OPEN"


def test_a_join_that_waits_for_too_long_fails(client):
    join_chat(client)
    client.leave(joined(client))
    endpoint = join(client, 0.0, 1.0)
    send(client, "a", id=1, wants_data=True)
    client.handle_timeout(1.0)
    assert isinstance(endpoint.error, ChannelError)
    assert isinstance(of(Unacknowledged, client)[0].error, ConnectionLost)
    assert pong(client) == ["41/chat,", "pong"]  # and no join


def test_an_acknowledgement_may_time_out_before_the_join(client):
    join(client)
    client.push(event("a", endpoint="/chat", id=1, wants_data=True), 0.0, waiter="w", timeout=0.5)
    client.handle_timeout(0.6)
    assert isinstance(of(Unacknowledged, client)[0].error, AckTimeout)


def test_a_buffer_holds_no_more_than_it_may():
    client = connecting_client(opening=revision5(), buffer_size=2)
    link(client, 0.0, JOINED, handshake=HANDSHAKE)
    client.frames_to_send()
    join(client)
    client.frames_to_send()
    for _ in range(2):
        send(client, "a")
    with pytest.raises(BufferFull, match="'/chat' is not joined yet and 2 packets"):
        send(client, "a")


# Losses and ends


def test_what_waits_outlives_the_session(client):
    join_chat(client)
    client.leave(joined(client))
    join(client)
    send(client, "a", id=1, wants_data=True)
    client.frames_to_send()
    away(client, 1.0)
    client.handle_timeout(9.0)
    assert client.phase is Phase.CONNECTING
    link(client, 9.0, JOINED, handshake=HANDSHAKE)
    assert client.frames_to_send() == ["40", "40/chat,"]
    client.receive([CHAT], 9.0)
    assert client.frames_to_send() == ['42/chat,1["a"]']


def test_an_endpoint_left_while_it_is_restored_waits_too(client):
    join_chat(client)
    away(client, 1.0)
    client.handle_timeout(9.0)
    link(client, 9.0, JOINED, handshake=HANDSHAKE)
    assert client.frames_to_send() == ["40", "40/chat,"]
    client.leave(joined(client))
    join(client, 9.0)
    send(client, "a", 9.0)
    assert client.frames_to_send() == []
    client.receive([CHAT], 9.0)
    assert pong(client, 9.0) == ["41/chat,", "pong", "40/chat,"]
    client.receive([CHAT], 9.0)
    assert client.frames_to_send() == ['42/chat,["a"]']


def test_an_end_tells_of_what_waits(client):
    join_chat(client)
    client.leave(joined(client))
    join(client)
    send(client, "a", id=1, wants_data=True)
    send(client, "b")
    client.disconnect()
    assert written(client) == ["41/chat,", "ping"]
    notices = client.notices()
    (dropped,) = [notice for notice in notices if isinstance(notice, Dropped)]
    assert (dropped.count, dropped.example.problem) == (2, "the end came before their endpoints were joined")
    assert any(isinstance(notice, Unacknowledged) for notice in notices)
    with pytest.raises(NotConnected):
        send(client, "c")


def test_a_pong_after_the_end_changes_nothing(client):
    join_chat(client)
    client.leave(joined(client))
    (_, ping) = client.frames_to_send()
    away(client, 1.0)
    client.receive([Pong(ping)], 1.0)
    assert client.frames_to_send() == []


# Servers without pongs


def test_a_server_without_pongs_is_not_waited_for(client):
    join_chat(client)
    send(client, "bye")
    client.leave(joined(client))
    join(client)
    assert written(client) == ['42/chat,["bye"]', "ping"]
    assert client.deadline() == PATIENCE
    client.handle_timeout(PATIENCE - 0.1)
    assert client.frames_to_send() == []
    client.handle_timeout(PATIENCE)
    assert written(client) == ["41/chat,", "ping"]
    client.handle_timeout(2 * PATIENCE)
    assert client.frames_to_send() == ["40/chat,"]


def test_patience_does_not_count_while_nobody_reads(client):
    join_chat(client)
    client.leave(joined(client))
    join(client)
    client.frames_to_send()
    client.reading.pause(0.0)
    client.handle_timeout(20.0)
    assert client.frames_to_send() == []
    client.reading.resume(20.0)
    client.handle_timeout(20.0 + PATIENCE - 0.1)
    assert client.frames_to_send() == []
    client.handle_timeout(20.0 + PATIENCE)
    assert client.frames_to_send() == ["40/chat,"]


def test_events_of_the_one_that_was_left_are_not_for_the_next(client):
    join_chat(client)
    client.leave(joined(client))
    join(client)
    pong(client)
    client.receive(['42/chat,["late"]', CHAT, '42/chat,["news"]'], 0.0)
    assert [notice.name for notice in of(Event, client)] == ["news"]


def test_a_join_that_was_never_sent_is_left_without_a_word(client):
    join(client)
    client.leave(joined(client))
    client.leave(join(client))
    assert written(client) == ["40/chat,"]
    client.receive([CHAT], 0.0)
    assert pong(client) == ["41/chat,", "pong"]
    assert client.frames_to_send() == []
