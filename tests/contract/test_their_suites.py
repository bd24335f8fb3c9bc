"""The test suites of socketIO-client 0.5.7.4 and 0.7.2 pass on the drop-in, with nothing changed but the import.

They come from the registry and are not copied here. That of 0.7.2 brings its own server, which runs on socket.io 1.7.4;
that of 0.5.7.4 was not released, so ours has the same events on socket.io 0.9.19.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import start
from tests.servers.process import ServerUnavailable
from tests.servers.sdist import sdist
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent
RUNNER = ROOT / "tests" / "programs" / "their_suite.py"
DROP_IN = "sioclient.compat.socketIO_client"
HASHES = {
    "0.5.7.4": "ef2e362a85ef2816fb224d727319c4b743d63b4dd9e1da99c622c9643fc4e2a0",
    "0.7.2": "64cd84fba79cf97f28c11e64d1fc42a2221f2d7a4fada05ab381e2d73d74d2c1",
}
TESTS = {"0.5.7.4": 17, "0.7.2": 20}
EXPECTED_FAILURES: dict[tuple[str, str], dict[str, str]] = {}
"""By version and test case: the tests that cannot pass, each with its reason. One that passes must not stand here."""

SUITES = [
    *(("0.5.7.4", f"Test_{name}Transport") for name in ("Websocket", "XHR_Polling", "JSONP_Polling")),
    *(("0.7.2", f"Test_{name}Transport") for name in ("Websocket", "XHR_Polling")),
]


def source(version):
    """Return the folder of their package, or skip with the reason."""
    try:
        return sdist("socketIO-client", version, HASHES[version]) / "socketIO_client"
    except ServerUnavailable as problem:
        pytest.skip(f"the source distribution of socketIO-client {version} cannot be had: {problem}")


def start_server(version, folder):
    if version == "0.5.7.4":
        return start("socketio_client_05.js")
    return start("borrowed.js", package="socket.io-1", file=str(folder / "tests" / "serve.js"))


def run_suite(version, kind, port):
    """Return why each test failed, by name; None: it passed."""
    file = source(version) / ("tests.py" if version == "0.5.7.4" else "tests/__init__.py")
    command = [sys.executable, RUNNER, json.dumps({"file": str(file), "port": port, "kind": kind, "package": DROP_IN})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3 * PATIENCE, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(5 * PATIENCE)
@pytest.mark.parametrize(("version", "kind"), SUITES, ids=[f"{version}-{kind}" for version, kind in SUITES])
def test_their_suite_passes_with_only_the_import_changed(version, kind):
    with start_server(version, source(version)) as server:
        outcomes = run_suite(version, kind, server.port)
    failed = {name: why for name, why in outcomes.items() if why is not None}
    assert len(outcomes) == TESTS[version]
    assert set(failed) == set(EXPECTED_FAILURES.get((version, kind), {})), "\n".join(map(str, failed.values()))


@pytest.mark.timeout(5 * PATIENCE)
def test_their_suite_fails_on_a_server_without_its_events():
    with start("legacy.js") as server:
        outcomes = run_suite("0.5.7.4", "Test_WebsocketTransport", server.port)
    assert {name for name, why in outcomes.items() if why} >= {"test_emit", "test_ack", "test_namespace_emit"}
