"""One module per revision of the protocol: the wire grammar, URLs, payload framing, heartbeat numbers.

``base`` says what a revision is; everything outside this package works with any of them.
"""

from .base import Handshake, Revision
from .revision1 import Revision1

__all__ = ["Handshake", "Revision", "Revision1"]
