"""The pages say what is there: every id once, every test by its name, every public name in the reference."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from docs.site import problems

ROOT = Path(__file__).resolve().parent.parent
FAULTS, PROTOCOL = "docs/faults.md", "docs/protocol.md"
LAST = {"D": 9, "S": 16, "F": 58}
"""The last number of each letter: promises, security goals, faults."""

IDS = [f"{letter}{number}" for letter, last in LAST.items() for number in range(1, last + 1)]

_ROW = re.compile(r"^\*\*([DSF][0-9]+)\. ", re.MULTILINE)
_RULE = re.compile(r"^- \*\*([REG][0-9]+)\. ", re.MULTILINE)
_CITED_RULE = re.compile(r"\b[REG][0-9]+\b")
_CITED_TEST = re.compile(r"\b(tests/[\w/]+\.py)::(\w+)")
_OF_ROWS = re.compile(r"test_((?:[dsf][0-9]+_)+)")
_MOST_COLUMNS = 120


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def duplicates(ids: list[str]) -> list[str]:
    return [name for name, count in Counter(ids).items() if count > 1]


def rows(document: str) -> dict[str, str]:
    """Return the text of each row, up to the next row or heading, by its id."""
    _, *parts = _ROW.split(document)
    named = zip(parts[::2], parts[1::2], strict=True)
    return {name: re.split(r"^#", body, flags=re.MULTILINE)[0] for name, body in named}


@cache
def names(path: str) -> frozenset[str]:
    """Return what a file of tests defines: functions, classes, and test cases that hypothesis makes."""
    if not (ROOT / path).is_file():
        return frozenset()
    tree = ast.parse(text(path))
    defined = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    assigned = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return frozenset(defined | {target.id for target in assigned if isinstance(target, ast.Name)})


def missing_tests(document: str) -> list[str]:
    """Return the tests that a document cites and that do not exist."""
    return [f"{path}::{name}" for path, name in _CITED_TEST.findall(document) if name not in names(path)]


def rows_of(test: str) -> list[str]:
    """Return the ids that the name of a test begins with: of test_s01_f26_..., S1 and F26."""
    found = _OF_ROWS.match(test)
    return [f"{part[0].upper()}{int(part[1:])}" for part in found[1].split("_")[:-1]] if found else []


def uncited_tests(document: str) -> list[str]:
    """Return the tests that are named after a row and do not stand under it."""
    found, uncited = rows(document), []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        where = path.relative_to(ROOT).as_posix()
        for test in sorted(names(where)):
            cited = f"{where}::{test}"
            uncited += [f"{row}: {cited}" for row in rows_of(test) if not re.search(rf"{cited}\b", found.get(row, ""))]
    return uncited


def unproven_rows(document: str) -> list[str]:
    """Return the rows that neither cite a test nor say that there is none."""
    said = {name: " ".join(body.lower().split()) for name, body in rows(document).items()}
    return [name for name, body in said.items() if "::test" not in body and "no test yet" not in body]


def test_every_row_stands_in_the_list_once():
    found = _ROW.findall(text(FAULTS))
    assert duplicates(found) == []
    assert sorted(found) == sorted(IDS)


def test_every_row_has_a_test_or_says_that_it_has_none():
    assert unproven_rows(text(FAULTS)) == []


def test_every_test_that_is_cited_exists():
    document = text(FAULTS)
    assert len(_CITED_TEST.findall(document)) > 100
    assert missing_tests(document) == []


def test_every_test_named_after_a_row_stands_under_it():
    assert uncited_tests(text(FAULTS)) == []


def test_every_rule_has_a_number_of_its_own():
    found = _RULE.findall(text(PROTOCOL))
    assert duplicates(found) == []
    for letter in "REG":
        numbers = [int(name[1:]) for name in found if name[0] == letter]
        assert numbers == list(range(1, len(numbers) + 1)), "in order, and none left out"


@pytest.mark.parametrize("name", [FAULTS, PROTOCOL])
def test_every_rule_that_is_cited_exists(name):
    cited = set(_CITED_RULE.findall(text(name)))
    assert cited <= set(_RULE.findall(text(PROTOCOL)))


@pytest.mark.parametrize("name", [FAULTS, PROTOCOL])
def test_no_line_is_too_long_to_read(name):
    assert [line for line in text(name).splitlines() if len(line) > _MOST_COLUMNS] == []


def test_links_have_a_text():
    """Sphinx takes the title of the page if there is none; a page on the web of its repository shows nothing."""
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    assert len(pages) > 20
    assert [path.name for path in pages if "[](" in path.read_text(encoding="utf-8")] == []


def test_missing_and_unknown_tests_are_found():
    known = "tests/test_docs.py::test_missing_and_unknown_tests_are_found"
    document = f"**F1. x** `{known}` and `tests/test_docs.py::test_no` and `tests/test_no.py::test_x`"
    assert missing_tests(document) == ["tests/test_docs.py::test_no", "tests/test_no.py::test_x"]


def test_uncited_tests_and_rows_without_tests_are_found():
    assert rows_of("test_s01_f26_a_certificate") == ["S1", "F26"]
    assert rows_of("test_figures") == []
    whole = text(FAULTS)
    cited = "tests/faults/test_network.py::test_f14_there_are_never_two_polls_at_once"
    without = whole.replace(cited, "nothing")
    assert uncited_tests(without) == [f"F14: {cited}"]
    assert unproven_rows(without) == ["F14"]
    assert duplicates(["F1", "F2", "F1"]) == ["F1"]


def is_there(module: str) -> bool:
    """Return whether this version has a module."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


