"""What is kept for an endpoint that is not joined yet."""

from __future__ import annotations

from typing import Any

import pytest

from sioclient.protocol import early as early_module
from sioclient.protocol.early import MOST_PACKETS, Early
from sioclient.protocol.packets import Error, Event, Json, Message


def test_packets_are_kept_in_order_and_handed_out_once() -> None:
    early, packets = Early(), [Message("a"), Event("b", [1]), Json({"c": [None]}), Error("d")]
    assert all(early.keep(packet) for packet in packets)
    assert len(early) == 4
    assert early.take() == packets
    assert (len(early), early.take()) == (0, [])


def test_there_are_no_more_than_a_thousand() -> None:
    early = Early()
    assert all(early.keep(Message("")) for _ in range(MOST_PACKETS))
    assert not early.keep(Message(""))
    early.take()
    assert early.keep(Message(""))


@pytest.mark.parametrize(
    "packet",
    [
        Message("x" * 100),
        Message(b"x" * 100),
        Event("x" * 100),
        Event("x", ["x" * 50, {"x" * 25: ["x" * 25]}]),
        Json([[[["x" * 100]]]]),
        Json([1] * 20),
    ],
)
def test_together_they_are_no_larger_than_a_limit(packet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_module, "MOST_CHARACTERS", 350)
    early = Early()
    assert early.keep(packet)
    while early.keep(packet):
        pass
    assert len(early) in (2, 3)
    early.take()
    assert early.keep(packet)


def test_what_is_just_as_large_as_the_limit_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_module, "MOST_CHARACTERS", 100)
    early = Early()
    for _ in range(2):
        assert early.keep(Message("x" * 100))
        assert early.keep(Message(""))
        assert not early.keep(Message("x"))
        early.take()


def test_nothing_is_too_deep() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert Early().keep(Json(deep))
