"""The type checkers: where they are, how to run them, and on which lines they find something wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.servers.node import find_node

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYRIGHT = HERE / "node_modules" / "pyright" / "index.js"

LIMIT = 300.0
"""Seconds that a type checker may take."""

Found = dict[str, dict[int, str]]
"""What was found, by the name of the file and the line."""

_MYPY = re.compile(r"(?P<file>.+?):(?P<line>\d+): error: (?P<text>.*)")


class CheckerUnavailable(Exception):
    """A type checker is not here."""


def mypy(programs: Sequence[Path], cache: Path) -> Found:
    """Return what ``mypy --strict`` finds in programs."""
    if importlib.util.find_spec("mypy") is None:
        raise CheckerUnavailable("mypy is not installed")
    options = [
        "--strict",
        "--config-file",
        os.devnull,
        "--cache-dir",
        str(cache),
        "--python-executable",
        sys.executable,
    ]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = _run([sys.executable, "-m", "mypy", *options, *map(str, programs)], {"MYPYPATH": path})
    found: Found = {}
    for line in done.stdout.splitlines():
        match = _MYPY.fullmatch(line)
        if match is not None:
            found.setdefault(Path(match["file"]).name, {})[int(match["line"])] = match["text"]
    assert done.returncode == (1 if found else 0), done.stdout + done.stderr
    return found


def pyright(programs: Sequence[Path], cache: Path) -> Found:
    """Return what pyright finds in programs in its strict mode."""
    node = find_node()
    if node is None or not PYRIGHT.exists():
        raise CheckerUnavailable("pyright is not installed: run python -m tests.typing")
    settings = {
        "extraPaths": [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))],
        "typeCheckingMode": "strict",
    }
    for source in programs:
        shutil.copy(source, cache)
    (cache / "pyrightconfig.json").write_text(json.dumps(settings))
    done = _run(
        [str(node.program), str(PYRIGHT), "--project", str(cache), "--pythonpath", sys.executable, "--outputjson"], {}
    )
    report, found = json.loads(done.stdout), Found()
    assert report["summary"]["filesAnalyzed"] == len(programs), done.stdout + done.stderr
    for problem in report["generalDiagnostics"]:
        line = problem["range"]["start"]["line"] + 1 if "range" in problem else 0
        found.setdefault(Path(problem["file"]).name, {})[line] = problem["message"]
    return found


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
