"""Calls that follow each other: the thread that calls takes its acknowledgements itself, so nobody has to be woken.

Otherwise two threads are woken for each call, one after the other: the listener by the server, the caller by the
listener. So when a call has followed another of the same thread at once, the listener rests after it has settled it, as
the next one is about to come. The thread that makes it looks for a moment at what the server has sent. If that is
nothing but acknowledgements, it sees to them and takes them, and the listener rests on. In any other case it wakes the
listener. While several threads call, the listener does not rest.

Functions of the user run on the listener alone. Ctrl-C may strike the thread that calls anywhere. So it sees to what
has come before it takes it: then the listener reads the same once more, and an acknowledgement that came twice means
nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from math import inf

from ..protocol.framing import Frame
from ..protocol.packets import Ack, Malformed, Packet
from ..protocol.revisions.base import Decoder, Dialect
from ..transports.base import Transport
from ..transports.looking import Looking
from .guard import SLICE, Call, Guard

AT_ONCE = 0.0005
"""Seconds after the end of a call within which the next one must begin."""

REST = 0.001
"""Seconds for which the listener does not read, unless a call comes: so much later is everything else that comes."""

Received = tuple[list[Frame], list[Packet | Malformed]]
"""Frames that came together, and the packets that they are."""


class Chain:
    """What the callers of one connection and its listener know of each other.

    Args:
        guard: has the protocol and the transport.
        receive: sees to what came over a transport: ``Listener.read_once``.

    Attributes:
        caller: the thread that has begun the latest call.
        ended_at: when the latest call was over.
        awaited: the call after which the listener rests, once it is settled; None: there is none.
        is_resting: whether the listener rests, or is about to.
    """

    def __init__(self, guard: Guard, receive: Callable[[Transport, None, Received], object]) -> None:
        self._guard, self._receive = guard, receive
        self._turn = threading.RLock()  # to look; its release tells whose it is, which matters after Ctrl-C
        self._looking = Looking()
        self._has_come = False  # a caller has got its acknowledgement since the listener last looked
        self._seen: Transport | None = None  # over which the latest frames have come
        self._decode: Decoder | None = None  # theirs: that of the session must see each frame once
        self.caller: int | None = None
        self.ended_at = -inf
        self.awaited: Call | None = None
        self.is_resting = False

    def rest(self) -> None:
        """Do not read as long as calls follow each other; for the listener."""
        guard, self.awaited = self._guard, None
        sleeper = guard.changed.sleeper()
        self.is_resting = self._has_come = True  # whoever calls from now on looks; who called before is awaited
        try:
            if self._is_idle():
                while self._has_come and not guard.inbox and guard.current:
                    self._has_come = False
                    if sleeper.acquire(timeout=REST):
                        break
        finally:
            self.is_resting = False
            guard.changed.discard(sleeper)
            # It is free as soon as nobody looks any more. A signal handler that calls may suspend who looks for long.
            # What the listener reads then, that thread takes no more.
            if self._turn.acquire(timeout=SLICE):
                self._turn.release()

    def goes_on(self, call: Call) -> None:
        """A call follows another of its thread at once: the listener rests after it, if that may be of use."""
        transport = self._guard.transport
        if not self.is_resting and transport is not None and transport.can_take:
            self._looking.begin()
            if self._looking.until:  # it was not in vain
                self.awaited = call

    def look(self, call: Call) -> None:
        """Look for what a call waits for, which was sent; for while the listener rests."""
        may_rest, caller = False, self.caller
        try:
            if self._turn.acquire(blocking=False) and self.is_resting:
                self._has_come = may_rest = self._look(call)
        finally:
            try:  # noqa: SIM105 - see ``Writer.flush``
                self._turn.release()
            except RuntimeError:
                pass  # another thread looks
            if not may_rest:
                self._guard.changed.wake()
        if self.caller != caller:  # several threads call: the listener serves them all at once
            self._looking.pass_over()

    def _look(self, call: Call) -> bool:
        """Return whether the call was settled, and nothing else is to be done."""
        guard, looking, transport, dialect = self._guard, self._looking, self._guard.transport, self._guard.dialect
        if transport is None or dialect is None:
            return False
        see_to = partial(self._see_to, transport, dialect)
        looking.begin()
        try:
            while looking.until:
                found = transport.take(see_to)
                if found is None:
                    looking.again()
                elif not found or call.outcome is not None:
                    looking.until = 0.0
        except BaseException as problem:
            if guard.is_for_caller(problem):
                raise  # Ctrl-C: nothing was taken
            guard.lose(transport, problem)
        return call.outcome is not None and self._is_idle()

    def _is_idle(self) -> bool:
        """Return whether the listener has nothing to do, and no acknowledgement to wait for."""
        with self._guard.open() as protocol:
            waits = len(protocol.acks) or len(protocol.outbox) or protocol.lifecycle.detour is not None
        return not (waits or self._guard.inbox)

    def _see_to(self, transport: Transport, dialect: Dialect, frames: list[Frame]) -> bool:
        """See to frames if they are nothing but acknowledgements; return whether they are."""
        if not self.is_resting:
            return False  # the listener may have read since they were looked at, half of a frame perhaps
        decode = self._decode if transport is self._seen else None
        if decode is None:
            decode = dialect.decoder()
        self._seen, self._decode = transport, None  # a decoder that knows half of a packet is of no more use
        packets = decode(frames)
        for packet in packets:
            if type(packet) is not Ack:
                return False
        self._decode = decode
        self._receive(transport, None, (frames, packets))
        return True
