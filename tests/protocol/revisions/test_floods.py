"""Bodies of millions of packets that say next to nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sioclient.errors import RemoteProtocolError
from sioclient.protocol.framing import Frame
from sioclient.protocol.revisions import engine3, engine4, floods, payload1

ENCODE: dict[Any, Any] = {
    payload1: payload1.encode_payload,
    engine3: engine3.join,
    engine4: engine4.join,
}
IDLE = {payload1: ["2::", "8::"], engine3: ["2", "3", "6"], engine4: ["2", "3", "6"]}
GRAMMARS = pytest.mark.parametrize("grammar", ENCODE, ids=["revision 1", "Engine.IO 3", "Engine.IO 4"])

SIZE = 15 * 2**20
COUNT = 1000


def merged(frames: list[Frame], idle: list[str]) -> list[Frame]:
    """Return frames without those that only repeat the one before."""
    return [
        frame for frame, before in zip(frames, [None, *frames], strict=False) if frame != before or frame not in idle
    ]


@GRAMMARS
def test_millions_of_heartbeats_are_few_frames_and_take_no_time(grammar: Any) -> None:
    for idle in IDLE[grammar]:
        body = ENCODE[grammar]([idle] * 1000)
        body = (body + engine4.SEPARATOR if grammar is engine4 else body) * (SIZE // len(body.encode()))
        began = time.process_time()
        frames = grammar.decode_payload(body)
        assert time.process_time() - began < 1  # 9 s for Engine.IO 3 without that
        assert set(frames) == {idle}
        assert len(frames) < COUNT


def test_millions_of_heartbeats_as_bytes_are_few_frames_too() -> None:
    body = "\0\1\xff3" * (SIZE // 4)
    began = time.process_time()
    assert set(frames := engine3.decode_payload(body)) == {"3"}
    assert time.process_time() - began < 1
    assert len(frames) < COUNT


@GRAMMARS
@given(data=st.data())
def test_nothing_but_repeated_heartbeats_is_left_out(grammar: Any, data: st.DataObject) -> None:
    texts = [*IDLE[grammar], "4", "22", "3:::2::", "4" + "1:3" * 70, "3:::" + "\ufffd3\ufffd2::" * 70]
    runs = data.draw(
        st.lists(st.tuples(st.sampled_from(texts), st.sampled_from([1, 2, 63, 64, 65, 128, 200])), max_size=6)
    )
    frames = [text for text, count in runs for _ in range(count)]
    decoded = grammar.decode_payload(ENCODE[grammar](frames))
    assert merged(decoded, IDLE[grammar]) == merged(frames, IDLE[grammar])


@GRAMMARS
def test_a_few_heartbeats_are_all_there(grammar: Any) -> None:
    frames = [*IDLE[grammar] * 100, *[IDLE[grammar][0]] * 60]
    assert grammar.decode_payload(ENCODE[grammar](frames)) == frames


@GRAMMARS
def test_frames_of_a_body_are_limited_in_number(grammar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "MOST_FRAMES", 100)
    assert len(grammar.decode_payload(ENCODE[grammar](["4x"] * 100))) == 100
    with pytest.raises(RemoteProtocolError, match="more than 100 packets"):
        grammar.decode_payload(ENCODE[grammar](["4x"] * 101))
