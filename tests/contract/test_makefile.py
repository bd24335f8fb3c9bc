"""What make does to the environment of a checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.contract.examples import ROOT
from tests.waiting import PATIENCE


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_an_environment_behind_a_link_is_not_cleared(tmp_path):
    """A worktree may share that of another: ``venv --clear`` follows the link, and empties it for all."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "precious").touch()
    (tmp_path / ".venv").symlink_to("shared")
    for name in ("setup.py", "pyproject.toml"):
        (tmp_path / name).touch()
    command = ["make", "-f", ROOT / "Makefile", "docs", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode != 0
    assert ".venv is a link" in done.stderr
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["precious"]
