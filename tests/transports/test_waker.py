"""What wakes a waiting thread, of both kinds."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator

import pytest

from sioclient.transports import waker
from sioclient.transports.waker import WakerEnd, make_waker
from tests.servers_py import descriptors

Ends = tuple[WakerEnd, WakerEnd]


@pytest.fixture(params=["eventfd", "socketpair"])
def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    if request.param == "socketpair":
        monkeypatch.setattr(waker, "_eventfd", None)
    elif waker._eventfd is None:
        pytest.skip("this system has no eventfd")
    pair = make_waker()
    yield pair
    for end in pair:
        end.close()


def is_readable(end: WakerEnd) -> bool:
    return bool(select.select([end], [], [], 0)[0])


def test_what_was_sent_any_number_of_times_is_received_at_once(ends: Ends) -> None:
    ours, theirs = ends
    assert not is_readable(theirs)
    for _ in range(10):
        ours.send(b"\0")
    assert is_readable(theirs)
    theirs.recv(4096)
    assert not is_readable(theirs)


def test_sending_to_what_is_closed_is_an_oserror(ends: Ends) -> None:
    for end in ends:
        end.close()
    with pytest.raises(OSError, match=r"closed|descriptor"):
        ends[0].send(b"\0")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="eventfd is Linux's")
def test_an_eventfd_is_one_descriptor() -> None:
    before = descriptors()
    ours, _ = make_waker()
    assert descriptors() == before + 1
    ours.close()
    assert descriptors() == before
