"""The real servers on Python 2.7: where there is one, TornadIO2 is put into a folder of its own beside this file."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

from .process import ServerProcess, ServerUnavailable, run

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "python2.7.txt"
PACKAGES = HERE / ".python2.7"  # with its dot, no tool looks for our tests or sources in it
STAMP = PACKAGES / ".sioclient-lock"


@cache
def find_python() -> Path:
    """Return a Python 2.7 of this machine, on the PATH or among those of pyenv.

    Raises:
        ServerUnavailable: there is none.
    """
    for candidate in [shutil.which("python2.7"), *_managed_by_pyenv()]:
        try:
            if candidate:
                # A shim of pyenv is there for each version, and runs only those that were chosen.
                return Path(run([candidate, "-c", "import sys; sys.stdout.write(sys.executable)"]))
        except ServerUnavailable:
            continue
    raise ServerUnavailable("TornadIO2 needs Python 2.7, and there is none on this machine")


def _managed_by_pyenv() -> list[Path]:
    if not shutil.which("pyenv"):
        return []
    versions = [name for name in run(["pyenv", "versions", "--bare"]).split() if name.startswith("2.7")]
    return [Path(run(["pyenv", "prefix", name]).strip()) / "bin" / "python2.7" for name in versions]


def install() -> None:
    """Install what ``python2.7.txt`` names.

    Raises:
        ServerUnavailable: it did not work.
    """
    python, wanted = find_python(), REQUIREMENTS.read_text()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    print(f"Installing TornadIO2 for {python}.", flush=True)
    shutil.rmtree(PACKAGES, ignore_errors=True)
    run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", PACKAGES, "-r", REQUIREMENTS])
    STAMP.write_text(wanted)


class Python27Server(ServerProcess):
    """One of the scripts beside this file that Python 2.7 runs.

    Args:
        script: the file's name.
        settings: what the script is told.

    Raises:
        ServerUnavailable: Python 2.7 or its packages are not here.
    """

    def __init__(self, script: str, **settings: Any) -> None:
        python = find_python()
        if not STAMP.exists():
            raise ServerUnavailable("TornadIO2 is not installed: run python -m tests.servers")
        super().__init__([python, HERE / script], settings, {"PYTHONPATH": str(PACKAGES)})
