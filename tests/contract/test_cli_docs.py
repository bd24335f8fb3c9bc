"""docs/cli.md shows what happens; and ``sioclient serve --example`` knows what the README and the guide ask for."""

from __future__ import annotations

import re
import shlex
import shutil
import sys

import pytest

from sioclient.cli.commands import SUMMARIES, parser_of
from sioclient.cli.failures import STATUSES
from tests.cli.conftest import plain_environment, run, served, type_in
from tests.conftest import start
from tests.contract.examples import ROOT, matches, placed, printed_by, put_programs, run_here
from tests.contract.test_migration import IN_ORDER, PRINTED, PROGRAMS
from tests.contract.test_migration import run as run_program
from tests.contract.test_readme import EXAMPLES
from tests.contract.test_readme import PRINTED as README
from tests.servers.process import free_port
from tests.waiting import PATIENCE

__all__ = ["plain_environment", "run", "served", "type_in"]

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def modern():
    with start("modern.js") as server:
        yield server.port


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the examples run, one after the other: some use the files of others. ``sioclient`` is in ``bin``."""
    return put_programs(tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="module")
def ports(served, modern):
    """The ports that there are here, by those on the page."""
    return {"8000": served[0].port, "3000": modern, "8001": free_port()}


def at_ports(text, ports):
    """Return a text of the page with the ports that there are here."""
    return re.sub(r"(?<=[ t]:)(8000|3000)|(?<=[ :])8001", lambda found: str(ports[found[0]]), text)


def commands_of(block):
    """Return the commands of an example, each with the lines that it prints."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(command, printed) for command, _, printed in (part.partition("\n") for part in parts)]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize("block", BLOCKS, ids=[block.partition("\n")[0][2:60] for block in BLOCKS])
def test_an_example_of_the_page(ports, folder, block, run, monkeypatch):
    monkeypatch.chdir(folder)
    for command, expected in commands_of(block):
        line = at_ports(command, ports)
        if re.search(r"[|&;<>$]| -v|='", line):
            printed = printed_by(["bash", "-c", line], folder)
        else:
            _, out, err = run(*shlex.split(line)[1:])  # which is faster
            printed = out + err
        assert matches(printed, at_ports(expected, ports)), f"{command}\n{printed}"


def test_the_commands_of_the_readme_run(served, run):
    text = (ROOT / "README.rst").read_text(encoding="utf-8")
    serve, *others = re.findall(r"^    sioclient (.+?)  +#", text, re.MULTILINE)
    assert serve == "serve --example"
    assert [command.split()[0] for command in others] == ["detect", "listen", "call"]
    for command in others:
        words = [
            *shlex.split(command.replace("8000", str(served[0].port))),
            *(["--count", "1"] * ("listen" in command)),
        ]
        assert run(*words).status == 0, command


def test_the_page_names_every_command_and_status():
    for name in SUMMARIES:
        assert f"`sioclient {name} " in PAGE or f"$ sioclient {name} " in PAGE or f"(sioclient {name} " in PAGE, name
    for status in re.findall(r"^ +(\d+) ", STATUSES, re.MULTILINE):
        assert f"| {status} |" in PAGE


def test_the_page_names_every_option_of_a_connection():
    flags = [flag for action in parser_of("emit").sections["Connection"] for flag in action.option_strings]
    assert [flag for flag in flags if flag.startswith("--") and f"`{flag}" not in PAGE] == [
        "--namespace",
        "--transport",
    ]


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize(("name", "code"), list(zip(README, EXAMPLES, strict=False)), ids=list(README))
def test_the_example_knows_what_the_readme_asks(served, capsys, code, name):
    run_here(placed(code, {"8000": served[0].port}), "README.rst")
    assert capsys.readouterr().out.splitlines() == README[name]


@pytest.mark.parametrize("folder", sorted(IN_ORDER))
def test_the_example_knows_what_the_guide_asks(served, folder):
    lines, errors = run_program([sys.executable, PROGRAMS / folder / "after.py"], served[0].port)
    assert (lines, errors) == (PRINTED[folder], "")
