"""Says of each module what its own tests leave out; to be run after ``pytest --cov``.

A module's own tests are those of the file that mirrors it: of ``sioclient/protocol/acks.py``, the tests of
``tests/protocol/test_acks.py``. What everything else happens to run on the way does not count.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parent.parent

ELSEWHERE = {
    "__init__.py": "test_client.py",
    "assembly.py": "test_client.py",
    "errors.py": "test_connector.py",
    "protocol/client.py": "protocol/test_client.py|protocol/test_generations.py",
    "protocol/lifecycle.py": "protocol/test_lifecycle.py|protocol/test_client.py|protocol/test_generations.py",
    "server/__main__.py": "server/test_main.py",
    "server/client.py": "server/test_connection.py|server/test_limits.py|server/test_web.py|server/test_server.py",
    "server/handlers.py": "server/test_connection.py|server/test_limits.py|server/test_web.py",
    "server/hub.py": "server/test_server.py|server/test_connection.py|server/test_limits.py|server/test_web.py",
    "server/router.py": "server/test_server.py",
    "server/testing.py": "server/test_connection.py",
    "server/web.py": "server/test_web.py|server/test_limits.py|server/test_server.py",
    "server/webpage.py": "server/test_main.py",
    "transports/__init__.py": "transports/test_transports.py",
    "transports/base.py": "test_options.py|transports/test_http.py|transports/test_transports.py",
    "transports/exchange.py": "transports/test_exchange.py|transports/test_http.py",
    "transports/posting.py": "transports/test_polling.py",
    "transports/proxy.py": "transports/test_proxy.py|transports/test_http.py",
    "transports/wsclient.py": "transports/test_wsclient.py|transports/test_websocket.py",
}
"""Where the tests of a module are that has no file of its own, or more than one."""

SURE, LIKELY = 100, 95
"""Percent that a run must reach: what has no thread, all of it; elsewhere, who of two comes first decides on a line."""


def own_tests(module: str) -> str:
    """Return a pattern for the names, as of the folder of all tests, of the files with a module's own tests."""
    folder, _, name = module.rpartition("/")
    return ELSEWHERE.get(module, f"{folder}/test_{name}".lstrip("/"))


def main() -> int:
    """Print a line for each module; return 1 if any is not covered as it should be."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    incomplete = 0
    for path in sorted((ROOT / "sioclient").rglob("*.py")):
        module = path.relative_to(ROOT / "sioclient").as_posix()
        tests, told = own_tests(module), io.StringIO()
        # The context without a name is what importing the module runs.
        contexts = ["^$", f"^tests/({tests})$"]
        share = measured.report([str(path)], contexts=contexts, skip_covered=False, file=told)
        incomplete += share < (SURE if module.startswith("protocol/") else LIKELY)
        print(*(line for line in told.getvalue().splitlines() if line.startswith("sioclient")), "by", tests)
    print(f"Not covered as they should be by their own tests: {incomplete}.")
    return int(incomplete > 0)


if __name__ == "__main__":
    sys.exit(main())
