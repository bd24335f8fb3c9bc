"""python -m sioclient: see ``sioclient.cli``."""

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())  # pragma: no cover - in another process, where the contract's tests run it
