"""Calls that follow each other: the thread that calls takes its acknowledgement itself, so nobody has to be woken.

Otherwise two threads are woken for each call, one after the other: the listener by the server, the caller by the
listener. So when a call has followed another of the same thread at once, the listener rests after it has settled it, as
the next one is about to come. The thread that makes it looks for a moment at what the server has sent. If that is its
acknowledgement, it sees to it and takes it, and the listener rests on. In any other case it wakes the listener. While
several threads call, the listener does not rest.

Functions of the user run on the listener alone. Ctrl-C may strike the thread that calls anywhere, and leave half done
what it does. So it touches nothing but the call that is interrupted anyway, and fences, which mend themselves. It takes
both from the socket last: then the listener reads them once more, and finds that nobody waits for them.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from math import inf

from ..fronts.packetlog import PacketLog
from ..protocol.fence import Fence
from ..protocol.framing import Frame
from ..protocol.packets import Ack, UserPacket
from ..protocol.phases import Phase
from ..protocol.revisions.base import Decoder, Dialect
from ..transports.base import Transport
from ..transports.looking import Looking
from .guard import SLICE, Call, Guard

AT_ONCE = 0.0005
"""Seconds after the end of a call within which the next one must begin."""

REST = 0.001
"""Seconds for which the listener does not read, unless a call comes: so much later is everything else that comes."""

_OPEN = Phase.OPEN  # a look-up in an Enum takes as long as a call


class Chain:
    """What the callers of one connection and its listener know of each other.

    Args:
        guard: has the protocol and the transport.
        log: shows packets.

    Attributes:
        caller: the thread that has begun the latest call.
        ended_at: when the latest call was over.
        awaited: the call after which the listener rests, once it is settled; None: there is none.
        is_resting: whether the listener rests, or is about to.
    """

    def __init__(self, guard: Guard, log: PacketLog) -> None:
        self._guard, self._log = guard, log
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

    def look(self, call: Call, packet: UserPacket) -> None:
        """Look for the acknowledgement of a packet that was sent for a call; for while the listener rests."""
        may_rest, caller = False, self.caller
        try:
            if self._turn.acquire(blocking=False) and self.is_resting:
                self._has_come = may_rest = self._look(call, packet)
        finally:
            try:  # noqa: SIM105 - see ``Writer.flush``
                self._turn.release()
            except RuntimeError:
                pass  # another thread looks
            if not may_rest:
                self._guard.changed.wake()
        if self.caller != caller:  # several threads call: the listener serves them all at once
            self._looking.pass_over()

    def _look(self, call: Call, packet: UserPacket) -> bool:
        """Return whether the call was settled, and nothing else is to be done."""
        guard, looking, transport, dialect = self._guard, self._looking, self._guard.transport, self._guard.dialect
        if transport is None or dialect is None:
            return False
        see_to = partial(self._see_to, packet, transport, dialect)
        looking.begin()
        try:
            while looking.until:
                found = transport.take(see_to)
                if found is None:
                    looking.again()
                    continue
                if call.outcome is None and found and not self._has_frames():
                    continue  # it was a fence's: what the call waits for is about to come
                looking.until = 0.0
                if call.outcome is None:
                    self.awaited = call  # the listener reads on, and rests again
        except BaseException as problem:
            if guard.is_for_caller(problem):
                raise  # Ctrl-C: nothing was taken
            guard.lose(transport, problem)
        return call.outcome is not None and self._is_idle()

    def _is_idle(self) -> bool:
        """Return whether the listener has nothing to do, and no acknowledgement to wait for."""
        with self._guard.open() as protocol:
            lifecycle, waits = protocol.lifecycle, len(protocol.acks) or len(protocol.outbox)
            return lifecycle.phase is _OPEN and not (waits or self._guard.inbox or lifecycle.detour)

    def _has_frames(self) -> bool:
        with self._guard.open() as protocol:
            return len(protocol.outbox) > 0

    def _see_to(self, packet: UserPacket, transport: Transport, dialect: Dialect, frames: list[Frame]) -> bool:
        """See to frames if they acknowledge nothing but a packet and fences; return whether they do."""
        if not self.is_resting:
            return False  # the listener may have read since they were looked at, half of a frame perhaps
        decode = self._decode if transport is self._seen else None
        if decode is None:
            decode = dialect.decoder()
        self._seen, self._decode = transport, None  # a decoder that knows half of a packet is of no more use
        packets = decode(frames)  # JSON may be the user's code, so outside the door
        guard, now, self._decode = self._guard, time.monotonic(), decode
        with guard.open() as protocol:
            fence = protocol.lifecycle.fence
            for ack in packets:
                if not (type(ack) is Ack and (_is_for(packet, ack) or _is_for_fence(fence, ack))):
                    return False
            protocol.receiver.receive(packets, now)
            guard.publish()
        if self._log.is_on():
            self._log.show("<", frames)
        guard.counts.packets_in += len(frames)
        guard.counts.heard_at = now
        return True


def _is_for(packet: UserPacket, ack: Ack) -> bool:
    return ack.id == packet.id and ack.endpoint == packet.endpoint


def _is_for_fence(fence: Fence | None, ack: Ack) -> bool:
    """Return whether an acknowledgement is that of a fence; not if the session then goes another way."""
    return fence is not None and not ack.endpoint and ack.id in fence.pending and not fence.is_spent
