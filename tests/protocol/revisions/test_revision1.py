from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import ConnectError, HandshakeRejected, LocalProtocolError, WrongRevision
from sioclient.protocol.framing import Ping, Pong
from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import Ack, Heartbeat, Json, Malformed, Message
from sioclient.protocol.revisions import Dialect1, Handshake, revision1
from sioclient.protocol.revisions.framing1 import JsonpFraming, PageFraming, PlainFraming

OPENING = revision1()
DIALECT = OPENING.dialect


def announced(body: str) -> Handshake:
    return OPENING.read_handshake(200, body)


def refusal(status: int, body: str = "") -> HandshakeRejected:
    with pytest.raises(HandshakeRejected) as caught:
        OPENING.read_handshake(status, body)
    assert caught.value.status == status
    return caught.value


def test_the_dialect_has_a_number_and_names_its_servers():
    assert DIALECT.number == 1
    assert "0.9" in DIALECT.servers


def test_paths_begin_with_the_resource():
    assert OPENING.requests("socket.io")[0].path == "/socket.io/1/"
    assert OPENING.requests("foo/bar")[0].path == "/foo/bar/1/"
    assert OPENING.transport_path("socket.io", "websocket", "ab-_1") == "/socket.io/1/websocket/ab-_1"
    assert OPENING.requests("socket.io")[1] == ("/socket.io/?EIO=4&transport=polling", {400, 404})


def test_the_path_of_jsonp_polling_has_a_number():
    assert OPENING.transport_path("socket.io", "jsonp-polling", "x") == "/socket.io/1/jsonp-polling/x?i=0"


def test_a_session_id_is_quoted_in_a_path():
    assert OPENING.transport_path("socket.io", "websocket", "a&b=c") == "/socket.io/1/websocket/a%26b%3Dc"


def test_the_dialect_has_the_codec_of_revision_1():
    assert DIALECT.encode(Heartbeat()) == "2::"
    assert DIALECT.decode("3:::x") == Message("x")


def test_the_json_module_of_the_user_is_used():
    class Loud:
        def dumps(self, obj):
            return '"dumped"'

        def loads(self, s):
            return "loaded"

    dialect = Dialect1(JsonText(Loud()))
    assert dialect.encode(Json(1)) == '4:::"dumped"'
    assert dialect.decode("4:::1") == Json("loaded")


def test_an_announcement_is_read():
    expected = Handshake("4d4f185e96a7b", 15.0, 10.0, ("websocket", "xhr-polling"))
    assert announced("4d4f185e96a7b:15:10:websocket,xhr-polling") == expected


def test_names_of_transports_may_have_spaces_and_gaps():
    assert announced("sid:1:1: websocket ,, xhr-polling,").transports == ("websocket", "xhr-polling")


