"""Source distributions from the registry, for what only they have; they stay in a cache beside this file."""

from __future__ import annotations

import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from .process import run

CACHE = Path(__file__).resolve().parent / ".sdists"


def sdist(name: str, version: str, sha256: str) -> Path:
    """Return the folder of an unpacked source distribution.

    Raises:
        ServerUnavailable: it cannot be had here.
    """
    unpacked = CACHE / f"{name}-{version}"
    if not unpacked.is_dir():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            wanted = Path(folder, "wanted.txt")
            wanted.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            run([*download, "--no-binary", ":all:", "--dest", folder, "-r", wanted])
            with tarfile.open(Path(folder, f"{name}-{version}.tar.gz")) as archive:
                archive.extractall(folder, filter="data")
            with suppress(OSError):  # another process of the tests was faster
                Path(folder, unpacked.name).rename(unpacked)
    return unpacked
