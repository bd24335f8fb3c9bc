"""Waiting for events in another thread than the one that they arrive on."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sioclient.errors import ConnectionLost, WaitTimeout
from sioclient.fronts.dispatch import Dispatcher
from sioclient.handler import Handler
from sioclient.protocol.packets import Event, Json, Message
from sioclient.threads.watcher import MOST_WAITING, Watcher, Watchers
from tests.conftest import PATIENCE, eventually
from tests.interrupts import Interrupt


class Source:
    """Delivers events as a channel does, and says whether it is over."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher(Handler())
        self.is_over = False

    def watch(self, *names: str | int) -> Watcher:
        return Watcher(self.dispatcher, names, lambda: self.is_over)

    def deliver(self, *packets: Any) -> None:
        for packet in packets:
            name, args = (packet.name, packet.args) if isinstance(packet, Event) else ("message", [packet.data])
            for function in list(self.dispatcher.any):
                function(name, *args)
            _, functions, given, _ = self.dispatcher.find(packet, None)
            for function in functions:
                function(*given)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr("sioclient.threads.watcher.LOOK", 0.01)
    return Source()


@pytest.fixture
def run() -> Iterator[Callable[[Callable[[], Any]], threading.Thread]]:
    """Run a function in a thread of its own, which must have ended when the test has."""
    threads = []

    def run(function: Callable[[], Any]) -> threading.Thread:
        threads.append(threading.Thread(target=function, daemon=True))
        threads[-1].start()
        return threads[-1]

    yield run
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_events_wait_in_order_until_they_are_asked_for(source: Source) -> None:
    watcher = source.watch("a", "connect", 5)
    source.deliver(Event("a", [1]), Event("other"), Event("connect", [2, 3]), Event("5"))
    assert [watcher.next(1) for _ in range(3)] == [("a", [1]), ("connect", [2, 3]), ("5", [])]


def test_messages_are_events_called_message(source: Source) -> None:
    watcher = source.watch("message")
    source.deliver(Message("m"), Json([1]), Event("message", ["a", "b"]))
    assert [watcher.next(1)[1] for _ in range(3)] == [["m"], [[1]], ["a", "b"]]


def test_without_a_name_it_hears_everything(source: Source) -> None:
    watcher = source.watch()
    source.deliver(Event("a", [1]), Message("m"), Event("disconnect"))
    assert [watcher.next(1) for _ in range(3)] == [("a", [1]), ("message", ["m"]), ("disconnect", [])]


def test_an_event_that_comes_later_ends_the_wait(source: Source, run: Callable[..., Any]) -> None:
    watcher, told = source.watch("a"), []
    waiting = run(lambda: told.append(watcher.next(None)))
    time.sleep(0.05)
    source.deliver(Event("a"))
    waiting.join(PATIENCE)
    assert told == [("a", [])]


@pytest.mark.parametrize(("names", "what"), [(("a",), "'a'"), (("a", 5), "'a' or '5'"), ((), "an event")])
def test_what_does_not_come_in_time(source: Source, names: tuple[Any, ...], what: str) -> None:
    with pytest.raises(WaitTimeout, match=f"^{what} did not come from the server within 0.05 s$"):
        source.watch(*names).next(0.05)


def test_after_the_end_what_came_is_still_there(source: Source) -> None:
    watcher = source.watch("a")
    source.deliver(Event("a"))
    watcher.end()
    assert watcher.next(None) == ("a", [])
    for _ in range(2):
        with pytest.raises(ConnectionLost, match=r"^the connection to the server ended before 'a' came$"):
            watcher.next(None)


def test_the_end_ends_a_wait(source: Source, run: Callable[..., Any]) -> None:
    watcher, told = source.watch("a"), []

    def wait() -> None:
        with pytest.raises(ConnectionLost):
            watcher.next(PATIENCE)
        told.append("ended")

    run(wait)
    time.sleep(0.05)
    watcher.end()
    eventually(lambda: told)


@pytest.mark.parametrize("names", [("a",), ()])
def test_one_that_is_closed_hears_nothing(source: Source, names: tuple[Any, ...]) -> None:
    watcher = source.watch(*names)
    watcher.close()
    watcher.close()
    assert source.dispatcher.any == []
    assert source.dispatcher.find(Event("a"), None)[1] == (source.dispatcher.handler.unknown_event,)


