"""Every example of the README runs, against a real server, and prints what it should; its links lead somewhere."""

from __future__ import annotations

import re
import sys

import pytest

from tests.contract.examples import PYTEST, ROOT, examples_of_rst, placed, printed_by, put_programs, run_here

README = ROOT / "README.rst"
EXAMPLES = examples_of_rst(README)
REPOSITORY = "https://github.com/sioclient/sioclient/blob/main/"
RAW = "https://raw.githubusercontent.com/sioclient/sioclient/main/"

PRINTED = {
    "program": ["3"],
    "script": ["the sum is 3"],
    "bot": ["weather Sun"],
    "functions": ["the server says hello", "weather Sun", "11"],
}
"""What each example prints, in the order of the README. The last one is a test."""


def test_every_example_is_known():
    assert len(EXAMPLES) == len(PRINTED) + 1


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize(("code", "name"), list(zip(EXAMPLES, PRINTED, strict=False)), ids=list(PRINTED))
def test_an_example(legacy, capsys, code, name):
    run_here(placed(code, {"8000": legacy}), README.name)
    assert capsys.readouterr().out.splitlines() == PRINTED[name]


def test_the_example_of_a_test_passes(tmp_path):
    file = put_programs(tmp_path) / "test_desk.py"
    file.write_text(EXAMPLES[-1], encoding="utf-8")
    printed = printed_by([sys.executable, *PYTEST, "--rootdir", tmp_path, file], tmp_path)
    assert "1 passed" in printed, printed


def test_links_and_images_work_on_other_sites():
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"<([^<>\s]+)>`_|^\.\. image:: (\S+)", text, re.MULTILINE)
    urls = [link or image for link, image in links]
    assert len(urls) > 10
    for url in urls:
        assert url.startswith((REPOSITORY, RAW)), url
        path, _, anchor = re.sub(f"^({REPOSITORY}|{RAW})", "", url).partition("#")
        assert (ROOT / path).is_file(), url
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings], url
