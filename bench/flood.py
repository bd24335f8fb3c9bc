"""The server of the measures: flood.c, compiled where it is needed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("flood.c")


@contextmanager
def flood_server() -> Iterator[int]:
    """Run the server, and yield its port."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise SystemExit("bench needs a C compiler (cc), for a server that is faster than what it measures")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "flood"
        subprocess.run([compiler, "-O2", "-o", program, SOURCE], check=True)
        with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            yield int(process.stdout.readline().split()[1])
            process.kill()
