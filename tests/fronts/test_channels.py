"""Which channels a SocketIO has, and which it keeps."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

import pytest

from sioclient.errors import ChannelError
from sioclient.fronts.channels import Channels, check_given


class Channel(SimpleNamespace):
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


@pytest.fixture
def channels():
    return Channels()


def make(name="/chat"):
    return Channel(endpoint=name)


def test_there_is_one_channel_for_each_endpoint(channels):
    assert channels.get("/chat") is None
    chat = channels.get_or_make("/chat", make)
    assert channels.get_or_make("/chat", make) is chat is channels.get("/chat")
    other = channels.get_or_make("/other", lambda: make("/other"))
    assert set(channels.all()) == {chat, other}
    assert channels.kept() == []


def test_channel_that_nobody_wants_goes(channels):
    reference = weakref.ref(channels.get_or_make("/chat", make))
    gc.collect()
    assert reference() is None
    assert channels.get("/chat") is None


def test_channel_is_kept_until_it_is_let_go(channels):
    chat = channels.get_or_make("/chat", make)
    channels.keep(chat)
    channels.let_go(make())
    assert channels.kept() == [chat]
    channels.let_go(chat)
    channels.let_go(chat)
    assert channels.kept() == []
    assert channels.get("/chat") is chat


def test_channel_is_kept_for_as_long_as_it_may_hear_something(channels):
    chat, connection = make(), SimpleNamespace(is_over=False)
    channels.begin_hearing(make(), connection)
    channels.begin_hearing(chat, connection)
    channels.begin_hearing(chat, connection)
    channels.end_hearing(chat)
    assert channels.hears(chat)
    channels.end_hearing(chat)
    channels.end_hearing(chat)
    assert not channels.hears(chat)


def test_nothing_is_heard_of_a_connection_that_is_over(channels):
    chat, ended, other = make(), SimpleNamespace(is_over=True), SimpleNamespace(is_over=False)
    channels.begin_hearing(chat, ended)
    channels.begin_hearing(chat, other)
    channels.end_hearing_of_over()
    assert channels.hears(chat)
    other.is_over = True
    channels.end_hearing_of_over()
    assert not channels.hears(chat)


def test_channel_that_is_forgotten_gives_way_to_another(channels):
    chat = channels.get_or_make("/chat", make)
    channels.keep(chat)
    channels.forget(make())
    assert channels.get("/chat") is chat
    channels.forget(chat)
    assert channels.get_or_make("/chat", make) is not chat


def test_threads_that_ask_at_once_get_the_same_channel(channels):
    """Another thread asks between two steps of this one, and may be done before the next."""
    found = []

    def slowly():
        found.append(channels.get_or_make("/chat", make))
        return make()

    assert channels.get_or_make("/chat", slowly) is found[0]
    channels.forget(found[0])

    def later():
        found.append(make())
        channels.keep(found[-1])  # as another thread does before it says that it is known
        return make()

    assert channels.get_or_make("/chat", later) is found[-1] is channels.get("/chat")


def test_what_a_channel_has_is_not_replaced():
    check_given("/chat", [("handler", None, 5), ("query", "a", ""), ("auth", {"a": 1}, {"a": 1})])
    for what, advice in (("handler", "use on"), ("auth", "disconnect it first")):
        with pytest.raises(ChannelError, match=rf"the channel '/chat' has another {what} already: {advice}"):
            check_given("/chat", [(what, 1, 2)])
