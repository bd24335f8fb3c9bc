"""A server of revision 1, over websocket and xhr-polling, that says what no real server does."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable
from contextlib import suppress

from sioclient.protocol.revisions.payload1 import decode_payload, encode_payload
from tests.servers_py import CLOSE, Peer, Request, Server, frame, switching
from tests.waiting import FAR, taken

Action = Callable[[Peer], object]

_ASKS = re.compile(r"[3458]:([0-9]+)(\+?):([^:]*)")


class Session:
    """One session of a client.

    Attributes:
        sent: the frames that came from the client.
        polls: how many polls got their response.
        closed_with: the status of the client's close frame.
        takes_posts: POSTs get their response only while this is set; they are read in any case.
        post_response: responds to the next POST in a way of its own.
    """

    def __init__(self, rogue: Rogue, name: str) -> None:
        self.rogue, self.name = rogue, name
        self.sent: list[str] = []
        self.peer: Peer | None = None
        self.polls = self.polls_in_flight = self.most_polls = 0
        self.closed_with: int | None = None
        self.over = threading.Event()
        self.acknowledges = True
        self.post_response: Action | None = None
        self.takes_posts = threading.Event()
        self.takes_posts.set()
        self._outgoing: queue.SimpleQueue[str | Action] = queue.SimpleQueue()
        self._lock = threading.Lock()

    def push(self, *frames: str) -> None:
        """Send frames to the client: in one write, or in the response to one poll if one is waiting."""
        with self._lock:
            if self.peer is not None:
                self.peer.send(b"".join(frame(text.encode("utf-8", "surrogatepass")) for text in frames))
            else:
                for text in frames:
                    self._outgoing.put(text)

    def adopt(self, peer: Peer) -> None:
        """Go over a websocket from now on."""
        with self._lock:
            texts = [self._outgoing.get() for _ in range(self._outgoing.qsize())]
            self.peer = peer
        self.push(*[text for text in texts if isinstance(text, str)])

    def act(self, action: Action) -> None:
        """Do something on the client's connection: on the websocket now, or instead of the next poll's response."""
        if self.peer is not None:
            action(self.peer)
        else:
            self._outgoing.put(action)

    def end(self) -> None:
        """End the connection without a word; over polling, the one of the next poll."""
        self.act(lambda peer: peer.end() if self.peer else peer.reset())

    def take(self, text: str) -> None:
        """Note a frame of the client, and acknowledge it as a server does."""
        self.sent.append(text)
        asks = _ASKS.match(text)
        if not self.acknowledges:
            return
        if asks:
            self.push(f"6::{asks[3]}:{asks[1]}" + ("+[]" if asks[2] else ""))
        elif text.startswith("1::/"):
            self.push(text.partition("?")[0])

    def poll(self, peer: Peer) -> None:
        """Respond to a poll as soon as there is something to say."""
        with self._lock:
            self.polls_in_flight += 1
            self.most_polls = max(self.most_polls, self.polls_in_flight)
        try:
            first = self._next(peer)
        finally:
            with self._lock:
                self.polls += 1
                self.polls_in_flight -= 1
        if callable(first):
            first(peer)
            return
        frames = [first]
        with self._lock, suppress(queue.Empty):
            while len(frames) < 10**6:
                following = self._outgoing.get_nowait()
                if callable(following):
                    self._outgoing.put(following)
                    break
                frames.append(following)
        peer.reply(encode_payload(frames), "Content-Type: text/plain; charset=UTF-8")

    def _next(self, peer: Peer) -> str | Action:
        while True:
            with suppress(queue.Empty):
                return self._outgoing.get(timeout=0.02)
            if self.over.is_set() or peer.server.ended.is_set():
                raise EOFError("the session has ended")


class Rogue(Server):
    """Runs sessions whose packets a test decides; packets get their acks unless ``Session.acknowledges`` is false.

    Args:
        heartbeat, close: the time-outs that the handshake announces.
        transports: what it offers.
        greeting: the frames that a session begins with.
        handshake: responds to the handshake in a way of its own.
    """

    def __init__(
        self,
        *,
        heartbeat: object = FAR,
        close: object = FAR,
        transports: str = "websocket,xhr-polling",
        greeting: tuple[str, ...] = ("1::",),
        handshake: Callable[[Peer, Request], bool] | None = None,
        tls: object = None,
    ) -> None:
        super().__init__(self._serve, tls=tls)  # type: ignore[arg-type]
        self.sessions: list[Session] = []
        self.handshakes = 0
        self._announced = f"{heartbeat}:{close}:{transports}"
        self._greeting, self._own_handshake = greeting, handshake
        self._begun: queue.SimpleQueue[Session] = queue.SimpleQueue()
        self._by_name: dict[str, Session] = {}

    def next_session(self) -> Session:
        """Return the next session that a transport has been opened for."""
        return taken(self._begun, "a session")

    def _serve(self, peer: Peer) -> None:
        while True:
            request = peer.read_head()
            path = request.target.partition("?")[0]
            kind, _, name = path.removeprefix("/socket.io/1/").partition("/")
            if path == "/socket.io/1/":
                self._shake_hands(peer, request)
            elif kind == "websocket":
                self._run_websocket(peer, request, self._session(name))
                return  # the client waits for the end of the connection
            elif kind == "xhr-polling":
                self._respond_to_polling(peer, request, self._session(name))
            else:
                peer.answer(404)

    def _shake_hands(self, peer: Peer, request: Request) -> None:
        self.handshakes += 1
        if self._own_handshake is None or not self._own_handshake(peer, request):
            peer.reply(f"session{self.handshakes}:{self._announced}", "Content-Type: text/plain")

    def _session(self, name: str) -> Session:
        session = self._by_name.get(name)
        if session is None:
            session = self._by_name[name] = Session(self, name)
            self.sessions.append(session)
            session.push(*self._greeting)
        return session

    def _run_websocket(self, peer: Peer, request: Request, session: Session) -> None:
        peer.send(switching(request))
        # A client may be silent; it is shut down at the end of the test. Set before anybody else writes, who must not
        # meet a socket whose time-out is just changing.
        peer.sock.settimeout(None)
        session.adopt(peer)
        self._begun.put(session)
        while True:
            received = peer.read_frame()
            if received.opcode == CLOSE:
                session.closed_with = int.from_bytes(received.payload[:2], "big")
                return
            session.take(received.payload.decode())

    def _respond_to_polling(self, peer: Peer, request: Request, session: Session) -> None:
        if request.raw.startswith(b"POST"):
            body = peer.read(int(request.header("Content-Length") or 0)).decode()
            for text in decode_payload(body):
                session.take(text)
            while not (session.takes_posts.wait(0.02) or peer.server.ended.is_set()):
                pass
            respond, session.post_response = session.post_response, None
            (respond or (lambda peer: peer.reply("1")))(peer)
        elif "disconnect" in request.target:
            session.over.set()
            peer.reply("")
        else:
            if not session.polls:
                self._begun.put(session)
            session.poll(peer)
