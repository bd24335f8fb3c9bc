"""A soak of the whole: three processes of the server behind HAProxy, Redis, and clients of four generations.

Every few seconds a process is killed, or Redis starts again. Every event has a number, and the account says who heard
it. It ends with status 1 if an event came twice or out of order, or was lost though there was no fault; or if a client
did not come back. make soak-cluster; see --help.
"""

from __future__ import annotations

import argparse
import resource
import sys

from .programs import missing
from .soak import Plan, soak


def _raise_limit() -> None:
    """Let all programs have as many descriptors as the system allows: a client takes two in HAProxy."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--clients", type=int, default=2000, help="in all")
    parser.add_argument("--processes", type=int, default=3, help="processes that the clients are in")
    parser.add_argument("--seconds", type=float, default=600, help="how long they talk")
    parser.add_argument("--pause", type=float, default=60, help="seconds between two events of a client")
    parser.add_argument("--seed", type=int, default=1, help="which faults come when")
    options = parser.parse_args()
    if (reason := missing()) is not None:
        print(reason, file=sys.stderr)
        return 2
    _raise_limit()
    account, _ = soak(Plan(**vars(options)))
    print(account)
    return 0 if account.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
