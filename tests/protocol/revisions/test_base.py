from __future__ import annotations

import pytest

from sioclient.protocol.revisions import (
    Handshake,
    HandshakeRequest,
    base,
    engine_alone,
    revision1,
    revision4,
    revision5,
)
from sioclient.protocol.revisions.unknown import UnknownOpening

KNOWN = [revision1(), revision4(), revision5(), engine_alone(3), engine_alone(4)]


def members(protocol: type) -> set[str]:
    return {name for kind in protocol.__mro__ for name in vars(kind) if not name.startswith("_")}


@pytest.mark.parametrize("opening", KNOWN)
def test_every_revision_has_an_opening_and_a_dialect(opening):
    assert members(base.KnownOpening) <= set(dir(opening))
    assert members(base.Dialect) <= set(dir(opening.dialect))


def test_the_unknown_opening_has_the_members_of_an_opening_and_no_others():
    assert members(UnknownOpening) == members(base.Opening)


def test_handshakes_are_equal_if_the_server_announced_the_same():
    bare = Handshake("sid", 10.0, 20.0, ("websocket",))
    opening = revision1()
    assert bare == Handshake("sid", 10.0, 20.0, ("websocket",), opening=opening, dialect=opening.dialect, text="sid:")
    assert bare != Handshake("sid", 10.0, 21.0, ("websocket",))
    assert "dialect" not in repr(bare)
    assert "opening" not in repr(bare)


def test_the_first_request_comes_after_nothing():
    assert HandshakeRequest("/socket.io/1/").after == frozenset()


@pytest.mark.parametrize(
    ("packet", "is_taken"), [("x" * 10**6, True), ("\u20ac" * 125, True), ("\u20ac" * 126, False), ((), True)]
)
def test_posts_take_a_text_that_is_ascii_or_short(packet, is_taken):
    assert base.Posts("xhr-polling", 500, 125).take(packet) is is_taken
    assert base.Posts("jsonp-polling", 500).take(packet)