def test_one_that_is_closed_meanwhile_keeps_nothing(source: Source) -> None:
    watcher = source.watch("a")
    (put,) = source.dispatcher.find(Event("a"), None)[1]  # the listener has found it already
    watcher.close()
    put()
    with pytest.raises(WaitTimeout):
        watcher.next(0.001)


def test_wrong_names_register_nothing(source: Source) -> None:
    with pytest.raises(TypeError, match="text or a number, not bytes"):
        source.watch("a", b"x")  # type: ignore[arg-type]
    assert source.dispatcher.find(Event("a"), None)[1] == (source.dispatcher.handler.unknown_event,)


def flood(source: Source, watcher: Watcher, run: Callable[..., Any]) -> threading.Thread:
    """Deliver one event more than are kept, and see that its thread waits."""
    thread: threading.Thread = run(
        lambda: source.deliver(*(Event("a", [number]) for number in range(MOST_WAITING + 1)))
    )
    thread.join(0.2)
    assert thread.is_alive()
    return thread


def test_who_delivers_too_many_waits(source: Source, run: Callable[..., Any]) -> None:
    watcher = source.watch("a")
    thread = flood(source, watcher, run)
    assert watcher.next(1) == ("a", [0])
    thread.join(PATIENCE)
    assert [watcher.next(1)[1] for _ in range(MOST_WAITING)] == [[number] for number in range(1, MOST_WAITING + 1)]


def test_who_delivers_does_not_wait_for_one_that_is_closed(source: Source, run: Callable[..., Any]) -> None:
    watcher = source.watch("a")
    thread = flood(source, watcher, run)
    watcher.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_who_delivers_does_not_wait_after_the_end(source: Source, run: Callable[..., Any]) -> None:
    watcher = source.watch("a")
    thread = flood(source, watcher, run)
    source.is_over = True
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_watchers_end_together_and_are_forgotten(source):
    watchers = Watchers(source.dispatcher)
    with watchers.watch(("a",), lambda: False) as first, watchers.watch(("b",), lambda: False) as second:
        watchers.end()
        for watcher in (first, second):
            with pytest.raises(ConnectionLost):
                watcher.next(PATIENCE)
    source.deliver(Event("a", []), Event("b", []))  # nobody keeps them
    with watchers.watch(("c",), lambda: True) as late, pytest.raises(ConnectionLost):
        late.next(PATIENCE)


def test_iteration_begins_at_once_and_ends_with_the_watchers(source):
    watchers = Watchers(source.dispatcher)
    events = watchers.iterate((), PATIENCE, lambda: False)
    source.deliver(Event("a", [1]), Event("b", []))
    watchers.end()
    assert list(events) == [("a", [1]), ("b", [])]
    assert source.dispatcher.any == []


def test_watcher_that_nobody_holds_keeps_no_thread(source: Source, run: Callable[..., Any]) -> None:
    """As after Ctrl-C just before the thread waits in it."""
    watchers = [source.watch("a"), source.watch()]
    thread = flood(source, watchers[0], run)
    watchers.clear()
    gc.collect()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    source.deliver(Event("a"))
    assert source.dispatcher.find(Event("a"), None)[1] == (source.dispatcher.handler.unknown_event,)
    assert source.dispatcher.any == []


@pytest.mark.parametrize("names", [("a",), ()])
def test_ctrl_c_at_any_place_leaves_no_watcher(source: Source, names: tuple[str, ...]) -> None:
    number, raised_at, watchers = 0, "", Watchers(source.dispatcher)
    while raised_at is not None:
        interrupt = Interrupt(number)

        def wait() -> None:
            with watchers.watch(names, lambda: False) as watcher:
                source.deliver(Event("a", [1]))
                assert watcher.next(0.01) == ("a", [1])

        interrupt.run(wait)
        source.deliver(Event("a"))
        assert source.dispatcher.find(Event("a"), None)[1] == (source.dispatcher.handler.unknown_event,)
        assert source.dispatcher.any == []
        assert len(watchers._all) == 0
        number, raised_at = number + 1, interrupt.raised_at
    assert number > 20
