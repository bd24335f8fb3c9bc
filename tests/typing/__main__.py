"""python -m tests.typing: install pyright, which npm has, if this machine has Node."""

from __future__ import annotations

import sys

from tests.servers.node import find_node
from tests.servers.process import ServerUnavailable, run

from .checkers import HERE, PYRIGHT


def main() -> int:
    """Install it; without it, its tests are skipped."""
    found = find_node()
    if found is None or PYRIGHT.exists():
        return 0
    print("Installing pyright from npm.", flush=True)
    try:
        run([*found.npm, "ci"], cwd=HERE, path=found.program.parent)
    except ServerUnavailable as problem:
        print(f"pyright could not be installed, and its tests will be skipped. {problem}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