@pytest.mark.parametrize(
    "session_id",
    ["", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\nb", "\xe9", "a" * 129, "{", '"a"', "'a'", ".", ".."],
)  # fmt: skip
def test_a_session_id_that_could_change_the_url_is_refused(session_id):
    with pytest.raises(ConnectError, match=r"not a Socket\.IO server") as caught:
        announced(f"{session_id}:60:60:websocket")
    assert not caught.value.retryable


def test_a_session_id_has_up_to_128_characters():
    assert announced("a" * 128 + ":60:60:").session_id == "a" * 128


@pytest.mark.parametrize("seconds", ["-1", "+1", "1e3", "nan", "inf", "86401", "100000", "\u0661", "1.", "1_0"])
@pytest.mark.parametrize("body", ["sid:{}:60:websocket", "sid:60:{}:websocket"])
def test_a_time_out_must_be_seconds_up_to_a_day(seconds, body):
    with pytest.raises(ConnectError, match=r"not a Socket\.IO server"):
        announced(body.format(seconds))


@pytest.mark.parametrize(("text", "seconds"), [("86400", 86400.0), ("0.5", 0.5), ("", None)])
def test_a_time_out_is_read(text, seconds):
    handshake = announced(f"sid:{text}:{text}:")
    assert (handshake.heartbeat_timeout, handshake.close_timeout) == (seconds, seconds)


@pytest.mark.parametrize("body", ['io.j[0]("sid:60:60:websocket");', "io.j[['0']]('sid:60:60:websocket');"])
def test_an_announcement_in_jsonp_is_read(body):
    assert announced(body) == Handshake("sid", 60.0, 60.0, ("websocket",))


@pytest.mark.parametrize(
    ("text", "status"),
    [("handshake unauthorized", 403), ("handshake bad origin", 403), ("handshake error", 500), ("whatever", 500)],
)
def test_a_refusal_in_jsonp_has_the_status_of_a_plain_one(text, status):
    with pytest.raises(HandshakeRejected, match=text) as caught:
        announced(f'io.j[4](new Error("{text}"));')
    assert (caught.value.status, caught.value.body) == (status, text)


@pytest.mark.parametrize("body", ["io.j[0](", "io.j[0](undefined);", "io.j[0]();", 'io.j[0](new Error("\n"));'])
def test_broken_jsonp_is_not_a_handshake(body):
    with pytest.raises(ConnectError, match=r"not a Socket\.IO server") as caught:
        announced(body)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "credentials"), (403, "origin"), (404, "resource="), (301, "redirects"), (399, "redirects"), (500, "log")],
)
def test_a_refusal_says_what_to_do(status, advice):
    assert advice in str(refusal(status, "the body"))


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (301, False),
        (400, False),
        (401, False),
        (403, False),
        (404, False),
        (408, True),
        (429, True),
        (500, True),
        (503, True),
    ],
)
def test_a_refusal_is_final_if_time_would_not_change_it(status, retryable):
    assert refusal(status).retryable is retryable


def test_a_refusal_quotes_only_the_beginning_of_the_body():
    error = refusal(500, "x" * 100_000)
    assert len(error.body) == 200
    assert len(str(error)) < 500


