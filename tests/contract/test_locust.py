"""Locust as people run it: a master and two workers, each in a process of its own, against servers that count.

What Locust's CSV says was sent and received is exactly what the server heard and sent.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from sioclient import SocketIO
from tests.conftest import PATIENCE, start
from tests.servers import SERVERS
from tests.servers.process import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
LOCUSTFILE = "tests/programs/locust_visitor.py"

NAMES = ["0.9.19", "2.5.1", "4.8.1", "embedded"]
WORKERS, ROUNDS = 2, 4
CHATTERS = VISITORS = 5  # Locust has as many users of the one class as of the other
USERS = CHATTERS + VISITORS

HEARD = {
    "CALL nickname": CHATTERS,
    "EMIT user message": CHATTERS * ROUNDS,
    "CALL sum": 2 * VISITORS * ROUNDS,
    "EMIT echo": VISITORS * ROUNDS,
    "EMIT message": VISITORS * ROUNDS,
    "SENT subscribe": VISITORS * ROUNDS,
}
"""What servers have heard when all rounds are done, by Locust's rows."""

SENT = ["RECV hello", "RECV news", "RECV msg to room"]
"""What they count of what they sent."""

SLOW = 2 * PATIENCE
"""Seconds for three processes that import Locust on a busy machine."""


def locust(*arguments, log):
    """Start a process of Locust."""
    command = [sys.executable, "-m", "locust", "-f", LOCUSTFILE, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ROUNDS": str(ROUNDS)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)


class Run:
    """One run of Locust against a server, from its start to what came of it.

    Attributes:
        log: what all processes have printed.
        statuses: with what they have ended.
        counts: what the server has counted, by Locust's rows.
        rows, failures: what the CSV says.
    """

    def __init__(self, stack, name, folder):
        self._folder = folder
        self._server = stack.enter_context(start(SERVERS[name]))
        self._asking = stack.enter_context(SocketIO("127.0.0.1", self._server.port))
        self._count()
        self._output = stack.enter_context((folder / "log").open("w+"))
        port = free_port()
        master = ["--master", "--master-bind-port", port, "--expect-workers", WORKERS, "--headless"]
        master += ["-u", USERS, "-r", USERS, "--host", f"http://127.0.0.1:{self._server.port}"]
        master += ["--csv", folder / "run", "--only-summary"]
        self._processes = [locust(*master, log=self._output)]
        self._processes += [locust("--worker", "--master-port", port, log=self._output) for _ in range(WORKERS)]
        for process in self._processes:
            stack.callback(process.wait)
            stack.callback(process.kill)

    def finish(self):
        """Wait until all rounds are done and Locust knows it, and end Locust; return this."""
        self._wait_until(lambda: self._count().items() >= HEARD.items(), "all rounds are done")
        self._wait_until(self._has_all, "the CSV has all numbers")
        self._processes[0].terminate()
        self.statuses = [process.wait(SLOW) for process in self._processes]
        self._read()
        self._output.seek(0)
        self.log = self._output.read()
        return self

    def _wait_until(self, condition, what):
        give_up = time.monotonic() + SLOW
        while not condition():
            if time.monotonic() > give_up:
                self._output.seek(0)
                pytest.fail(f"it never was so that {what}: {self.counts}; {self._output.read()}")
            time.sleep(0.1)

    def _count(self):
        counts = self._asking.call("counts")
        counts["sent"]["hello"] -= 1  # to whoever asks
        self.counts = {row: counts["heard"].get(row.partition(" ")[2], 0) for row in HEARD}
        self.counts |= {row: counts["sent"].get(row.partition(" ")[2], 0) for row in SENT}
        return self.counts

    def _has_all(self):
        self._read()
        return all(self.rows[row] >= number for row, number in self.counts.items())

    def _read(self):
        self.rows, self.failures = Counter(), Counter()
        with open(self._folder / "run_stats.csv", newline="") as file:
            for row in csv.DictReader(file):
                # Of a channel, rows have the endpoint before the event.
                name = f"{row['Type']} {row['Name'].removeprefix('/chat ')}"
                self.rows[name] += int(row["Request Count"] or 0)
                self.failures[name] += int(row["Failure Count"] or 0)


@pytest.mark.timeout(3 * SLOW)
@pytest.mark.parametrize("name", NAMES)
def test_locust_counts_what_the_server_counts(tmp_path, name):
    if importlib.util.find_spec("locust") is None:
        pytest.skip("locust is not installed: pip install locust")
    with ExitStack() as stack:
        run = Run(stack, name, tmp_path).finish()
    assert run.statuses == [0, 0, 0], run.log
    assert {row: run.rows[row] for row in run.counts} == run.counts
    assert {row: run.counts[row] for row in HEARD} == HEARD
    assert run.rows["CONNECT /"] == USERS
    assert +run.failures == Counter()
