"""The chat: names, texts and rooms."""

from __future__ import annotations

import pytest

from sioclient import SocketIO
from sioclient.server.chat import Chat, tidy
from tests.conftest import Recorder


class Person(Recorder):
    def __init__(self, server, name=None):
        super().__init__()
        self.socket_io = SocketIO("127.0.0.1", server.port, self)
        if name is not None:
            assert self.socket_io.call("nickname", name) is False

    def says(self, text):
        self.socket_io.emit("user message", text)

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
    assert [ada.hears("nicknames")[0] for _ in range(2)] == [{}, {"ada": "ada"}]
    grace = enter("grace")
    assert ada.hears("announcement") == ("grace connected",)
    assert ada.hears("nicknames") == ({"ada": "ada", "grace": "grace"},)
    grace.says("hello\n<b>you</b>")
    assert ada.hears("msg to room") == ("grace", "hello\n<b>you</b>")
    grace.socket_io.disconnect()
    assert ada.hears("announcement") == ("grace disconnected",)
    assert ada.hears("nicknames") == ({"ada": "ada"},)


def test_names(enter):
    ada, other = enter("ada"), enter()
    for taken in ("ada", " ada\x07", "", "\x1b", "\n"):
        assert other.socket_io.call("nickname", taken) is True
    assert other.socket_io.call("nickname", 7) is False
    assert ada.hears("announcement") == ("7 connected",)
    assert other.socket_io.call("nickname", "seven") is False
    assert ada.hears("announcement") == ("7 is now seven",)
    assert other.socket_io.call("nickname", "seven") is False


def test_texts_without_a_name_or_a_letter_are_dropped(enter):
    ada, quiet = enter("ada"), enter()
    quiet.says("nobody hears this")
    assert quiet.socket_io.call("nickname", "late") is False
    quiet.says("\x00 ")
    quiet.says("now")
    assert ada.hears("msg to room") == ("late", "now")


def test_rooms(enter):
    ada, grace = enter("ada"), enter("grace")
    ada.hears("announcement")
    grace.socket_io.call("join", "kitchen")
    assert ada.hears("announcement") == ("grace went to another room",)
    grace.says("nobody here")
    ada.says("nobody there")
    ada.socket_io.call("join", "kitchen")
    assert grace.hears("announcement") == ("ada came in",)
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


def test_texts_are_cut_and_cleaned():
    assert tidy("  a\x00b\x1b[31mc\u202e\n ", 100) == "ab[31mc"
    assert tidy("x" * 100, 10) == "x" * 10
    assert tidy(None, 10) == "None"
