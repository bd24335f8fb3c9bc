"""Every example of the pages in docs/ runs, against a real server, and prints what stands below it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from contextlib import ExitStack

import pytest

from tests.cli.conftest import served
from tests.conftest import start
from tests.contract.examples import PYTEST, ROOT, examples_of, matches, placed, printed_by, put, put_programs, run_here
from tests.contract.given import GIVEN
from tests.contract.parts import Parts
from tests.servers.process import free_port
from tests.waiting import PATIENCE

__all__ = ["served"]

ELSEWHERE = {"cli.md", "migration.md", "compat.md", "aio.md", "_build"}
"""Pages whose examples another test runs."""

PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if not ELSEWHERE & set(path.parts)]


def examples(given):
    """Return the examples that a table gives something, or the others, as parameters of a test."""
    return [
        pytest.param(page.relative_to(ROOT / "docs").as_posix(), example, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, example in enumerate(examples_of(page), 1)
        if example.how.startswith("given ") == given
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
                    put(made[page] / name, placed(example.code, ports(example.code)))
        return made[page]

    return folder


@pytest.fixture
def ports(request, served):
    """Return the ports for an example; what needs Node is skipped without it."""

    def find(code):
        modern = request.getfixturevalue("modern") if "3000" in code else 0
        return {"8000": served[0].port, "3000": modern, "8001": free_port()}

    return find


@pytest.fixture(scope="module")
def parts(tmp_path_factory, served):
    with ExitStack() as running:
        yield Parts(tmp_path_factory.mktemp("parts"), *served, running)


@pytest.fixture
def no_proxies(monkeypatch):
    """Take away the proxies of the environment."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def needs(code, folder):
    """Skip an example if it imports what neither is installed nor stands above it."""
    above = {path.stem for path in folder.iterdir()}
    for name in re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE):
        if importlib.util.find_spec(name) is None and name not in above:
            pytest.skip(f"{name} is not installed")


def printed_in_shell(block, folder):
    """Return a block of a console with what its commands print here."""
    for program in ["bash", *re.findall(r"\bcurl\b", block)]:
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    lines = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command = part.partition("\n")[0]
        lines.append(f"$ {command}\n{printed_by(['bash', '-c', command], folder)}")
    return "".join(lines)


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize(("page", "example"), examples(given=False))
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
    needs(code, folder)
    file = folder / (name or "program.py")
    put(file, code)
    if how == "file":
        return
    if how == "here":
        run_here(code, page)
        printed = capsys.readouterr().out
    else:
        words = [*PYTEST, "--rootdir", folder] if how == "pytest" else []
        printed = printed_by([sys.executable, *words, file], folder)
    assert matches(printed, expected), printed


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize(("page", "example"), examples(given=True))
def test_an_example_that_is_given_parts(ports, folders, parts, page, example):
    folder = folders(page, ports)
    needs(example.code, folder)
    with GIVEN[example.how.removeprefix("given ")](parts) as given:
        at = ports(example.code)
        printed = given.run(placed(given.placed(example.code), at), folder)
        assert matches(printed, placed(example.printed, at) + given.prints), printed


def test_each_thing_that_is_given_is_used():
    named = [example.values[1].how.removeprefix("given ") for example in examples(given=True)]
    assert set(named) == set(GIVEN)
