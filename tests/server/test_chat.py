"""The chat: names, texts and rooms."""

from __future__ import annotations

import pytest

from sioclient import SocketIO
from sioclient.server import chat
from sioclient.server.chat import Chat
from tests.conftest import Recorder


class Person(Recorder):
    def __init__(self, server, name=None):
        super().__init__()
        self.socket_io = SocketIO("127.0.0.1", server.port, self)
        if name is not None:
            assert self.socket_io.call("nickname", name) is False

    def says(self, text):
        self.socket_io.emit("user message", text)

    def all_until(self, *last):
        """Return everything that is heard up to the last."""
        told = []
        while last not in told:
            told.append(self.next())
        return told

    def hears(self, name):
        return self.next(name)[1:]


@pytest.fixture
def enter(socket_server):
    server, people = socket_server(Chat), []

    def enter(name=None):
        people.append(Person(server, name))
        return people[-1]

    yield enter
    for person in people:
        person.socket_io.disconnect()


def test_a_conversation(enter):
    ada = enter("ada")
    assert ada.hears("nicknames") == ({},)
    assert ada.hears("joined") == ("ada",)
    grace = enter("grace")
    assert grace.hears("nicknames") == ({"ada": "ada"},)
    assert ada.hears("announcement") == ("grace connected",)
    assert ada.hears("joined") == ("grace",)
    assert grace.socket_io.call("user message", "hello\n<b>you</b>") is True
    assert ada.hears("msg to room") == ("grace", "hello\n<b>you</b>")
    assert grace.socket_io.call("nickname", "amazing grace") is False
    assert ada.hears("announcement") == ("grace is now amazing grace",)
    assert ada.hears("renamed") == ("grace", "amazing grace")
    grace.socket_io.disconnect()
    assert ada.hears("announcement") == ("amazing grace disconnected",)
    assert ada.hears("left") == ("amazing grace",)


TAKEN = (True, "somebody here has this name already")
UNSEEN = (True, "a name needs something that can be seen")


@pytest.mark.parametrize("taken", ["ada", " ada\x07", "a\u200bda", "ADA", "\uff41\uff44\uff41", "ad\u3164a"])
def test_a_name_that_looks_like_another_is_taken(enter, taken):
    enter("ada")
    assert enter().socket_io.call("nickname", taken) == TAKEN


@pytest.mark.parametrize("name", ["", "\x1b", "\n", " \u200b ", "\u3164\u3164", "\u2800", "\u0301", "\u00ad"])
def test_a_name_of_which_nothing_is_seen_is_refused(enter, name):
    assert enter().socket_io.call("nickname", name) == UNSEEN


def test_a_name_may_be_a_number_and_may_change(enter):
    ada, other = enter("ada"), enter()
    assert other.socket_io.call("nickname", 7) is False
    assert ada.hears("announcement") == ("7 connected",)
    assert other.socket_io.call("nickname", "se\nven") is False
    assert ada.hears("announcement") == ("7 is now se ven",)
    assert other.socket_io.call("nickname", "se ven") is False


def test_s15_a_change_of_name_costs_a_name_for_each_member(enter):
    """A list of all for all was 785 MB to 250 members, for eighteen kilobytes."""
    ada, grace = enter("ada"), enter("grace")
    for number in range(5):
        assert grace.socket_io.call("nickname", f"grace {number}") is False
    told = ada.all_until("renamed", "grace 3", "grace 4")
    assert [args for name, *args in told if name == "nicknames"] == [[{}]]


def test_s15_names_rooms_and_texts_are_bound_by_rate(enter, monkeypatch):
    monkeypatch.setattr(chat, "MOVES", (0.001, 3))
    monkeypatch.setattr(chat, "TEXTS", (0.001, 2))
    ada, grace = enter("ada"), enter("grace")
    assert grace.socket_io.call("nickname", "2nd") is False
    assert grace.socket_io.call("join", "kitchen") is True
    assert grace.socket_io.call("nickname", "4th") == (True, chat.TOO_FAST)
    assert grace.socket_io.call("join", "lobby") is False
    assert grace.hears("announcement") == (chat.TOO_FAST,)
    assert [ada.socket_io.call("user message", text) for text in ("one", "two", "three")] == [True, True, False]
    ada.all_until("announcement", f"{chat.TOO_FAST}; this was not said: three")


def test_texts_without_a_name_or_a_letter_are_dropped(enter):
    ada, quiet = enter("ada"), enter()
    quiet.says("nobody hears this")
    assert quiet.socket_io.call("nickname", "late") is False
    quiet.says("\x00 ")
    quiet.says("now")
    assert ada.hears("msg to room") == ("late", "now")


def test_rooms(enter):
    ada, grace = enter("ada"), enter("grace")
    assert ada.hears("announcement") == ("grace connected",)
    assert grace.socket_io.call("join", "kitchen") is True
    assert ada.hears("announcement") == ("grace went to another room",)
    assert ada.hears("left") == ("grace",)
    grace.says("nobody here")
    ada.says("nobody there")
    ada.socket_io.call("join", "kitchen")
    assert ada.hears("nicknames") == ({"grace": "grace", "ada": "ada"},)
    assert grace.hears("announcement") == ("ada came in",)
    assert grace.hears("joined") == ("ada",)
    ada.socket_io.call("join", "kitchen")
    ada.says("now you hear me")
    assert grace.hears("msg to room") == ("ada", "now you hear me")
    ada.socket_io.call("join", "")
    assert grace.hears("announcement") == ("ada went to another room",)


def test_a_member_without_a_name_causes_no_announcement(enter):
    ada, ghost = enter("ada"), enter()
    ghost.socket_io.call("join", "kitchen")
    ghost.socket_io.call("join", "lobby")
    ghost.socket_io.disconnect()
    enter("grace")
    assert ada.hears("announcement") == ("grace connected",)
