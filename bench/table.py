"""What is measured: which function of ``measures.py`` with which numbers, and for which clients."""

from __future__ import annotations

from dataclasses import dataclass

from .servers import FLOOD, LEGACY, MODERN

_PYTHON = ("raw", "sioclient", "sioclient_orjson", "socketio_client", "python_socketio")
_ALL = (*_PYTHON, "js_0_9", "js_4", "websockets_sync")
_LEGACY = ("sioclient", "js_0_9")  # socketIO-client 0.5.7.4 hangs when it polls
_OURS = ("sioclient",)
_OLD_SERVER = ("raw", "sioclient", "sioclient_orjson", "socketio_client", "js_0_9")
_NEW_SERVER = ("raw", "sioclient", "sioclient_orjson", "python_socketio", "js_4")
_THREADED = ("raw", "sioclient", "python_socketio")


@dataclass(frozen=True)
class Measure:
    """One row.

    Attributes:
        name: its key.
        title: what it says, with the unit.
        function: the function that measures.
        numbers: what the function is given.
        quick: what it is given for a first look.
        figure: which of its figures is the row's.
        target: the ratio that sioclient is to reach, at least; at most, if lower is better.
        lower: whether lower is better.
        once: whether one round is enough, for what depends on no clock.
        server: what the clients connect to.
        source: the measure whose runs have this figure too; empty: it has runs of its own.
        revision: of the protocol that a client must speak if it speaks several; that of flood.c is the first.
    """

    name: str
    title: str
    function: str
    numbers: tuple[float, ...]
    quick: tuple[float, ...]
    figure: str = "rate"
    target: float | None = None
    lower: bool = False
    once: bool = False
    source: str = ""
    clients: tuple[str, ...] = _ALL
    server: str = FLOOD
    revision: int = 1


def _with(server: str, title: str, clients: tuple[str, ...], *names: str) -> list[Measure]:
    """Return measures of a real server, by the names of ``_ON_REAL_SERVERS``."""
    return [
        Measure(
            f"{name}_{server}",
            f"{title}: {what}",
            function,
            numbers,
            quick,
            clients=clients,
            server=server,
            revision=5 if server == MODERN else 1,
        )
        for name, what, function, numbers, quick in _ON_REAL_SERVERS
        if name in names
    ]


_ON_REAL_SERVERS: tuple[tuple[str, str, str, tuple[float, ...], tuple[float, ...]], ...] = (
    ("receive", "receive, events/s", "receive", (20_000, 60), (5_000, 60)),
    ("receive_64k", "receive 64 KiB, events/s", "receive", (100, 65536), (40, 65536)),
    ("receive_1m", "receive 1 MiB, events/s", "receive", (10, 2**20), (4, 2**20)),
    ("receive_bytes", "receive 64 KiB of bytes, events/s", "receive_bytes", (100, 65536), (40, 65536)),
    ("send", "send, events/s", "send", (5_000, 60), (5_000, 60)),
    ("send_64k", "send 64 KiB, events/s", "send", (200, 65536), (100, 65536)),
    ("send_1m", "send 1 MiB, events/s", "send", (30, 2**20), (10, 2**20)),
    ("send_bytes", "send 64 KiB of bytes, events/s", "send_bytes", (200, 65536), (100, 65536)),
    ("ask", "round trips/s, callback", "ask", (3_000,), (1_000,)),
    ("call", "round trips/s, call", "call", (3_000,), (1_000,)),
)
"""Measures like those above, in which the server takes its time too."""

_KIB = "CPU per KiB of an event of {:,} KiB, us"

