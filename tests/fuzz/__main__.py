"""Fuzz every target for its share of the seconds given: python -m tests.fuzz [SECONDS [TARGET ...]]."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).resolve().parent / "corpus"


def fuzz(name: str, seconds: int, folder: str) -> None:
    """Run one target in this process, which atheris ends."""
    import atheris

    with atheris.instrument_imports(include=["sioclient.protocol", "sioclient.server", "sioclient.transports"]):
        import importlib

        for module in [module for module in sys.modules if module.startswith(("sioclient", "tests"))]:
            del sys.modules[module]
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    # New inputs go to the first folder, which is thrown away; a crash is written where we are.
    options = [
        f"-max_total_time={seconds}",
        "-max_len=4096",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
    ]
    atheris.Setup([name, *options, folder, str(CORPUS / name)], targets[name])
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Run the targets one after the other; return 1 if one of them has found something."""
    seconds = int(arguments[0]) if arguments else 60
    names = arguments[1:] or list(TARGETS)
    try:
        import atheris  # noqa: F401
    except ImportError:
        print(
            "Fuzzing is skipped: atheris is not installed (pip install -e .[fuzz]; it has no wheel for every Python)."
        )
        return 0
    total, share = 0, max(seconds // len(names), 1)
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            program = f"from tests.fuzz.__main__ import fuzz; fuzz({name!r}, {share}, {folder!r})"
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        executed = re.search(r"stat::number_of_executed_units: *(\d+)", done.stderr)
        if done.returncode:
            print(done.stdout, done.stderr, f"{name}: something was found", sep="\n")
            return 1
        total += int(executed[1]) if executed else 0
        print(f"{name}: {int(executed[1]) if executed else 0:,} executions in {share} s, nothing found", flush=True)
    print(f"{total:,} executions in all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
