"""Checks that flood.c acknowledges like a real server: sioclient writes no more before a fence was acknowledged.

A fence is a noop with an id. If flood.c acknowledged it earlier, later, or in another form than socket.io 0.9.19 does,
sending would be measured against a server that there is none of.
"""

from __future__ import annotations

from .adapters.raw import Client

FENCES = 40
"""Fences that are sent at once, with events between them: fewer than what one read of an old server may have."""


def acknowledgements(port: int) -> list[str]:
    """Return what a server acknowledges, in order, of fences with events and a question between them."""
    client = Client(port, {})
    for number in range(1, FENCES + 1):
        client.emit("note", "x" * 28)
        client.ws.send(f"8:{number}::")
    client.ws.send(client.frame("question", (), f"{FENCES + 1}+"))
    found: list[str] = []
    while len(found) <= FENCES:
        frame = client.ws.recv()
        if frame.startswith("6:"):
            found.append(frame)
    client.close()
    return found


def check(flood: int, real: int | None) -> str:
    """Compare flood.c with the real server; return what to say of it.

    Raises:
        SystemExit: they differ.
    """
    ours = acknowledgements(flood)
    if real is None:
        return "flood.c was not compared with a real server, which is not installed"
    theirs = acknowledgements(real)
    if ours != theirs:
        raise SystemExit(f"flood.c acknowledges unlike socket.io 0.9.19: {ours[-2:]} instead of {theirs[-2:]}")
    return f"flood.c acknowledges {FENCES} fences and a question as socket.io 0.9.19 does"
