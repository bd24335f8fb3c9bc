"""Every conformance vector of the revisions 4 and 5 and of Engine.IO, as one test each; see vectors/README.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sioclient import errors
from sioclient.errors import ConnectError, RemoteProtocolError
from sioclient.protocol.packets import Ack, Connect, Disconnect, Error, Event, Malformed, Noop, Packet
from sioclient.protocol.revisions import Handshake, engine3, engine4, revision4, revision5
from sioclient.protocol.revisions.families import family

from .test_vectors import VECTORS, cases

OPENINGS = {4: revision4(), 5: revision5()}
ENGINES = {3: engine3, 4: engine4}


def load(name: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / f"{name}.json").read_text("ascii"), object_hook=_bytes)


def _bytes(value: dict[str, Any]) -> Any:
    return bytes.fromhex(value["$bytes"]) if set(value) == {"$bytes"} else value


def numbered(name: str, *directions: str) -> list[Any]:
    """Return a parameter for each vector of both revisions that goes in one of these directions."""
    return [
        pytest.param(number, *case.values, id=f"{number}-{case.id}")
        for number in OPENINGS
        for case in cases([v for v in load(f"{name}{number}") if v["direction"] in directions], "wire")
    ]


def packet_of(fields: dict[str, Any]) -> Packet:
    endpoint = fields["endpoint"]
    makers = {
        "connect": lambda: Connect(endpoint, fields["query"], data=fields["data"]),
        "disconnect": lambda: Disconnect(endpoint),
        "event": lambda: Event(fields["name"], fields["args"], endpoint, fields["id"], fields["id"] is not None),
        "ack": lambda: Ack(fields["id"], fields["args"], endpoint),
        "error": lambda: Error(fields["reason"], "", endpoint, fields["data"], final=True),
    }
    return makers[fields["type"]]()


def frames_of(number: int, vector: dict[str, Any]) -> list[str | bytes]:
    """Return the frames of a packet as Engine.IO carries them: in revision 3, bytes have their type before them."""
    attachments = [bytes.fromhex(text) for text in vector.get("attachments", [])]
    return ["4" + vector["wire"], *([b"\x04" + data for data in attachments] if number == 4 else attachments)]


@pytest.mark.parametrize(("number", "vector"), numbered("packets", "both", "decode"))
def test_decoding(number, vector):
    decode = OPENINGS[number].dialect.decoder()
    *incomplete, packet = decode(frames_of(number, vector))
    assert incomplete == [Noop()] * len(vector.get("attachments", []))
    assert repr(packet) == repr(packet_of(vector["packet"]))


@pytest.mark.parametrize(("number", "vector"), numbered("packets", "both", "encode"))
def test_encoding(number, vector):
    encoded = OPENINGS[number].dialect.encode(packet_of(vector["packet"]))
    frames = [encoded] if isinstance(encoded, str) else list(encoded)
    assert frames == frames_of(number, vector)


@pytest.mark.parametrize("number", OPENINGS)
@pytest.mark.parametrize("vector", cases(load("malformed4"), "what"))
def test_what_is_malformed(number, vector):
    decode = OPENINGS[number].dialect.decoder()
    malformed, following = decode(["4" + vector["wire"], '42["next"]'])
    assert isinstance(malformed, Malformed)
    assert following == Event("next")


@pytest.mark.parametrize("engine", ENGINES)
def test_decoding_a_payload(engine):
    for vector in load(f"engine_payloads{engine}"):
        frames = [frame for frame in vector["frames"] if frame != ""]
        assert ENGINES[engine].decode_payload(vector["body"]) == frames, vector


@pytest.mark.parametrize("engine", ENGINES)
def test_encoding_a_payload(engine):
    for vector in load(f"engine_payloads{engine}"):
        if vector["direction"] == "both":
            body = vector["body"].encode("latin-1") if vector.get("binary") else vector["body"]
            assert ENGINES[engine].body(vector["frames"]) == body, vector


@pytest.mark.parametrize("vector", cases(load("engine_malformed"), "body"))
def test_a_payload_that_is_malformed(vector):
    with pytest.raises(RemoteProtocolError, match="cannot be read"):
        ENGINES[vector["engine"]].decode_payload(vector["body"])


HANDSHAKES = load("engine_handshakes")


@pytest.mark.parametrize("vector", cases([v for v in HANDSHAKES if "parsed" in v], "body"))
def test_a_handshake(vector):
    opening, parsed = OPENINGS[vector["revision"]], dict(vector["parsed"])
    name = parsed.pop("family")
    handshake = opening.read_handshake(vector["status"], vector["body"])
    for listed in ("transports", "frames"):
        parsed[listed] = tuple(parsed[listed])
    assert handshake == Handshake(close_timeout=None, **parsed)
    assert family(vector["revision"], handshake.text, opening.dialect.servers) == name


@pytest.mark.parametrize("vector", cases([v for v in HANDSHAKES if "error" in v], "body"))
def test_a_handshake_that_fails(vector):
    kind = ConnectError if vector["error"] == "not_socketio" else getattr(errors, vector["error"])
    with pytest.raises(ConnectError) as caught:
        OPENINGS[vector["revision"]].read_handshake(vector["status"], vector["body"])
    assert type(caught.value) is kind
    assert not caught.value.retryable
