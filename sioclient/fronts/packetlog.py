"""Every packet in the log, at DEBUG: ``> 42["sum",1,2]`` was written, ``< 43[3]`` was read.

What comes from a server is untrusted: its control characters are escaped, and it is cut. What may be secret is masked:
the data and the query with which an endpoint is joined, and the ids of sessions.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import partial

from ..protocol.framing import Frame

MOST_SHOWN = 200
"""Characters of a packet that are shown."""

_MOST_MASKED = 2000
"""Characters of a packet that are looked at for secrets: what follows is not shown, however short the mask is."""

_MASKS = (
    # The open packet of Engine.IO.
    (re.compile(r'(0\{.*?"sid"\s*:\s*")[^"]*', re.DOTALL), r"\g<1>***"),
    # A join of revision 4 or 5, or its confirmation: an endpoint, then a query or data, both of them secret.
    (re.compile(r"(40(?:/[^,?]*)?)(?:([?,])(?=.)|(?=\{)).*", re.DOTALL), r"\g<1>\g<2>***"),
    # A join of revision 1.
    (re.compile(r"(1:[^:]*:[^?]*\?).*", re.DOTALL), r"\g<1>***"),
)
_JOIN_IN_MSGPACK = b"\xa4type\x00"


class PacketLog:
    """Shows packets.

    Args:
        logger: where they are shown.
        is_for_caller: see ``Guard.is_for_caller``.

    Attributes:
        is_on: returns whether anybody wants to see them, in one look-up: it is asked for each read and each write.
    """

    def __init__(self, logger: logging.Logger, is_for_caller: Callable[[BaseException], bool]) -> None:
        self._logger, self._is_for_caller = logger, is_for_caller
        self.is_on = partial(logger.isEnabledFor, logging.DEBUG)

    def show(self, mark: str, frames: Sequence[Frame]) -> None:
        """Show frames: ``>`` marks those that are written, ``<`` those that were read.

        What a handler of the log raises changes nothing for the connection; Ctrl-C passes.
        """
        try:
            for frame in frames:
                self._logger.debug("%s %s", mark, shown(frame))
        except BaseException as problem:
            if self._is_for_caller(problem):
                raise


def shown(frame: Frame) -> str:
    """Return a frame as the log has it: masked, cut, and in printable characters."""
    if isinstance(frame, bytes):
        is_join = _JOIN_IN_MSGPACK in frame
        return f"{len(frame)} bytes" + ("" if is_join else f": {frame[:MOST_SHOWN]!r}"[:MOST_SHOWN])
    text = frame[:_MOST_MASKED]
    for pattern, mask in _MASKS:
        match = pattern.match(text)
        if match is not None:
            text = match.expand(mask) + text[match.end() :]
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: MOST_SHOWN + 1])
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
