"""Dial: which of several addresses is connected to, and when the next one is tried."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import closing
from typing import Any

import pytest

from sioclient.transports import dialing
from sioclient.transports.dialing import AddressInfo, Dial, in_turns, known_address, remaining
from sioclient.transports.waker import make_waker
from tests.servers_py import Server, Task, closed_port, deaf_port, descriptors, hand_over, soon
from tests.waiting import happened


def tcp(port: int, host: str = "127.0.0.1") -> AddressInfo:
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a dial begins to wait."""
    event = threading.Event()

    class Selector(dialing.Selector):  # type: ignore[name-defined, misc]
        def select(self, timeout: float | None = None) -> Any:
            event.set()
            return super().select(timeout)

    monkeypatch.setattr(dialing, "Selector", Selector)
    return event


@pytest.fixture(params=["at the second look", "later"])
def found(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have connections on this machine be found at the second look, or only by waiting for them."""

    def look_once(sock: socket.socket, address: Any) -> int:
        sock.setblocking(False)
        return sock.connect_ex(address)

    if request.param == "later":
        monkeypatch.setattr(dialing, "begin_to_connect", look_once)


UNKNOWN = (255, socket.SOCK_STREAM, 0, "", ("nowhere", 1))
"""An address of a family that no system has."""


def connected(*addresses: AddressInfo, deadline: float | None = None) -> Any:
    """Return the address that was connected to."""
    sock, address = Task(Dial(addresses, deadline or soon(), bool).connect).result()
    with closing(sock):
        assert sock.getpeername() == address
        assert not sock.getblocking()
    return address


@pytest.mark.usefixtures("found")
def test_the_first_address_is_taken_if_it_accepts_in_time() -> None:
    with Server(hand_over) as first, Server(hand_over) as second:
        assert connected(tcp(first.port), tcp(second.port)) == ("127.0.0.1", first.port)
        assert second.connections == 0


@pytest.mark.usefixtures("found")
def test_after_a_refusal_the_next_one_is_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "PACE", 60)
    with Server(hand_over) as server, closed_port() as closed:
        assert connected(tcp(closed), UNKNOWN, tcp(server.port), deadline=time.monotonic() + 600)[1] == server.port


def test_what_is_left_of_a_time_out() -> None:
    assert remaining(soon()) > 0
    with pytest.raises(TimeoutError):
        remaining(0)


def test_a_dead_address_holds_the_next_one_up_for_a_quarter_of_a_second() -> None:
    with Server(hand_over) as server, deaf_port() as deaf:
        before, began = descriptors(), time.monotonic()
        assert connected(tcp(deaf), tcp(deaf), tcp(server.port))[1] == server.port
        assert 2 * dialing.PACE <= time.monotonic() - began < 2
        assert descriptors() <= before + 1  # that of the server


def test_a_slow_address_is_taken_if_it_accepts_before_the_next() -> None:
    with Server(hand_over) as server, deaf_port() as deaf, socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        task = Task(connected, tcp(deaf), tcp(late.getsockname()[1]), tcp(server.port))
        assert task.result()[1] == server.port


def test_many_dead_addresses_leave_time_for_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(hand_over) as server, deaf_port() as deaf:
        addresses = [tcp(deaf)] * 20 + [tcp(server.port)]
        assert connected(*addresses, deadline=time.monotonic() + 2)[1] == server.port


def test_nothing_is_tried_after_the_deadline() -> None:
    with Server(hand_over) as server:
        with pytest.raises(TimeoutError, match="timed out"):
            Dial([tcp(server.port)], time.monotonic() - 1, bool).connect()
        assert server.connections == 0


def test_dead_addresses_end_at_the_deadline() -> None:
    with deaf_port() as deaf:
        before = descriptors()
        task = Task(Dial([tcp(deaf), tcp(deaf)], time.monotonic() + 0.2, bool).connect)
        with pytest.raises(TimeoutError, match="timed out"):
            task.result()
        assert descriptors() == before


@pytest.mark.parametrize("more", [[], [UNKNOWN]])
def test_addresses_that_all_refuse_say_what_the_last_one_said(more: list[AddressInfo]) -> None:
    with closed_port() as closed, pytest.raises(OSError, match=r"ddress family|refused") as caught:
        connected(tcp(closed), *more)
    assert isinstance(caught.value, ConnectionRefusedError) is not bool(more)


@pytest.mark.parametrize("state", [0, 111])
def test_a_socket_may_be_decided_at_once(state: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As over a Unix socket, and on some systems on the machine itself."""

    class Quick(socket.socket):
        def connect_ex(self, address: Any) -> int:
            if address[1] == closed:
                return state
            return super().connect_ex(address)

    monkeypatch.setattr(socket, "socket", Quick)
    with Server(hand_over) as server, closed_port() as closed:
        sock, address = Dial([tcp(closed), tcp(server.port)], soon(), bool).connect()
        sock.close()
        assert address[1] == (server.port if state else closed)


@pytest.mark.parametrize("wakes", [True, False])
def test_an_abort_ends_it(wakes: bool, waits: threading.Event) -> None:
    aborted: list[int] = []
    waker, wakened = make_waker()
    with deaf_port() as deaf:
        task = Task(Dial([tcp(deaf)], soon(), lambda: bool(aborted), wakened if wakes else None).connect)
        happened(waits)
        waits.clear()
        waker.send(b"\0")  # for what else there is
        happened(waits)
        aborted.append(1)
        waker.send(b"\0")
        with pytest.raises(ConnectionAbortedError):
            task.result()
    waker.close()
    wakened.close()


def test_a_wake_that_is_gone_already_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def __init__(self, end: Any) -> None:
            self._end = end

        def fileno(self) -> int:
            return int(self._end.fileno())

        def recv(self, size: int) -> bytes:
            self._end.recv(size)
            raise BlockingIOError

    waker, wakened = make_waker()
    waker.send(b"\0")
    with Server(hand_over) as server:
        sock, _ = Dial([tcp(server.port)], soon(), bool, Gone(wakened)).connect()  # type: ignore[arg-type]
        sock.close()
    waker.close()
    wakened.close()


def test_families_take_turns() -> None:
    def six(number: int) -> AddressInfo:
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", number, 0, 0)

    addresses = [six(1), six(2), six(3), tcp(4), tcp(5)]
    assert [info[4][1] for info in in_turns(addresses)] == [1, 4, 2, 5, 3]
    assert [info[4][1] for info in in_turns(addresses, ("127.0.0.1", 5))] == [5, 1, 4, 2, 3]
    assert [info[4][1] for info in in_turns(addresses, ("127.0.0.1", 6))] == [1, 4, 2, 5, 3]
    assert in_turns([tcp(1), tcp(2)], ("127.0.0.1", 2)) == [tcp(2), tcp(1)]


@pytest.mark.parametrize("host", ["localhost", "::1", "1.2.3", "a\0b", ""])
def test_only_an_address_of_ipv4_is_known_without_a_look_up(host: str) -> None:
    assert known_address(host, 80) is None


def test_macos_is_asked_since_a_network_may_have_ipv6_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert known_address("127.0.0.3", 80) is None


@pytest.mark.skipif(sys.platform == "darwin", reason="which asks the system")
def test_a_known_address_is_what_the_system_would_find() -> None:
    known = known_address("127.0.0.1", 80)
    assert known is not None
    (found,) = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
    assert (*known[:2], known[4]) == (*found[:2], found[4])
