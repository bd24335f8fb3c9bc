from __future__ import annotations

import pytest

from sioclient.protocol.revisions import engine3, engine4
from sioclient.protocol.revisions.engineframing import EngineFraming


def test_a_frame_that_ends_something_has_a_body_of_its_own():
    bodies = EngineFraming(engine4, None).bodies
    assert list(bodies(["4a", "4b", "41/chat,", "4c", "41", "1"])) == ["4a\x1e4b", "41/chat,", "4c", "41", "1"]
    assert list(bodies([b"41", b"1"])) == ["bNDE=\x1ebMQ=="]
    assert list(bodies([])) == []


def test_an_end_as_msgpack_has_a_body_of_its_own_too():
    end, event = b"\x82\xa4type\x01\xa3nsp\xa5/chat", b"\x83\xa4type\x02"
    assert len(list(EngineFraming(engine4, None).bodies([event, end, event, "1"]))) == 4
    assert len(list(EngineFraming(engine4, None).bodies([event, event]))) == 1
    text = '4{"type":1,"nsp":"/chat"}'
    assert list(EngineFraming(engine3, None).bodies(["4a", text])) == ["2:4a", f"{len(text)}:{text}"]


def test_no_body_has_more_frames_than_every_server_takes():
    bodies = list(EngineFraming(engine4, None).bodies(["42[1]", b"x"] * 20))
    assert [body.count("\x1e") + 1 for body in bodies] == [16, 16, 8]


@pytest.mark.parametrize("engine", [engine3, engine4])
def test_no_body_is_larger_than_the_server_allows(engine):
    framing = EngineFraming(engine, 100)
    sizes = [(1, 90), (2, 30), (3, 30), (4, 90), (5, 500), (6, 1)]
    bodies = list(framing.bodies([f"4{number}{'x' * size}" for number, size in sizes]))
    assert [len(framing.decode_payload(body)) for body in bodies] == [1, 2, 1, 1, 1]
    assert all(len(body) <= 100 for body in bodies if len(framing.decode_payload(body)) > 1)


def test_payloads_are_those_of_the_engine():
    framing = EngineFraming(engine4, None)
    assert framing.encode_payload(["2", "3"]) == "2\x1e3"
    assert framing.decode_payload("2\x1e3") == ["2", "3"]
    assert framing.content_type == "text/plain;charset=UTF-8"
