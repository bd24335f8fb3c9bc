"""One module per revision of the protocol: the wire grammar, URLs, payload framing, heartbeat numbers.

``base`` says what a revision is; everything outside this package works with any of them. ``rewriting`` is for when a
server of one takes the place of a server of another.

============  ==========================================  ==================================================
revision      servers                                     its grammar
============  ==========================================  ==================================================
1             socket.io 0.7 to 0.9                        ``revision1``, ``packets1``, ``payload1``
4             socket.io 1.x and 2.x                       ``engine3``, ``packets4``, in ``engine``
5             socket.io 3.x and 4.x, python-socketio 5    ``engine4``, ``packets5``, in ``engine``
none          Engine.IO alone                             ``engine3`` or ``engine4``, ``plain``, in ``engine``
not known     whoever answers                             ``unknown``
============  ==========================================  ==================================================
"""

from .base import Handshake, Revision
from .engine import engine_alone, revision4, revision5
from .revision1 import Revision1
from .unknown import UnknownRevision

__all__ = ["Handshake", "Revision", "Revision1", "UnknownRevision", "engine_alone", "revision4", "revision5"]