MEASURES = (
    Measure("receive", "receive, events/s", "receive", (1.0, 60), (0.2, 60), target=20),
    Measure("receive_cpu", "CPU per received event, us", "", (), (), "cpu", lower=True, source="receive"),
    Measure("receive_64k", "receive 64 KiB, events/s", "receive", (1.0, 65536), (0.2, 65536), target=150),
    Measure("receive_1m", "receive 1 MiB, events/s", "receive", (1.0, 2**20), (0.2, 2**20), target=150),
    Measure("send", "send, events/s", "send", (1.0, 60), (0.2, 60), target=2.2),
    Measure("send_cpu", "CPU per sent event, us", "", (), (), "cpu", lower=True, source="send"),
    Measure("send_64k", "send 64 KiB, events/s", "send", (1.0, 65536), (0.2, 65536), target=3),
    Measure("send_1m", "send 1 MiB, events/s", "send", (1.0, 2**20), (0.2, 2**20), target=4),
    Measure("send_8", "send from 8 threads, events/s", "send", (1.0, 60, 8), (0.2, 60, 8), clients=_THREADED),
    Measure("ask", "round trips/s, callback", "ask", (1.0,), (0.2,), target=1.35),
    Measure("ask_cpu", "CPU per round trip, callback, us", "", (), (), "cpu", lower=True, source="ask"),
    Measure("ask_p99", "round trip p99, callback, us", "", (), (), "p99", lower=True, source="ask"),
    Measure("call", "round trips/s, call", "call", (1.0,), (0.2,), target=1.15),
    Measure("call_cpu", "CPU per round trip, call, us", "", (), (), "cpu", lower=True, source="call"),
    Measure("call_p99", "round trip p99, call, us", "", (), (), "p99", lower=True, source="call"),
    Measure("reply", "events answered/s", "reply", (1.0,), (0.2,), target=2),
    Measure("busy", "receive beside a busy thread, events/s", "busy", (2.0,), (1.0,), clients=_THREADED),
    Measure("connect", "connect to the first event, ms", "connect", (1.0,), (0.2,), "ms", target=1.5, lower=True),
    Measure("connect_cpu", "CPU per connection, us", "", (), (), "cpu", lower=True, source="connect"),
    Measure(
        "connect_5",
        "revision 5: connect, ms",
        "connect",
        (1.0,),
        (0.2,),
        "ms",
        target=1.5,
        lower=True,
        clients=_NEW_SERVER,
        revision=5,
    ),
    Measure("connect_5_cpu", "revision 5: CPU per connection, us", "", (), (), "cpu", lower=True, source="connect_5"),
    Measure(
        "receive_polling", "receive by polling, events/s", "receive_polling", (20_000, 60), (5_000, 60), clients=_LEGACY
    ),
    Measure("send_polling", "send by polling, events/s", "send_polling", (500, 60), (100, 60), clients=_LEGACY),
    Measure("import", "import, ms", "importing", (0,), (0,), "ms", lower=True, clients=_PYTHON),
    Measure(
        "import_client",
        "import of the client's class, ms",
        "importing",
        (1,),
        (1,),
        "ms",
        lower=True,
        once=True,
        clients=_PYTHON,
    ),
    Measure("memory_200", "KiB a connection, of 200", "memory", (200,), (50,), "kib", lower=True, once=True),
    Measure("memory_1000", "KiB a connection, of 1,000", "memory", (1000,), (100,), "kib", lower=True, once=True),
    Measure("threads", "threads a connection", "", (), (), "threads", lower=True, once=True, source="memory_200"),
    Measure("idle", "wake-ups/s of an idle connection", "idle", (10.0,), (2.0,), "wakeups", lower=True, once=True),
    Measure("idle_cpu", "CPU of an idle connection, us/s", "", (), (), "cpu", lower=True, once=True, source="idle"),
    *(
        Measure(
            f"count_{n}", f"CPU per event of {n:,}, us", "receive", (n, 60), (n, 60), "cpu", lower=True, clients=_OURS
        )
        for n in (10**3, 10**4, 10**5, 10**6)
    ),
    *(
        Measure(f"size_{n}k", _KIB.format(n), "growth", (n,), (n,), "cpu", lower=True, clients=_OURS)
        for n in (1, 16, 256, 4096, 16_000)
    ),
    *_with(LEGACY, "0.9.19", _OLD_SERVER, "receive", "receive_64k", "ask", "call"),
    # Nobody else has a fence, and thousands of frames at once end this server.
    *_with(LEGACY, "0.9.19", ("sioclient", "sioclient_orjson"), "send"),
    *_with(MODERN, "4.8.1", _NEW_SERVER, *(name for name, *_ in _ON_REAL_SERVERS)),
)
