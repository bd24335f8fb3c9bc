"""2011 and today in one room: pages over the clients of 0.9 and 4.x of JavaScript, our page, a bot, and trio."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.test_page import driver
from tests.room.gather import gathered
from tests.room.pages import CLIENTS

__all__ = ["driver"]

PICTURE = Path(__file__).resolve().parent.parent.parent / "docs" / "room.png"

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not all(path.exists() for path in CLIENTS.values()), reason="run python -m tests.servers"),
]


def test_everybody_hears_everybody(driver):
    pytest.importorskip("trio")
    with gathered(driver) as room:
        assert room.revisions() == {"2011": 1, "ada": 1, "today": 5, "bot": 5, "trio": 5}
        room.converse()
        for window in room.windows:
            window.look()
            others = {member.name for member in room.everybody if member is not window}
            assert set(window.texts("#people li")) == {*others, f"{window.name} (you)"}
            assert window.complaints() == []


def test_the_picture_of_it_is_small():
    assert PICTURE.read_bytes()[:4] == b"\x89PNG"
    assert PICTURE.stat().st_size < 150_000
