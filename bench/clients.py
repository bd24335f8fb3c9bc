"""The clients that are measured: an adapter of twenty lines for each, in an environment of its own where pins clash.

To add one: write ``adapters/NAME.py`` with a class ``Client`` like those there, and a line in ``CLIENTS``. One that
speaks several revisions of the protocol finds the one to speak in its attribute ``revision``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from .cores import core_of

HERE = Path(__file__).resolve().parent
LIMIT = 120.0
"""Seconds that a measure may take."""

Figures = dict[str, float]


class Unavailable(Exception):
    """A client cannot run here; the text says why."""


@dataclass(frozen=True)
class Client:
    """A client in a process of its own for each measure.

    Attributes:
        name: its adapter's.
        title: what the table calls it.
        packages: what pip installs for it, in an environment of its own; none: that of this program.
    """

    name: str
    title: str
    packages: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """The name of its environment."""
        return self.name

    @property
    def python(self) -> str:
        return str(HERE / ".env" / self.home / "bin" / "python") if self.packages else sys.executable

    def prepare(self) -> None:
        """Install what is missing, or raise Unavailable."""
        stamp = HERE / ".env" / self.home / "ready"
        if not self.packages or (stamp.exists() and stamp.read_text() == repr(self.packages)):
            return
        print(f"installing {', '.join(self.packages)}", file=sys.stderr)
        venv.create(HERE / ".env" / self.home, clear=True, with_pip=True)
        _install([self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *self.packages])
        stamp.write_text(repr(self.packages))

    def command(self) -> list[str]:
        return [self.python, "-m", "bench.measures", self.name]

    def run(self, measure: str, port: int, revision: int, numbers: tuple[float, ...]) -> Figures | None:
        """Return the figures of one measure; None: this client cannot be measured like this."""
        command = [*self.command(), measure, str(port), str(revision), *map(str, numbers)]
        try:
            with core_of("client"):
                done = subprocess.run(
                    command, cwd=HERE.parent, capture_output=True, text=True, timeout=LIMIT, check=False
                )
        except subprocess.TimeoutExpired:
            print(f"\n{self.name} {measure}: nothing after {LIMIT:g} s", file=sys.stderr)
            return None
        if done.returncode:
            print(f"\n{self.name} {measure}: {done.stderr[-500:]}", file=sys.stderr)
            return None
        figures: Figures = json.loads(done.stdout.splitlines()[-1])
        return figures


class NodeClient(Client):
    """A client on Node."""

    def prepare(self) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise Unavailable("there is no npm")
        if not (HERE / "node_modules" / ".package-lock.json").exists():
            _install([npm, "ci"])

    def command(self) -> list[str]:
        return ["node", str(HERE / "measures.js"), self.name]


def _install(command: list[str]) -> None:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)} failed: {done.stderr[-500:]}")


CLIENTS: dict[str, Client] = {
    client.name: client
    for client in (
        Client("raw", "raw websocket-client"),
        Client("sioclient", "sioclient"),
        Client("sioclient_orjson", "sioclient, orjson and numpy"),
        Client("socketio_client", "socketIO-client 0.5.7.4", ("socketIO-client==0.5.7.4", "websocket-client==1.9.0")),
        Client("python_socketio", "python-socketio 5", ("python-socketio[client]>=5.13,<6",)),
        NodeClient("js_0_9", "JS 0.9.17"),
        NodeClient("js_4", "JS 4.8"),
        Client("websockets_sync", "websockets 17, sync", ("websockets==17.4", "websocket-client==1.9.2")),
    )
}
