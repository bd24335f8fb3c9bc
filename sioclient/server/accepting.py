"""Listening sockets that wait when the process has no descriptor left for another connection."""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from tornado.ioloop import IOLoop

from .logs import RateLimitedLog

PAUSE = 0.25
"""Seconds without accepting; connections wait in the backlog meanwhile."""

NONE_LEFT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class PatientSocket(socket.socket):
    """A listening socket for Tornado.

    Tornado lets ``accept`` raise when descriptors have run out, and the loop calls it again at once: a whole core and
    6,500 tracebacks a second were measured. So the loop is told to look at this socket again after a pause.
    """

    log: RateLimitedLog

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection.

        Raises:
            BlockingIOError: there is none, or no descriptor for it.
        """
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in NONE_LEFT:
                raise
            self._pause(error)
            raise BlockingIOError from error

    def _pause(self, error: OSError) -> None:
        loop = IOLoop.current()
        loop.update_handler(self, 0)
        loop.call_later(PAUSE, self._go_on, loop)
        self.log.write("no further connection can be accepted just now: %s", error)

    def _go_on(self, loop: IOLoop) -> None:
        if self.fileno() >= 0:  # else the server has stopped meanwhile
            loop.update_handler(self, IOLoop.READ)


def patient(listening: socket.socket) -> PatientSocket:
    """Return a socket in the place of one that listens."""
    taken = PatientSocket(listening.family, listening.type, listening.proto, listening.detach())
    taken.setblocking(False)
    taken.log = RateLimitedLog(time.monotonic)
    return taken
