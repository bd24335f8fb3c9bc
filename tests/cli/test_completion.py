"""sioclient completion: scripts that each shell takes, and what they complete."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from sioclient.cli.commands import SUMMARIES
from sioclient.cli.shells import SCRIPTS


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_script_names_all_commands_and_options(run, shell):
    outcome = run("completion", shell)
    assert (outcome.status, outcome.err) == (0, "")
    for name in SUMMARIES:
        assert name in outcome.out
    for option in ("wait-ack", "retry", "namespace", "speed", "until-ack"):
        assert option in outcome.out


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_shell_takes_the_script(run, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    done = subprocess.run(
        [shell, "-n"], input=run("completion", shell).out, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_other_shells_are_named_as_unknown(run):
    outcome = run("completion", "tcsh")
    assert outcome == (2, "", "sioclient: SHELL must be one of bash, zsh, fish, not 'tcsh'\n")


@pytest.fixture
def completed(run, tmp_path):
    """Return what bash completes behind some words."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    script = run("completion", "bash").out
    (tmp_path / "file.json").write_text("")

    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in ("sioclient", *words))
        typed = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words)}"
        program = f"{script}\n{typed}; _sioclient; echo ${{COMPREPLY[@]}}"
        done = subprocess.run(["bash", "-c", program], cwd=tmp_path, text=True, capture_output=True, check=True)
        return done.stdout.split()

    return complete


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["li"], ["listen"]),
        (["re"], ["record", "replay"]),
        (["--v"], ["--version"]),
        (["emit", "--wa"], ["--wait-ack"]),
        (["-v", "emit", "url", "--s"], ["--send"]),
        (["emit", "-t", "web"], ["websocket"]),
        (["listen", "--revision", ""], ["1", "4", "5"]),
        (["connect", "--parser", ""], ["msgpack"]),
        (["emit", "-n", ""], []),
        (["replay", "url", "fi"], ["file.json"]),
        (["emit", "url", "event", "@fi"], ["file.json"]),
        (["emit", "url", "event", "@", "fi"], ["file.json"]),
        (["emit", "--cacert", "fi"], ["file.json"]),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_bash_completes(completed, words, found):
    assert completed(*words) == found


def test_fish_completes(run):
    if shutil.which("fish") is None:
        pytest.skip("needs fish")
    program = run("completion", "fish").out + "\ncomplete -C 'sioclient lis'; complete -C 'sioclient emit --wa'"
    done = subprocess.run(["fish", "-N", "-c", program], text=True, capture_output=True, check=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["listen", "--wait-ack"]