PUBLIC = [
    "sioclient",
    "sioclient.protocol",
    "sioclient.server",
    *(name for name in ("sioclient.aio", "sioclient.compat.socketIO_client") if is_there(name)),
]
_MODULE = re.compile(r"^\.\. (?:currentmodule|module):: (.+)$")
_DIRECTIVE = re.compile(r"^\.\. (?:auto|py:)(?:class|function|exception|data|decorator):: (\S+)$")
_IN_TEXT = re.compile(r"``(\w+)``")


def documented() -> set[str]:
    """Return the names that the reference has a place for, with their modules."""
    found = set()
    for page in sorted((ROOT / "docs" / "reference").glob("*.rst")):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if named := _MODULE.match(line):
                module = named[1]
            if described := _DIRECTIVE.match(line):
                found.add(f"{module}.{described[1]}")
            found |= {f"{module}.{name}" for name in _IN_TEXT.findall(line)}
    return found


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_on_a_page(module):
    names = pytest.importorskip(module, exc_type=ImportError).__all__
    assert [name for name in names if f"{module}.{name}" not in documented()] == []


def test_every_name_for_locust_is_on_a_page():
    """Without an import: that of Locust has gevent patch this process."""
    tree = ast.parse(text("sioclient/locust.py"))
    exported = next(node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__")
    names = ast.literal_eval(exported.value)
    assert "SocketIOUser" in names
    assert [name for name in names if f"sioclient.locust.{name}" not in documented()] == []


def test_the_site_is_checked(tmp_path):
    (tmp_path / "a.html").write_text('<p id="x"><a href="b.html#y">1</a><a href="#x">2</a><a href="//e.org/">3</a>')
    (tmp_path / "b.html").write_text('<a name="y"></a><a href="a.html#z">4</a><a href="c.html">5</a><img src="c.png">')
    (tmp_path / "c.html").write_text('<script src="https://e.org/x.js"></script><link rel="canonical" href="//e.org">')
    assert list(problems(tmp_path)) == [
        "b.html: a.html#z leads nowhere",
        "b.html: c.png leads nowhere",
        "c.html: https://e.org/x.js comes from elsewhere",
        "searchindex.js is not there, so nobody can search",
    ]
