"""Changes a module in many small ways, and says which changes its own tests do not notice.

``python -m tests.mutate sioclient/protocol/outbox.py`` prints the survivors as differences, and the score. The tests
are those that the module's coverage is measured by: see ``coverage_by_module``.

mutmut makes the changes. It works on a copy of the repository, as it writes into the folder that it runs in. It does
not change what stands outside of functions, nor functions with decorators: a constant or a property has to be changed
by hand. Cosmic Ray changes those too, but it took 150 s for the outbox, where mutmut takes 8 s, as it starts an
interpreter for each change; and 33 of its 45 survivors were changes of annotations, which nothing can notice.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.coverage_by_module import ROOT, own_tests

SETTINGS = """\
[mutmut]
source_paths=sioclient
only_mutate={module}
also_copy={copied}
pytest_add_cli_args_test_selection={tests}
pytest_add_cli_args=--numprocesses=0
    -p
    no:cacheprovider
"""

NOTICED = {"killed", "timeout", "segfault", "suspicious"}
"""What mutmut calls the end of tests that did not pass."""

_RESULT = re.compile(r"\s*(\S+__mutmut_[0-9]+): ([a-z ]+)")


def main() -> int:
    """Print what survives of the changes of each module that is named; return 1 if mutmut did not run."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate")
    parser.add_argument("modules", nargs="+", metavar="MODULE", help="such as sioclient/protocol/outbox.py")
    failed = 0
    for name in parser.parse_args().modules:
        module = Path(name).resolve().relative_to(ROOT).as_posix()
        with tempfile.TemporaryDirectory() as folder:
            failed += not mutate(module, Path(folder))
    return int(failed > 0)


def mutate(module: str, folder: Path) -> bool:
    """Print the survivors of one module and its score."""
    copy_repository(folder)
    names = own_tests(module.removeprefix("sioclient/")).split("|")
    tests = [f"tests/{name}" for name in names]
    missing = [test for test in tests if not (folder / test).exists()]
    if missing:
        print(f"{module}: {missing[0]} should have its tests, and is not there")
        return False
    copied = [path.name for path in folder.iterdir() if path.name not in ("sioclient", "setup.cfg")]
    settings = SETTINGS.format(module=module, copied="\n    ".join(copied), tests="\n    ".join(tests))
    (folder / "setup.cfg").write_text(settings, encoding="utf-8")
    done = run(folder, "run")
    outcomes = dict(_RESULT.findall(run(folder, "results", "--all", "true").stdout))
    if not outcomes or "not checked" in outcomes.values():
        print(f"{module}: mutmut did not run, or the tests do not pass\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return False
    survivors = [name for name, outcome in outcomes.items() if outcome not in NOTICED]
    in_texts = 0
    for name in survivors:
        change = changed_lines(run(folder, "show", name).stdout)
        if is_in_a_text(change):
            in_texts += 1
        else:
            print(f"{name}: {outcomes[name]}", *change, sep="\n", end="\n\n")
    noticed, count = len(outcomes) - len(survivors), len(outcomes) - in_texts
    print(f"{module}: {noticed} of {count} changes noticed, {noticed / count:.0%}, and {in_texts} in texts not counted")
    return True


def changed_lines(difference: str) -> list[str]:
    return [line for line in difference.splitlines() if re.match(r"[-+](?![-+]{2})", line)]


def is_in_a_text(change: list[str]) -> bool:
    """Return whether only the words of a message changed, which tests hold in part at most."""
    before, after = ("".join(line[1:] for line in change if line[0] == sign) for sign in "-+")
    return before.casefold() == after.replace("XX", "").casefold()


def copy_repository(folder: Path) -> None:
    """Copy what git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run mutmut in a folder."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
