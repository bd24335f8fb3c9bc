"""Every example of the pages in docs/ runs, against a real server, and prints what stands below it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys

import pytest

from tests.cli.conftest import served
from tests.conftest import start
from tests.contract.examples import PYTEST, ROOT, examples_of, matches, placed, printed_by, put_programs, run_here
from tests.servers.process import free_port
from tests.waiting import PATIENCE

__all__ = ["served"]

ELSEWHERE = {"cli.md", "migration.md", "compat.md", "aio.md", "locust.md", "_build"}
"""Pages whose examples another test runs."""

PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if not ELSEWHERE & set(path.parts)]
EXAMPLES = [
    pytest.param(page.relative_to(ROOT / "docs").as_posix(), example, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, example in enumerate(examples_of(page), 1)
]


@pytest.fixture(scope="module")
def modern():
    with start("modern.js") as server:
        yield server.port


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder for each page, with the files that are its examples: others of them use these."""
    made = {}

    def folder(page, ports):
        if page not in made:
            made[page] = put_programs(tmp_path_factory.mktemp("page"))
            for example in examples_of(ROOT / "docs" / page):
                how, _, name = example.how.partition(" ")
                if how == "file":
                    (made[page] / name).write_text(placed(example.code, ports(example.code)), encoding="utf-8")
        return made[page]

    return folder


@pytest.fixture
def ports(request, served):
    """Return the ports for an example; what needs Node is skipped without it."""

    def find(code):
        modern = request.getfixturevalue("modern") if "3000" in code else 0
        return {"8000": served[0].port, "3000": modern, "8001": free_port()}

    return find


def needs(code, folder):
    """Skip an example if it imports what neither is installed nor stands above it."""
    for name in re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE):
        if importlib.util.find_spec(name) is None and not (folder / f"{name}.py").exists():
            pytest.skip(f"{name} is not installed")


def printed_in_shell(block, folder):
    """Return a block of a console with what its commands print here."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    lines = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command = part.partition("\n")[0]
        lines.append(f"$ {command}\n{printed_by(['bash', '-c', command], folder)}")
    return "".join(lines)


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize(("page", "example"), EXAMPLES)
def test_an_example_of_a_page(ports, folders, monkeypatch, capsys, page, example):
    at = ports(example.code + example.printed)
    code, expected, folder = placed(example.code, at), placed(example.printed, at), folders(page, ports)
    monkeypatch.chdir(folder)
    how, _, name = example.how.partition(" ")
    if example.kind == "console":
        printed = printed_in_shell(code, folder)
        assert matches(printed, code), printed
        return
    compile(code, page, "exec")
    if how == "compile":
        return
    needs(code, folder)
    file = folder / (name or "program.py")
    file.write_text(code, encoding="utf-8")
    if how == "file":
        return
    if how == "here":
        run_here(code, page)
        printed = capsys.readouterr().out
    else:
        words = [*PYTEST, "--rootdir", folder] if how == "pytest" else []
        printed = printed_by([sys.executable, *words, file], folder)
    assert matches(printed, expected), printed
