"""python -m tests.servers: install every server that this machine can run, and say what is done.

socket.io 0.9.19 must be had, the others are welcome.
"""

from __future__ import annotations

import sys

from . import node, python27
from .process import ServerUnavailable


def main() -> int:
    """Install everything; return the exit status."""
    status = 0
    try:
        node.install()
        node.find_old_node()
    except ServerUnavailable as problem:
        required = not node.STAMP.exists()
        status = 1 if required else 0
        print(f"{'The real' if required else 'Some of the old'} servers could not be installed. {problem}", flush=True)
    try:
        python27.install()
    except ServerUnavailable as problem:
        print(f"TornadIO2 could not be installed. {problem}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
