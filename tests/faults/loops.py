"""Plain loops of emit, counted with acknowledgements. make loops; see --help.

Each packet must be acknowledged exactly once and in order, and no server may kick. It prints a row for each loop, and
ends with status 1 if one went wrong.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sioclient import SocketIO
from tests.faults.proxy import Proxy
from tests.servers import SERVERS
from tests.servers.process import ServerUnavailable

LOOPS = {
    "4,000 x 200 B": (4_000, 200, 1),
    "20,000 x 60 B": (20_000, 60, 1),
    "2,000 x 1,000 B": (2_000, 1_000, 1),
    "1,000 x 4,000 B": (1_000, 4_000, 1),
    "8 threads x 500 x 200 B": (4_000, 200, 8),
    "100,000 x 100 B": (100_000, 100, 1),
    "60 MB": (2_000, 30_000, 1),
}
"""How many packets of how many bytes, by how many threads."""

WITHOUT_POLLING = {"socketio": {"transports": ["websocket"]}}
"""Settings of a socket.io that offers nothing but a websocket."""

WITHOUT_FORMS = {"socketio": {"transports": ["websocket", "xhr-polling"]}}
"""The same of one that offers no jsonp-polling."""

MOST_AWAITED = 9_000
"""Acknowledgements that are awaited at once: the client takes ten thousand."""


@dataclass
class Account:
    """What came of a loop.

    Attributes:
        acked: the numbers that were acknowledged, in order.
        failed: those whose acknowledgement failed.
        losses: the reasons of the losses that were told.
        sessions: how many there were.
        seconds: how long it took.
    """

    acked: list[int]
    failed: list[int]
    losses: list[str]
    sessions: int
    seconds: float

    def is_whole(self, count: int, threads: int) -> bool:
        """Return whether every packet was acknowledged exactly once, and in the order of each thread."""
        share = count // threads
        ordered = all(
            [number for number in self.acked if number // share == thread]
            == list(range(thread * share, (thread + 1) * share))
            for thread in range(threads)
        )
        return ordered and len(self.acked) == count and not self.failed


def run(socket: SocketIO, count: int, size: int, threads: int = 1) -> Account:
    """Emit so many packets of so many bytes, and wait for their acknowledgements."""
    account = Account([], [], [], 1, 0.0)
    text, session, done = "x" * size, socket.session_id, threading.Event()
    room = threading.Semaphore(MOST_AWAITED)

    def settle(numbers: list[int], number: int) -> None:
        numbers.append(number)
        room.release()
        if len(account.acked) + len(account.failed) >= count:
            done.set()

    def emit(first: int, share: int) -> None:
        for number in range(first, first + share):
            room.acquire()
            socket.emit(
                "take",
                number,
                text,
                callback=lambda number: settle(account.acked, number),
                errback=lambda error, number=number: settle(account.failed, number),
            )

    def lost(reason: str) -> None:
        account.losses.append(reason)

    socket.on("disconnect", lost)
    began, share = time.monotonic(), count // threads
    workers = [threading.Thread(target=emit, args=(share * number, share)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    done.wait(60)
    account.seconds = time.monotonic() - began
    account.sessions += len(account.losses) if account.losses else socket.session_id != session
    socket.off("disconnect", lost)
    return account


@contextmanager
def connection(name: str, transport: str, delay: float, **settings: Any) -> Iterator[SocketIO]:
    """Return a connection to a server of the table, over a way that takes so many seconds."""
    with ExitStack() as stack:
        server = stack.enter_context(SERVERS[name].start(**settings))
        port = server.port
        if delay:
            proxy = stack.enter_context(Proxy(port))
            proxy.delay, port = delay, proxy.port
        yield stack.enter_context(SocketIO("127.0.0.1", port, transports=(transport,), reconnection_delay=0.05))


def ends(socket: SocketIO) -> list[str]:
    """Return the reasons with which a server on Node ended sessions."""
    return list(socket.call("ends"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="0.9.19", choices=SERVERS)
    parser.add_argument("--transport", default="websocket")
    parser.add_argument("--without-polling", action="store_true", help="a server that offers nothing but a websocket")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that every byte takes, either way")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=LOOPS, metavar="LOOP", help=f"of these: {', '.join(LOOPS)}")
    options = parser.parse_args()
    settings = WITHOUT_POLLING if options.without_polling else {}
    failures = 0
    for name in options.only or LOOPS:
        count, size, threads = LOOPS[name]
        for _ in range(options.runs):
            with connection(options.server, options.transport, options.delay, **settings) as socket:
                account = run(socket, count, size, threads)
                on_node = options.server in ("0.9.19", "0.8.7", "0.7.11")
                booted = ends(socket).count("booted") if on_node else 0
            fine = account.is_whole(count, threads) and not booted
            failures += not fine
            print(
                f"{options.server} {options.transport} {name}: {len(account.acked)} acknowledged"
                f"{'' if fine else ' WRONG'}, {len(account.failed)} failed, {booted} booted, "
                f"{account.sessions} session(s){''.join(f' ({loss})' for loss in account.losses)}, "
                f"{count / account.seconds:,.0f}/s",
                flush=True,
            )
    print(f"{failures} loops went wrong.")
    return int(failures > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServerUnavailable as problem:
        sys.exit(f"needs a real server: {problem}")
