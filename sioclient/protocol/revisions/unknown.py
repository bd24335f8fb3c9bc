"""The generation that is still to be found out: what to ask, and how to tell from the answer who is there.

A legacy server takes the first question for its usual handshake, and socket.io 1.0 to 4.x take it for theirs. The
others are for servers that look at the path more closely. The session that the answer opens is the one that is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ...errors import LocalProtocolError, NotConnected
from ..packets import Encoded, Frame, Malformed, Packet
from . import answers
from .base import Decoder, Framing, Handshake, Probe, Question, Revision

_OTHER_PATH = frozenset({400, 404})
_OLDER = frozenset({400})


class UnknownRevision:
    """Stands for the revision until a server has answered; then the handshake says which it is.

    Args:
        makers: what make the revisions that it may turn out to be, each when it is needed first: ``"1"``, and by their
            Engine.IO revisions ``"3"`` and ``"4"``.
    """

    number = None
    servers = "any generation of Socket.IO"
    transports: Mapping[str, str] = {"websocket": "websocket"}
    asks_to_join = beats_unprompted = answers_once = False

    def __init__(self, makers: Mapping[str, Callable[[], Revision]]) -> None:
        self._makers = makers
        self._made: dict[str, Revision] = {}

    def handshakes(self, resource: str) -> tuple[Question, ...]:
        """Return the question that decides for most servers, and those for the rest."""
        query = "EIO=4&transport=polling"
        both = (Question(f"/{resource}/1/?{query}"),) if "1" in self._makers else ()
        after = _OTHER_PATH if both else frozenset[int]()
        return (
            *both,
            Question(f"/{resource}/?{query}", after),
            Question(f"/{resource}/?EIO=3&transport=polling", _OLDER),
        )

    def read_handshake(self, status: int, body: str, content_type: str | None = None) -> Handshake:
        """Return what the server announced, and what it speaks; see ``Revision.read_handshake``."""
        text = body.strip().removeprefix("\ufeff")
        engine = answers.engine_revision(body)
        if engine is None and (answers.is_engine_refusal(text) or (status != 200 and "1" not in self._makers)):
            raise answers.rejected(status, text)
        name = engine or "1"
        if name not in self._makers:
            raise answers.not_socketio(text)
        revision = self._known(name)
        return replace(revision.read_handshake(status, body, content_type), revision=revision)

    def last_resort(self, resource: str, refusal: str) -> str | None:
        """Return the path of a websocket, if polling is what the server does not have."""
        return self._known("4").last_resort(resource, refusal)

    def is_opening(self, frames: Sequence[Frame]) -> bool:
        """Return whether it is clear who is there: only later servers tell their limit, older ones join us at once."""
        return len(frames) > 1 or '"maxPayload":' in str(frames[0])

    def read_opening(self, frames: Sequence[Frame]) -> Handshake:
        """Return what the server announced over a websocket, and what it speaks; see ``is_opening``."""
        revision = self._known("3" if len(frames) > 1 and frames[1] == "40" else "4")
        return replace(revision.read_opening(frames), revision=revision)

    def direct_path(self, resource: str, transport: str) -> str | None:
        """Return None: it begins with the question."""
        return None

    def transport_path(self, resource: str, transport: str, session_id: str) -> str:
        """Raise: there is no session yet."""
        raise LocalProtocolError("no handshake was made yet")

    def probe(self, transport: str) -> Probe | None:
        """Return None."""
        return None

    def check_endpoint(self, name: str) -> str:
        """Return ``name``: whether it can be is not known yet."""
        return name

    def encode(self, packet: Packet) -> Encoded:
        """Raise NotConnected."""
        raise NotConnected("it is not known yet what the server speaks: call open() first, or wait for on_connect")

    def farewell(self, transport: str) -> Encoded:
        """Return nothing."""
        return ()

    def decoder(self) -> Decoder:
        """Return what takes everything for malformed: nothing can come."""
        return lambda frames: [Malformed(repr(frame[:200]), "no handshake was made yet") for frame in frames]

    def framing(self, transport: str, handshake: Handshake) -> Framing:
        """Return any: a websocket needs none."""
        return self._known("4").framing(transport, handshake)

    def dismissal(self) -> str | None:
        """Return None."""
        return None

    def needs_fence(self, transport: str) -> bool:
        """Return False."""
        return False

    def dead_after(self, handshake: Handshake) -> float | None:
        """Return None."""
        return None

    def beat_every(self, handshake: Handshake) -> float | None:
        """Return None."""
        return None

    def _known(self, name: str) -> Revision:
        """Return a revision, always the same one."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]