def test_a_refusal_with_a_good_body_is_a_refusal():
    refusal(500, "sid:60:60:websocket")


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ('0{"sid":"abc","pingInterval":25000}', "Engine.IO 4 (socket.io 3.x or 4.x)"),
        ('97:0{"sid":"abc","pingInterval":25000}2:40', "Engine.IO 3 (socket.io 1.x or 2.x)"),
        ('{"code":0,"message":"Transport unknown"}', "Engine.IO (socket.io 1.0 or later)"),
        ('{"code":5,"message":"Unsupported protocol version"}', "Engine.IO (socket.io 1.0 or later)"),
        ('"The client is using an unsupported version of the Socket.IO or Engine.IO protocols"', "1.0 or later"),
        ("The client is using an unsupported version of the Socket.IO or Engine.IO protocols", "1.0 or later"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_later_generation_is_named_and_so_is_the_client(status, body, seen):
    with pytest.raises(WrongRevision) as caught:
        OPENING.read_handshake(status, body)
    assert seen in str(caught.value)
    assert "socket.io 0.7 to 0.9" in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_a_binary_open_packet_of_engine_io_3_is_named(encoding):
    body = b'\x00\x09\x07\xff0{"sid":"abc"}'.decode(encoding, "replace")
    with pytest.raises(WrongRevision, match=r"Engine\.IO 3"):
        announced(body)


@pytest.mark.parametrize("body", ["", "sid", "sid:60", "Welcome to socket.io.", "<html>a:b:c</html>", "a:b:c:d"])
def test_a_body_without_a_handshake_is_not_socket_io(body):
    with pytest.raises(ConnectError, match="Check the host") as caught:
        announced(body)
    assert not isinstance(caught.value, HandshakeRejected | WrongRevision)
    assert not caught.value.retryable


@given(
    st.integers(100, 599),
    st.text()
    | st.text("io.j[0](\"');:{60,\ufeff\x00\xffnewError")
    | st.text("()\"'\\;newError sid:60\n").map("io.j[0]({});".format)
    | st.text("ab:0159.,/").map("sid:{}".format),
)
def test_no_response_raises_anything_but_a_connect_error(status, body):
    try:
        handshake = OPENING.read_handshake(status, body)
    except ConnectError:
        return
    assert status == 200
    assert handshake.session_id


def test_death_follows_the_larger_time_out_and_a_second():
    assert DIALECT.dead_after(Handshake("sid", 15.0, 25.0, ()), "websocket") == 26.0
    assert DIALECT.dead_after(Handshake("sid", 60.0, 25.0, ()), "websocket") == 61.0
    assert DIALECT.dead_after(Handshake("sid", 60.0, None, ()), "websocket") == 61.0


@pytest.mark.parametrize("transport", ["xhr-polling", "jsonp-polling"])
def test_silence_of_an_idle_poll_is_no_death(transport):
    assert DIALECT.dead_after(Handshake("sid", 6.0, 6.0, ()), transport) == 25.0
    assert DIALECT.dead_after(Handshake("sid", 60.0, 25.0, ()), transport) == 61.0
    assert DIALECT.dead_after(Handshake("sid", 6.0, 6.0, ()), "htmlfile") == 7.0


def test_heartbeats_come_at_half_the_time_out():
    assert DIALECT.heartbeat_every(Handshake("sid", 15.0, 25.0, ())) == 7.5


@pytest.mark.parametrize("timeout", [None, 0.0])
def test_without_heartbeats_silence_says_nothing(timeout):
    handshake = Handshake("sid", timeout, 25.0, ())
    assert DIALECT.heartbeat_every(handshake) is None
    assert DIALECT.dead_after(handshake, "websocket") is None


@pytest.mark.parametrize("session_id", ["B1SIjBHFbBGrJL8Eo2Wn", "1147268131116410573", "0" * 31, "g" * 32])
def test_a_fence_is_a_noop_with_an_id(session_id):
    reads_ahead = DIALECT.reads_ahead(Handshake(session_id, None, None, ()))
    assert DIALECT.fence(7, reads_ahead=reads_ahead) == "8:7::"


def test_a_fence_for_tornadio_is_a_ping():
    assert DIALECT.reads_ahead(Handshake("744eeef560942ece3b8b659bd8655a13", None, None, ()))
    (ping,) = DIALECT.fence(7, reads_ahead=True)
    assert (type(ping), ping) == (Ping, b"sioclient 7")
    assert DIALECT.decoder()([Pong(ping)]) == [Ack(7)]


@pytest.mark.parametrize("frame", [Pong(b"sioclient x"), Pong(b"sioclient "), Pong(b"sioclient " + b"9" * 20), b"7"])
def test_what_no_ping_of_ours_had_is_malformed(frame):
    assert type(DIALECT.decoder()([frame])[0]) is Malformed


def test_only_a_websocket_needs_a_fence():
    assert DIALECT.needs_fence("websocket")
    assert not DIALECT.needs_fence("xhr-polling")


@pytest.mark.parametrize(
    ("session_id", "counts", "reads_ahead"),
    [
        ("B1SIjBHFbBGrJL8Eo2Wn", True, False),
        ("-_SIjBHFbBGrJL8Eo2W-", True, False),
        ("1147268131116410573", False, False),
        ("744eeef560942ece3b8b659bd8655a13", False, True),
        ("362516429593", False, False),
    ],
)
def test_the_session_id_tells_who_may_count_bytes_or_read_ahead(session_id, counts, reads_ahead):
    handshake = Handshake(session_id, None, None, ())
    assert DIALECT.may_count_bytes(handshake) is counts
    assert DIALECT.reads_ahead(handshake) is reads_ahead


@pytest.mark.parametrize(
    ("transport", "offered", "posts"),
    [
        ("websocket", ("websocket", "xhr-polling"), "xhr-polling"),
        ("websocket", ("websocket", "xhr-polling", "jsonp-polling"), "jsonp-polling"),
        ("websocket", ("websocket", "jsonp-polling"), "jsonp-polling"),
        ("websocket", ("websocket",), None),
        ("websocket", (), None),
        ("htmlfile", ("htmlfile", "xhr-polling"), None),
    ],
)
def test_packets_may_be_posted_beside_a_websocket(transport, offered, posts):
    beside = DIALECT.posts_beside(transport, Handshake("B1SIjBHFbBGrJL8Eo2Wn", None, None, offered))
    assert (beside and beside.transport) == posts


@pytest.mark.parametrize("session_id", ["1147268131116410573", "744eeef560942ece3b8b659bd8655a13"])
def test_a_server_that_may_not_read_json_in_a_form_gets_none(session_id):
    """socket.io 0.8.5 and older lose it silently; from the next version on, one without JSON ends the server."""
    offered = "websocket", "xhr-polling", "jsonp-polling"
    assert DIALECT.posts_beside("websocket", Handshake(session_id, None, None, offered)).transport == "xhr-polling"
    assert DIALECT.posts_beside("websocket", Handshake(session_id, None, None, ("websocket", "jsonp-polling"))) is None


def test_only_a_text_that_tcp_cannot_cut_is_posted_without_a_form():
    offers = [
        Handshake("B1SIjBHFbBGrJL8Eo2Wn", None, None, ("websocket", name)) for name in ("xhr-polling", "jsonp-polling")
    ]
    plain, form = (DIALECT.posts_beside("websocket", offer) for offer in offers)
    assert (plain.longest_text, form.longest_text) == (125, inf)


def test_every_session_begins_with_a_handshake():
    assert OPENING.direct_path("socket.io", "websocket") is None
    assert OPENING.fallback_path("socket.io", '{"code":0,"message":"Transport unknown"}') is None
    assert OPENING.probe("websocket") is None
    assert OPENING.doubt(["1::"]) is None
    with pytest.raises(ConnectError, match="not a Socket"):
        OPENING.read_open_packet(["1::"])


def test_a_handshake_has_its_opening_and_dialect():
    handshake = announced("sid:60:60:websocket")
    assert (handshake.opening, handshake.dialect) == (OPENING, DIALECT)
    assert handshake.text == "sid:60:60:websocket"


def test_the_disconnect_packet_ends_a_session():
    assert DIALECT.disconnect_packets("websocket") == DIALECT.disconnect_packets("xhr-polling") == ("0::",)
    assert OPENING.close_packet is None


def test_the_default_endpoint_is_joined_unasked():
    assert not any((DIALECT.asks_to_join, DIALECT.has_parsers, DIALECT.heartbeats_unprompted, DIALECT.pongs_once))


def test_the_name_of_an_endpoint_cannot_hold_a_query():
    assert DIALECT.check_endpoint("/chat") == "/chat"
    with pytest.raises(LocalProtocolError, match="query="):
        DIALECT.check_endpoint("/chat?a=b")
    with pytest.raises(LocalProtocolError, match="colon"):
        DIALECT.check_endpoint("/a:b")


def test_one_decoder_serves_every_session():
    assert DIALECT.decoder()(["1::", "2::"]) == [DIALECT.decode("1::"), DIALECT.decode("2::")]


def test_each_transport_has_a_framing_of_its_own():
    handshake = announced("sid:60:60:websocket")
    untyped = OPENING.read_handshake(200, "sid:60:60:websocket", None)
    kinds = {name: type(OPENING.framing(name, handshake)) for name in OPENING.transports}
    assert kinds["htmlfile"] is PageFraming
    assert kinds["jsonp-polling"] is JsonpFraming
    assert kinds["xhr-polling"] is PlainFraming
    assert type(OPENING.framing("xhr-polling", None)) is PlainFraming
    assert OPENING.framing("jsonp-polling", handshake).encode_payload(["3:::x"]) == "d=%223%3A%3A%3Ax%22"
    assert OPENING.framing("jsonp-polling", untyped).encode_payload(["3:::x"]) == "d=3%3A%3A%3Ax"
