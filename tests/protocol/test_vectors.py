"""Every conformance vector of revision 1, as one test each; see vectors/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sioclient.errors import ConnectError, HandshakeRejected, LocalProtocolError, RemoteProtocolError, WrongRevision
from sioclient.protocol.lifecycle import Phase
from sioclient.protocol.notices import Dropped
from sioclient.protocol.packets import (
    Ack,
    Connect,
    Disconnect,
    Error,
    Event,
    Heartbeat,
    Json,
    Malformed,
    Message,
    Noop,
    Packet,
)
from sioclient.protocol.revisions import Handshake, revision1
from sioclient.protocol.revisions.jsonp1 import Scripts, decode_jsonp, encode_form
from sioclient.protocol.revisions.payload1 import decode_payload, encode_payload

from .driver import connecting_client, link, new_client, of, open_client

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
OPENING = revision1()
DIALECT = OPENING.dialect


def load(name: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / f"{name}.json").read_text("ascii"), object_hook=_number)


def _number(value: dict[str, Any]) -> Any:
    return float(value["$float"]) if set(value) == {"$float"} else value


def cases(vectors: list[dict[str, Any]], text: str) -> list[Any]:
    """Return a parameter for each vector, named by its text."""
    return [pytest.param(vector, id=_name(vector[text])) for vector in vectors]


def _name(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return ascii(text)[1:-1][:80] or "(empty)"


def packet_of(fields: dict[str, Any]) -> Packet:
    endpoint, asks = fields["endpoint"], (fields.get("id"), fields.get("ack") == "data")
    makers = {
        "disconnect": lambda: Disconnect(endpoint),
        "connect": lambda: Connect(endpoint, fields["qs"], *asks),
        "heartbeat": Heartbeat,
        "message": lambda: Message(fields["data"], endpoint, *asks),
        "json": lambda: Json(fields["data"], endpoint, *asks),
        "event": lambda: Event(fields["name"], fields["args"], endpoint, *asks),
        "ack": lambda: Ack(fields["ackId"], fields["args"], endpoint),
        "error": lambda: Error(fields["reason"], fields["advice"], endpoint),
        "noop": lambda: Noop(endpoint, *asks),
    }
    return makers[fields["type"]]()


# Packets

PACKETS = load("packets")


@pytest.mark.parametrize("vector", cases([v for v in PACKETS if v["direction"] != "encode"], "wire"))
def test_decoding(vector):
    # By repr: NaN is not equal to itself, and 1 is equal to True and 1.0.
    assert repr(DIALECT.decode(vector["wire"])) == repr(packet_of(vector["packet"]))


@pytest.mark.parametrize("vector", cases([v for v in PACKETS if v["direction"] != "decode"], "wire"))
def test_encoding(vector):
    assert DIALECT.encode(packet_of(vector["packet"])) == vector["wire"]


# Payloads

PAYLOADS = load("payloads")


@pytest.mark.parametrize("vector", cases([v for v in PAYLOADS if v["direction"] != "encode"], "body"))
def test_decoding_a_payload(vector):
    # Empty packets mean nothing, so the decoder leaves them out.
    assert decode_payload(vector["body"]) == [packet for packet in vector["packets"] if packet]


@pytest.mark.parametrize("vector", cases([v for v in PAYLOADS if v["direction"] != "decode"], "body"))
def test_encoding_a_payload(vector):
    assert encode_payload(vector["packets"]) == vector["body"]


# Handshakes

HANDSHAKES = load("handshakes")
REJECTED = {"unauthorized", "bad_origin", "server_error", "http", "not_found", "protocol_version", "unavailable"}
STATUS_IN_JSONP = {"unauthorized": 403, "bad_origin": 403, "server_error": 500}


def failed_handshakes(kinds: set[str]) -> list[Any]:
    return cases([v for v in HANDSHAKES if v["error"] and v["error"]["kind"] in kinds], "body")


@pytest.mark.parametrize("vector", cases([v for v in HANDSHAKES if v["parsed"]], "body"))
def test_a_handshake(vector):
    parsed = vector["parsed"]
    assert OPENING.read_handshake(vector["status"], vector["body"], vector["content_type"]) == Handshake(
        parsed["sid"],
        parsed["heartbeat_timeout"],
        parsed["close_timeout"],
        tuple(parsed["transports"]),
        vector["content_type"],
    )


@pytest.mark.parametrize("vector", failed_handshakes(REJECTED))
def test_a_handshake_that_is_refused(vector):
    with pytest.raises(HandshakeRejected) as caught:
        OPENING.read_handshake(vector["status"], vector["body"], vector["content_type"])
    status = vector["status"] if vector["status"] != 200 else STATUS_IN_JSONP[vector["error"]["kind"]]
    assert caught.value.status == status
    assert vector["error"].get("message", "") in str(caught.value)


@pytest.mark.parametrize("vector", failed_handshakes({"newer_generation"}))
def test_a_handshake_of_a_newer_generation(vector):
    with pytest.raises(WrongRevision, match=f"Engine.IO {vector['error'].get('engineio', '')}"):
        OPENING.read_handshake(vector["status"], vector["body"], vector["content_type"])


@pytest.mark.parametrize("vector", failed_handshakes({"not_a_handshake", "malformed"}))
def test_a_response_that_is_not_a_handshake(vector):
    with pytest.raises(ConnectError) as caught:
        OPENING.read_handshake(vector["status"], vector["body"], vector["content_type"])
    assert not isinstance(caught.value, HandshakeRejected | WrongRevision)
    assert not caught.value.retryable


def test_no_kind_of_failed_handshake_is_left_out():
    kinds = {vector["error"]["kind"] for vector in HANDSHAKES if vector["error"]}
    assert kinds == REJECTED | {"newer_generation", "not_a_handshake", "malformed"}


# JSONP

JSONP = load("jsonp")
# Both mean the same: the vector escapes all that it can, the client only what it must.
ESCAPED = {"d=%223%3A%3A%3A%5Cu00e9%22": "d=%223%3A%3A%3A%C3%A9%22"}


def jsonp(kind: str) -> list[dict[str, Any]]:
    return [vector for vector in JSONP if vector["kind"] == kind]


@pytest.mark.parametrize("vector", cases(jsonp("post_body"), "body"))
def test_a_jsonp_form(vector):
    body = ESCAPED.get(vector["body"], vector["body"])
    assert encode_form(vector["packet_payload"], as_json=True) == body


@pytest.mark.parametrize("vector", cases(jsonp("htmlfile_chunk"), "body"))
def test_a_script_of_a_page(vector):
    assert Scripts().feed(vector["body"].encode()) == vector["packets"]


def test_no_jsonp_vector_is_left_out():
    assert {vector["kind"] for vector in JSONP} == {"post_body", "htmlfile_chunk", "poll_response"}


@pytest.mark.parametrize("vector", cases(jsonp("poll_response"), "body"))
def test_a_jsonp_poll(vector):
    payload = decode_jsonp(vector["body"])
    assert payload == vector["payload"]
    frames = decode_payload(payload)
    assert [frame for frame in frames if not isinstance(DIALECT.decode(frame), Malformed)] == vector["packets"]


# What is malformed

MALFORMED = load("malformed")
# Bytes and websocket frames are read by the transports, and a jsonp_post by servers.
ELSEWHERE = {"payload_bytes", "websocket", "jsonp_post"}

# Good packets that this client has no use for.
UNWANTED = {'6::/chat:1+["x"]', "6:::1 (duplicate)", "1::/nosuch", "1:: (second time)"}

TOLERATED: dict[str, Packet] = {
    "3:+::hi": Message("hi"),
    '5:::{"name":"e","args":{"a":1}}': Event("e", [{"a": 1}]),
    '5:::{"name":"e","args":"s"}': Event("e", ["s"]),
    "4::": Json(None),
    "4:::1e400": Json(float("inf")),
    "6:::1+{bad": Ack(1),
    '6:::1+{"++]': Ack(1),
    "6:::1+": Ack(1),
    "7:::undefined": Error("undefined"),
    "7:::-1": Error("-1"),
    "7:::9+9": Error("9", "9"),
    "7:::2+0/chat": Error("unauthorized", "reconnect", "/chat"),
    "7::/chat:undefined": Error("undefined", "", "/chat"),
    "0": Disconnect(),
}
SESSION_ENDS = {"0"}
BEFORE_CONNECT = "packet before 1::"  # a situation, not a text


def malformed(where: str, *expected: str) -> list[dict[str, Any]]:
    return [vector for vector in MALFORMED if vector["where"] == where and vector["expected"] in expected]


@pytest.mark.parametrize("vector", cases(malformed("packet", "ignore"), "input"))
def test_a_packet_that_is_ignored(vector):
    frame = vector["input"].partition(" (")[0]
    client = open_client()
    client.receive([frame], 1.0)
    dropped = client.notices()
    assert client.phase is Phase.OPEN
    assert client.frames_to_send() == []
    if vector["input"] in UNWANTED:
        assert dropped == []
    else:
        assert dropped == [Dropped(1, DIALECT.decode(frame))]
        assert isinstance(DIALECT.decode(frame), Malformed)


@pytest.mark.parametrize("vector", cases(malformed("packet", "tolerate", "error"), "input"))
def test_a_packet_that_is_tolerated(vector):
    if vector["input"] == BEFORE_CONNECT:
        client = connecting_client()
        link(client, 0.0, "3:::early", "1::")
        assert of(Message, client) == [Message("early")]
        return
    assert DIALECT.decode(vector["input"]) == TOLERATED[vector["input"]]
    client = open_client()
    client.receive([vector["input"]], 1.0)
    assert (client.phase is Phase.OPEN) == (vector["input"] not in SESSION_ENDS)


@pytest.mark.parametrize("vector", cases(malformed("payload", "ignore"), "input"))
def test_a_payload_that_is_ignored(vector):
    frames = decode_payload(vector["input"])
    assert all(isinstance(DIALECT.decode(frame), Malformed) for frame in frames)


@pytest.mark.parametrize("vector", cases(malformed("payload", "tolerate"), "input"))
def test_a_payload_that_is_tolerated(vector):
    assert decode_payload(vector["input"]) == ["3:::x"]


@pytest.mark.parametrize("vector", cases(malformed("payload", "error"), "input"))
def test_a_payload_that_is_an_error(vector):
    with pytest.raises(RemoteProtocolError):
        decode_payload(vector["input"])


# A transport ignores an empty body, but it is not JSONP.
@pytest.mark.parametrize("vector", cases(malformed("jsonp_response", "ignore", "error"), "input"))
def test_a_jsonp_response_that_is_an_error(vector):
    with pytest.raises(RemoteProtocolError):
        decode_jsonp(vector["input"])


@pytest.mark.parametrize("vector", cases(malformed("encode", "error"), "input"))
def test_a_packet_that_cannot_be_sent(vector):
    packet = packet_of(vector["input"])
    if packet == Connect():  # a server sends it, so the codec writes it; a client has no way to
        client = new_client()
        with pytest.raises(LocalProtocolError):
            client.join("", "", None, 0.0)
        return
    with pytest.raises((LocalProtocolError, TypeError)):
        DIALECT.encode(packet)


def test_no_malformed_vector_is_left_out():
    tested = [
        *malformed("packet", "ignore", "tolerate", "error"),
        *malformed("payload", "ignore", "tolerate", "error"),
        *malformed("jsonp_response", "ignore", "error"),
        *malformed("encode", "error"),
    ]
    assert [vector for vector in MALFORMED if vector["where"] not in ELSEWHERE and vector not in tested] == []
    assert {vector["input"] for vector in malformed("packet", "tolerate", "error")} == {*TOLERATED, BEFORE_CONNECT}
    assert {vector["input"] for vector in malformed("packet", "ignore")} >= UNWANTED
