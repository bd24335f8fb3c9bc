from __future__ import annotations

import pytest

from sioclient.errors import ConnectError
from sioclient.protocol.revisions import responses


@pytest.mark.parametrize("text", ["B1SIjBHFbBGrJL8Eo2Wn", "254751301858362052", "a-_.~", "x" * 128, "..."])
def test_a_session_id_that_is_safe_in_a_url(text):
    assert responses.is_session_id(text)


@pytest.mark.parametrize(
    "text", ["", "x" * 129, "a/b", "a?b", "a#b", "a%b", "a b", "a\n", "\u00e9", ".", "..", "a{", None, 5]
)
def test_a_session_id_that_is_not_safe_in_a_url(text):
    assert not responses.is_session_id(text)


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ('0{"sid":"x"}', "4"),
        ('97:0{"sid"', "3"),
        ('\0\t\7\xff0{"sid"', "3"),
        ('\0\t\7\ufffd0{"sid"', "3"),
        ("sid:60:60:websocket", None),
        ("", None),
        ("0", None),
    ],
)
def test_an_open_packet_shows_the_revision_of_engine_io(text, engine):
    assert responses.engine_revision(text) == engine


def test_refusals_of_engine_io_are_told_apart():
    unsupported = '{"code":5,"message":"Unsupported protocol version"}'
    python = '"The client is using an unsupported version of the Socket.IO or Engine.IO protocols"'
    unknown = '{"code":0,"message":"Transport unknown"}'
    assert responses.is_unsupported(unsupported)
    assert responses.is_unsupported(python)
    assert not responses.is_unsupported(unknown)
    assert all(map(responses.is_engine_refusal, (unsupported, python, unknown)))
    assert not responses.is_engine_refusal("Cannot GET")
    assert responses.lacks_transport(unknown)
    assert responses.lacks_transport('"Invalid transport"')
    assert responses.lacks_transport("Transport unknown")
    assert responses.is_unsupported("Unsupported protocol version")
    assert all(map(responses.is_engine_refusal, ("Transport unknown", "Session ID unknown", '"Invalid transport"')))
    assert not responses.is_engine_refusal("Session ID unknown to this page")
    assert not responses.lacks_transport(unsupported)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Welcome to socket.io.", True),
        ("sid:60:60:websocket,htmlfile", True),
        ("sid:::", True),
        ("hello", False),
        ("a:b:c", False),
    ],
)
def test_responses_of_revision_1_are_recognized(text, is_one):
    assert responses.is_revision_1(text) is is_one


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "auth="), (404, "resource="), (302, "redirects"), (500, "its log")]
)
def test_a_refusal_says_what_to_do(status, advice):
    error = responses.rejected(status, "x" * 300)
    assert advice in str(error)
    assert error.status == status
    assert len(str(error)) < 400


@pytest.mark.parametrize("message", ['{"type":0,"nsp":"/"}', b"\x82\xa4type\x00\xa3nsp\xa1/", b"\x85\xa4type\x06"])
def test_a_parser_for_msgpack_is_recognized(message):
    assert responses.is_msgpack(message)
    error = responses.other_parser(message * 100, has_msgpack=True)
    assert "give parser='msgpack'" in str(error)
    assert len(str(error)) < 1000
    assert not error.retryable


@pytest.mark.parametrize("message", ["0", '{"sid":"x"}', "", b"", b"\x80", b"\x82\xa4name\x00", b"\x82\xa4type\x07"])
def test_other_messages_are_not_msgpack(message):
    assert not responses.is_msgpack(message)
    assert "leave parser= out" in str(responses.other_parser(message, has_msgpack=False))


def test_an_error_names_both_sides():
    error = responses.wrong_revision("3", "revision 5", "97:0{" + "x" * 300)
    assert "Engine.IO 3 (socket.io 1.x or 2.x)" in str(error)
    assert "revision 5" in str(error)
    assert "The server sent '97:0{xx" in str(error)
    assert len(str(error)) < 500
    assert not error.retryable
    assert not responses.not_socketio("x").retryable


@pytest.mark.parametrize(
    "text",
    [
        "<title>400 The plain HTTP request was sent to HTTPS port</title>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "You're speaking plain HTTP to an SSL-enabled server port.",
    ],
)
def test_a_port_for_https_is_named(text):
    assert str(responses.rejected(400, text)).endswith("begin the URL with https://, or give secure=True")


@pytest.mark.parametrize(
    ("text", "wanted", "says"),
    [
        (
            "Transport unknown",
            "websocket",
            "status 400, 'Transport unknown': it offers no websocket, only xhr",
        ),
        ('{"code":0,', "xhr-polling", "it offers no xhr-polling, only websocket: see transports="),
        ('{"code":0,"message":"Transport unknown"}', "", "its log should say why"),
        ('{"code":3,"message":"Bad request"}', "websocket", "such as a proxy, lets no websocket through"),
        ('{"code":3,"message":"Bad request"}', "xhr-polling", "its log should say why"),
        ("no", "websocket", "its log should say why"),
    ],
)
def test_a_refusal_names_the_transport(text, wanted, says):
    assert says in str(responses.rejected(400, text, wanted))


def refused(status):
    return responses.rejected(status, "no")


@pytest.mark.parametrize(
    ("websocket", "is_handshake"),
    [(refused(403), False), (refused(404), True), (refused(200), True), (ConnectError("closed"), True)],
)
def test_the_clearer_of_two_failures_is_shown(websocket, is_handshake):
    handshake = refused(500)
    shown = responses.clearer(websocket, handshake)
    assert shown is (handshake if is_handshake else websocket)
    assert (f"Before that, no websocket of a later generation opened: {websocket}" in str(shown)) is is_handshake
