"""The real servers, as a table: how to start each, what it serves, and what it does in its own way.

All run the same application (legacy.js, modern.js, tornadio.py, modern.py), as far as they can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import Any

from .embedded import EmbeddedServer
from .node import NodeServer
from .process import ServerProcess
from .python3 import Python3Server
from .python27 import Python27Server


class Difference(Enum):
    """What a server does otherwise than the others."""

    KICK_FROM_A_CHANNEL_ENDS_ALL = auto()
    LINE_BREAKS_LOSE_A_MESSAGE = auto()
    LONG_POSTS_SPLIT_CHARACTERS = auto()
    REFUSED_CHANNEL_OPENS_FIRST = auto()
    EVERY_EVENT_IS_ANSWERED = auto()
    MESSAGES_ARE_ANSWERED_WITHOUT_DATA = auto()
    NO_ARGUMENTS_ARE_AN_EMPTY_OBJECT = auto()
    AN_EMPTY_OBJECT_IS_NO_ARGUMENTS = auto()
    REFUSES_WITH_401 = auto()
    SESSION_OUTLIVES_WEBSOCKET = auto()
    EVERY_REFUSAL_IS_403 = auto()
    EVERY_REFUSAL_IS_400 = auto()
    REFUSED_UPGRADES_ARE_400 = auto()
    UNKNOWN_CHANNELS_ARE_REFUSED = auto()
    NAMES_ARE_QUOTED = auto()
    CUTS_IN_GOOD_ORDER = auto()
    KEEPS_NAMES_FOR_ITSELF = auto()


@dataclass(frozen=True)
class Server:
    """One row of the table.

    Attributes:
        version: how what it says of itself begins.
        start: starts it, with the settings of its application as keywords; see ``ServerProcess``.
        transports: the names of those that a client of today can use.
        unusable: the others that it announces, each with the reason.
        revision: what it speaks.
        hasty: settings with which it beats at least twice in two seconds, and times out about as soon.
        differences: what it does in its own way, each with the reason.
        title, platform: what it is called and runs on in docs/versions.md; empty: as ``version`` says.
    """

    version: str
    start: Callable[..., ServerProcess]
    transports: tuple[str, ...]
    unusable: Mapping[str, str]
    hasty: Mapping[str, Any]
    differences: Mapping[Difference, str] = field(default_factory=dict)
    revision: int = 1
    title: str = ""
    platform: str = ""

    def over(self, transport: str) -> dict[str, Any]:
        """Return settings with which a client that tries whatever there is comes to use a transport."""
        if self.revision > 1 and transport == "websocket":
            return {}  # a session that polling has opened goes on over it
        (whose,) = self.hasty
        what = "enabled_protocols" if whose == "tornadio" else "transports"
        name = "polling" if self.revision > 1 else transport
        return {whose: {**getattr(self.start, "keywords", {}).get(whose, {}), what: [name]}}


ANY_SOCKET_IO = {
    Difference.LONG_POSTS_SPLIT_CHARACTERS: "each TCP segment of a POST is decoded alone: only ASCII is safe"
}

BEFORE_0_9 = {
    **ANY_SOCKET_IO,
    Difference.KICK_FROM_A_CHANNEL_ENDS_ALL: "disconnect() of any of its sockets boots the transport; 0.9 began to look"
    " at the namespace",
}

OFTEN = {"socketio": {"heartbeat timeout": 1, "heartbeat interval": 0.4, "close timeout": 1, "polling duration": 0.5}}

# As their defaults do, these announce less than the beats are apart: 0.7 and 0.8 say 15 s, and beat every 20 s.
SELDOM = {
    "socketio": {"heartbeat timeout": 0.8, "heartbeat interval": 0.9, "close timeout": 2, "polling duration": 0.5}
}

OFTEN_EMBEDDED = {
    "server": {"heartbeat_timeout": 1, "heartbeat_interval": 0.4, "close_timeout": 1, "polling_duration": 0.5}
}

PYTHON_SOCKETIO = {"max_http_buffer_size": 10**8}

OFTEN_ENGINE = {"socketio": {"pingInterval": 300, "pingTimeout": 1000}}

ANY_LATER = {
    Difference.EVERY_REFUSAL_IS_403: "who refuses a handshake cannot choose the status",
    Difference.UNKNOWN_CHANNELS_ARE_REFUSED: "since 1.0, an endpoint that is not there is refused and not passed over",
}

NODE_LATER = {
    **ANY_LATER,
    Difference.REFUSED_UPGRADES_ARE_400: "if the application says no, a poll gets status 403 and an upgrade 400",
}

BEFORE_3 = {
    **NODE_LATER,
    Difference.NAMES_ARE_QUOTED: "an endpoint's name is parsed as a URL, so that it has %20 where it had a space",
}


def _later(
    version: str, revision: int, differences: Mapping[Difference, str], title: str = "", **socketio: Any
) -> Server:
    """Return the row of a socket.io that is built on Engine.IO."""
    socketio["maxHttpBufferSize"] = 10**8  # what they take by default became a megabyte
    return Server(
        version=f"socket.io {version}, Node ",
        start=partial(NodeServer, "modern.js", version=version, socketio=socketio),
        transports=("websocket", "xhr-polling"),
        unusable={},
        revision=revision,
        hasty={"socketio": {**socketio, **OFTEN_ENGINE["socketio"]}},
        differences={
            **differences,
            Difference.KEEPS_NAMES_FOR_ITSELF: "its emit() of connect, disconnect or error is for itself, or throws",
        },
        title=title,
    )


def _embedded(revision: int) -> Server:
    """Return the row of our own server as it is for clients of a later generation."""
    return Server(
        version="sioclient.server, Tornado ",
        start=partial(EmbeddedServer, revisions=[revision]),
        transports=("websocket", "xhr-polling"),
        unusable={},
        revision=revision,
        hasty=OFTEN_EMBEDDED,
        differences=ANY_LATER,
        title=f"sioclient.server, revision {revision}",
        platform="Tornado",
    )


SERVERS = {
    "0.9.19": Server(
        version="socket.io 0.9.19, Node ",
        start=partial(NodeServer, "legacy.js"),
        transports=("websocket", "xhr-polling", "jsonp-polling", "htmlfile"),
        unusable={},
        hasty=OFTEN,
        differences=ANY_SOCKET_IO,
    ),
    "0.8.7": Server(
        version="socket.io 0.8.7, Node v0.10.48",
        start=partial(NodeServer, "legacy.js", version="0.8.7"),
        transports=("websocket", "xhr-polling", "jsonp-polling", "htmlfile"),
        unusable={},
        hasty=SELDOM,
        differences=BEFORE_0_9,
    ),
    "0.7.11": Server(
        version="socket.io 0.7.11, Node v0.10.48",
        start=partial(NodeServer, "legacy.js", version="0.7.11"),
        transports=("xhr-polling", "jsonp-polling", "htmlfile"),
        unusable={"websocket": "its websocket is that of the drafts hixie-75 and hixie-76, before RFC 6455"},
        hasty=SELDOM,
        differences={
            **BEFORE_0_9,
            Difference.LINE_BREAKS_LOSE_A_MESSAGE: "its pattern for packets ends at a line break, U+2028 or U+2029",
        },
    ),
    "embedded": Server(
        version="sioclient.server, Tornado ",
        start=partial(EmbeddedServer, revisions=[1]),
        transports=("websocket", "htmlfile", "xhr-polling", "jsonp-polling"),
        unusable={},
        hasty=OFTEN_EMBEDDED,
    ),
    "embedded, 4": _embedded(4),
    "embedded, 5": _embedded(5),
    "TornadIO2": Server(
        version="TornadIO2 0.0.4, Tornado 2.4.1, Python 2.7",
        start=partial(Python27Server, "tornadio.py"),
        transports=("websocket", "xhr-polling", "jsonp-polling", "htmlfile"),
        unusable={"flashsocket": "it is a websocket for the Flash player"},
        # The third beat without an answer ends the session.
        hasty={"tornadio": {"heartbeat_interval": 0.4, "client_timeout": 1, "xhr_polling_timeout": 1}},
        differences={
            Difference.REFUSED_CHANNEL_OPENS_FIRST: "it sends 1:: before it asks on_open, and 0:: after a refusal",
            Difference.EVERY_EVENT_IS_ANSWERED: "it answers when the handler has returned, and also when there is none",
            Difference.MESSAGES_ARE_ANSWERED_WITHOUT_DATA: "on_message can return nothing, and send() with a"
            " callback asks plainly (3:1::)",
            Difference.NO_ARGUMENTS_ARE_AN_EMPTY_OBJECT: "emit() without arguments sends its keyword arguments",
            Difference.AN_EMPTY_OBJECT_IS_NO_ARGUMENTS: "an object that comes alone becomes keyword arguments",
            Difference.REFUSES_WITH_401: "it says 401 where socket.io says 403",
            Difference.SESSION_OUTLIVES_WEBSOCKET: "it waits 30 s for the client to resume; socket.io ends the session",
        },
    ),
    "1.7.4": _later(
        "1.7.4", 4, {**BEFORE_3, Difference.EVERY_REFUSAL_IS_400: "it takes the reason for the number of an error"}
    ),
    "2.5.1": _later("2.5.1", 4, BEFORE_3),
    "3.1.2": _later("3.1.2", 5, NODE_LATER),
    "4.8.1": _later("4.8.1", 5, NODE_LATER),
    "4.8.1 with allowEIO3": _later("4.8.1", 5, NODE_LATER, "socket.io 4.8.1 with allowEIO3", allowEIO3=True),
    "python-socketio": Server(
        version="python-socketio 5.",
        title="python-socketio 5",
        platform="uvicorn, Python 3",
        start=partial(Python3Server, "modern.py", socketio=PYTHON_SOCKETIO),
        transports=("websocket", "xhr-polling"),
        unusable={},
        revision=5,
        hasty={"socketio": {**PYTHON_SOCKETIO, "ping_interval": 0.3, "ping_timeout": 1}},
        differences={
            **ANY_LATER,
            Difference.CUTS_IN_GOOD_ORDER: "its application does not reach the TCP connection: it ends the session",
        },
    ),
}
