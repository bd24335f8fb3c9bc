"""The servers that ``bench.server`` measures, each with the generation of clients that it is measured with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass

from .clients import HERE, LIMIT, Client, Figures, Unavailable
from .cores import core_of
from .servers import LEGACY, MODERN, MODULES, Started, running

OTHERS = ("python-socketio>=5.13,<6", "uvicorn[standard]>=0.30", "tornado>=6.5")
"""uvicorn with its loop and its parser in C, and what sioclient.server needs to run under it."""


@dataclass(frozen=True)
class Peer(Client):
    """A server in a process of its own for each measure.

    Attributes:
        revision: the generation of its clients.
        program: the module of ``bench.served`` and its arguments.
    """

    revision: int = 5
    program: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        return "server"

    def command(self) -> list[str]:
        module, *arguments = self.program
        return [self.python, "-m", f"bench.served.{module}", *arguments]

    def measure(self, function: str, numbers: tuple[float, ...]) -> Figures | None:
        """Return the figures of one measure with a new server; None: it cannot be measured like this."""
        with running(self.command(), cwd=HERE.parent) as server:
            command = [sys.executable, "-m", "bench.server_measures", function, *self._arguments(server, numbers)]
            with core_of("client"):
                done = subprocess.run(
                    command, cwd=HERE.parent, capture_output=True, text=True, timeout=LIMIT, check=False
                )
        if done.returncode:
            print(f"\n{self.name} {function}: {done.stderr[-500:]}", file=sys.stderr)
            return None
        figures: Figures = json.loads(done.stdout)
        return figures

    def _arguments(self, server: Started, numbers: tuple[float, ...]) -> list[str]:
        return [str(number) for number in (server.port, server.pid, self.revision, *numbers)]


class NodePeer(Peer):
    """A server on Node."""

    def prepare(self) -> None:
        if shutil.which("node") is None or not (MODULES / self.program[0]).exists():
            raise Unavailable("it is not installed: run python -m tests.servers")

    def command(self) -> list[str]:
        return ["node", str(HERE / "served" / "node.js"), json.dumps({"folder": self.program[0]})]


FLOOR = "python_socketio"

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(FLOOR, "python-socketio, uvicorn", OTHERS, 5, ("python_socketio",)),
        Peer("python_socketio_plain", "python-socketio, uvicorn plain", OTHERS, 5, ("python_socketio", "plain")),
        Peer("sioclient_5", "sioclient, 3.x and 4.x", (), 5, ("ours",)),
        Peer("sioclient_4", "sioclient, 1.x and 2.x", (), 4, ("ours",)),
        Peer("sioclient_1", "sioclient, 0.9", (), 1, ("ours",)),
        Peer("sioclient_5_uvloop", "sioclient, 3.x and 4.x, uvloop", OTHERS, 5, ("ours", "uvloop")),
        Peer("sioclient_4_uvloop", "sioclient, 1.x and 2.x, uvloop", OTHERS, 4, ("ours", "uvloop")),
        Peer("sioclient_1_uvloop", "sioclient, 0.9, uvloop", OTHERS, 1, ("ours", "uvloop")),
        Peer("sioclient_asgi", "sioclient, 3.x and 4.x, uvicorn", OTHERS, 5, ("ours", "asgi")),
        NodePeer("node_4_8", "socket.io 4.8.1", (), 5, (MODERN,)),
        NodePeer("node_0_9", "socket.io 0.9.19", (), 1, (LEGACY,)),
    )
}
