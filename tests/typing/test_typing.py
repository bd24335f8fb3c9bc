"""What users write passes strict type checkers, and what they write wrong does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from .checkers import HERE, LIMIT, CheckerUnavailable, Found, mypy, pyright

pytestmark = pytest.mark.timeout(2 * LIMIT)

CHECKERS = {"mypy": mypy, "pyright": pyright}
RIGHT, WRONG = sorted((HERE / "right").glob("*.py")), sorted((HERE / "wrong").glob("*.py"))
JSON_MODULES = ("orjson", "simplejson")


def can_check(program: Path) -> bool:
    """Return whether what a program imports is installed."""
    name = program.stem.removeprefix("json_")
    return name not in JSON_MODULES or importlib.util.find_spec(name) is not None


@pytest.fixture(scope="module", params=CHECKERS)
def found(request, tmp_path_factory) -> Found:
    """What a checker finds in all programs, in one go: most of its time goes into reading the library."""
    programs = [program for program in (*RIGHT, *WRONG) if can_check(program)]
    try:
        return CHECKERS[request.param](programs, tmp_path_factory.mktemp("typing"))
    except CheckerUnavailable as problem:
        pytest.skip(str(problem))


@pytest.mark.parametrize("program", RIGHT, ids=lambda program: program.stem)
def test_right_program_passes(program, found):
    if not can_check(program):
        pytest.skip(f"{program.stem.removeprefix('json_')} is not installed")
    assert found.get(program.name, {}) == {}


@pytest.mark.parametrize("program", WRONG, ids=lambda program: program.stem)
def test_each_mistake_of_a_wrong_program_is_found(program, found):
    lines = program.read_text(encoding="utf-8").splitlines()
    wrong = [number for number, line in enumerate(lines, 1) if line.endswith("# wrong")]
    assert sorted(found.get(program.name, {})) == wrong
