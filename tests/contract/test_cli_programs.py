"""The command line as a program among others: pipes, signals, exit statuses, a terminal, and how fast it starts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

from sioclient import SocketIO
from tests.conftest import start
from tests.waiting import PATIENCE, eventually

COMMAND = [sys.executable, "-W", "error", "-m", "sioclient"]
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals and terminals")

pytestmark = pytest.mark.usefixtures("calm")


@pytest.fixture
def calm(monkeypatch, tmp_path):
    """Keep what the environment of who runs the tests says out of the programs, and their history in a folder."""
    for name in [name for name in os.environ if name.startswith("SIOCLIENT_")] + ["NO_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIOCLIENT_HISTORY", str(tmp_path / "history"))
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture(scope="module")
def url():
    with start("modern.js") as server:
        yield f"127.0.0.1:{server.port}"


@contextmanager
def program(*words, **streams):
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*COMMAND, *map(str, words)], **{**pipes, **streams})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finish(process):
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def shell(text, url):
    """Run a line of a shell, in which sioclient is a command; return its status, output and errors."""
    command = " ".join(f"'{word}'" for word in COMMAND)
    line = f'sioclient() {{ {command} "$@"; }}; {text}'
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
        env={**os.environ, "URL": url},
    )
    return done.returncode, done.stdout, done.stderr


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


# Pipes


@needs_bash
def test_listen_ends_when_nobody_reads(url):
    status, out, err = shell(
        'sioclient listen "$URL" --emit "\'do burst\' n 9" | head -1; echo "${PIPESTATUS[@]}"', url
    )
    assert (status, err) == (0, "")
    line, statuses = out.splitlines()
    assert json.loads(line)["event"] == "hello"
    assert statuses == "0 0"


@needs_bash
def test_listen_ends_though_nothing_comes_any_more(url):
    assert shell('sioclient listen "$URL" | head -1 | wc -l', url) == (0, "1\n", "")


@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize("server", ["modern.js", "legacy.js"])
def test_a_hundred_thousand_lines_are_events(server):
    with start(server) as running, SocketIO("127.0.0.1", running.port) as watcher:
        lines = "".join(f'{{"line": {number}}}\n' for number in range(100_000))
        with program("emit", f"127.0.0.1:{running.port}", "note", "@-", stdin=subprocess.PIPE) as process:
            out, err = process.communicate(lines, timeout=2 * PATIENCE)
            assert (process.returncode, out, err) == (0, "", "")
        # The server has read all of it when the session of the program has ended.
        eventually(lambda: watcher.call("sessions") == 1, "the end of the program's session", 10)


@needs_bash
def test_what_is_heard_here_is_sent_there(url):
    line = 'sioclient listen "$URL" --count 1 | sioclient emit -vv "$URL" @-'
    status, _, err = shell(line, url)
    assert status == 0
    assert '> 42["hello",{"a":1}]\n' in err


@needs_bash
def test_values_come_from_a_pipe(url):
    assert shell('seq 3 | sioclient call "$URL" sum @- 100', url) == (0, "101\n102\n103\n", "")
    assert shell('printf "[1,\\n2]" | sioclient call "$URL" echo @- -r | wc -l', url) == (0, "1\n", "")


def test_a_full_disk_is_status_1(url):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full, program("call", url, "sum", 1, 2, stdout=full) as process:
        status, _, err = finish(process)
    assert status == 1
    assert "No space left" in err
    assert "Traceback" not in err


# Signals


@POSIX
@pytest.mark.parametrize(
    ("words", "number", "status"),
    [
        (["listen"], signal.SIGTERM, 0),
        (["listen"], signal.SIGINT, 130),
        (["record", "FILE"], signal.SIGTERM, 0),
        (["record", "FILE"], signal.SIGINT, 130),
        (["call", "never answered"], signal.SIGTERM, 143),
        (["call", "never answered"], signal.SIGINT, 130),
        (["emit", "x", "--repeat", "9", "--interval", "60"], signal.SIGTERM, 143),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(int(value)),
)
def test_a_signal_ends_it_in_good_order(url, tmp_path, words, number, status):
    command, *rest = [str(tmp_path / "x") if word == "FILE" else word for word in words]
    with program(command, url, *rest, "-v") as process:
        for line in process.stderr:
            if "connected over" in line:
                break
        time.sleep(0.1)
        process.send_signal(number)
        found, _, err = finish(process)
    assert found == status
    assert "Traceback" not in err
    assert "the connection has ended: as wanted" in err


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_is_ended_by_a_signal(number):
    with program("serve", "--port", 0) as process:
        line = process.stderr.readline()
        address = re.search(r"http://localhost:\d+", line)[0]
        with SocketIO(address) as s:
            assert s.call("sum", 1, 2, timeout=PATIENCE) == 3
        assert json.loads(process.stdout.readline())["args"] == [1, 2]
        process.send_signal(number)
        assert finish(process) == (0, "", "")


# A terminal


@pytest.fixture
def terminal(url):
    """Start ``sioclient connect`` at a terminal; return the program, and a screen that shows what a person sees."""
    pexpect = pytest.importorskip("pexpect")
    pyte = pytest.importorskip("pyte")
    started = []

    class Terminal:
        def __init__(self, *words, env=None):
            self.child = pexpect.spawn(
                COMMAND[0], [*COMMAND[1:], "connect", url, *words], dimensions=(12, 70), timeout=PATIENCE, env=env
            )
            self.screen = pyte.Screen(70, 12)
            self.stream = pyte.ByteStream(self.screen)
            started.append(self.child)

        def send(self, text):
            self.child.send(text)

        def see(self, text):
            """Wait until a row begins with this; return the number of the row."""

            def row():
                with suppress(pexpect.TIMEOUT, pexpect.EOF):
                    self.stream.feed(self.child.read_nonblocking(4096, timeout=0.05))
                return next((n for n, line in enumerate(self.screen.display, 1) if line.startswith(text)), None)

            return eventually(row, f"{text!r} on the screen", 5)

        def end(self):
            self.child.expect(pexpect.EOF)
            return self.child.wait()

    yield Terminal
    for child in started:
        child.close(force=True)


@POSIX
def test_events_come_above_the_line_that_is_typed(terminal):
    shown = terminal()
    shown.see("< hello")
    shown.send("'do emit' news 1\r")
    shown.see("< news 1")
    shown.send("'do emit' later 2\rhalf a line")
    shown.see("< later 2")
    assert shown.see("> half a line") > shown.see("< later 2")
    shown.send("\x01\x0b/quit\r")  # back to the beginning, and away with the rest
    assert shown.end() == 0


@POSIX
def test_names_are_completed_and_lines_remembered(terminal, tmp_path):
    first = terminal()
    first.see("< hello")
    first.send("'do emit' nickname 1\r")
    first.see("< nickname 1")
    first.send("nick\t2")
    first.see("> nickname 2")
    first.send("\x15note 1\rno\t2")
    first.see("> note 2")
    first.send("\x15/q\t\r")
    assert first.end() == 0
    assert "'do emit' nickname 1" in (tmp_path / "history").read_text()
    second = terminal()
    second.see("< hello")
    second.send("\x1b[A" * 3)
    second.see("> 'do emit' nickname 1")
    second.send("\x15\x04")
    assert second.end() == 0


@POSIX
def test_the_end_of_the_connection_ends_the_prompt(terminal):
    shown = terminal()
    shown.see("< hello")
    shown.send("'do kick'\rhalf")
    assert shown.end() == 3


@POSIX
def test_ctrl_c_ends_the_prompt(terminal):
    shown = terminal()
    shown.see("< hello")
    shown.send("half\x03")
    assert shown.end() == 130


@POSIX
def test_the_terminal_is_harmless_without_readline_too(terminal, tmp_path):
    (tmp_path / "readline.py").write_text("raise ImportError")  # as on Windows
    shown = terminal(env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])})
    shown.see("< hello")
    shown.send('"do emit" "\\u001b]0;x\\u0007\\u009b2J" "\\u001b[2J"\r')
    shown.see(r'< "\u001b]0;x\u0007\u009b2J" "\u001b[2J"')
    shown.see("< hello")
    shown.send("/quit\r")
    assert shown.end() == 0


@POSIX
def test_colours_are_for_terminals(url):
    pexpect = pytest.importorskip("pexpect")

    def shown(environment):
        child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], "detect", "--json", url], env={**os.environ, **environment})
        return child.read()

    assert b"\x1b[" in shown({})
    assert b"\x1b[" not in shown({"NO_COLOR": "1"})


# How fast it starts


def test_detect_loads_nothing_that_it_does_not_need(url):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sioclient", "detect", url],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time")}
    assert "sioclient.cli.detect" in loaded
    ours = {name for name in loaded if name.startswith("sioclient.cli.")}
    needed = "main commands parser marks failures text arguments options output signals stderr verbosity detect"
    assert ours == {f"sioclient.cli.{name}" for name in needed.split()}
    others = {
        "tornado",
        "readline",
        "difflib",
        "sioclient.server",
        "sioclient.client",
        "sioclient.threads.connection",
        "asyncio",
    }
    assert not loaded & {*others, "websocket", "getpass", "pty", "curses"}


@POSIX
def test_detect_takes_little_longer_than_its_function(url):
    """It takes 0.25 s where the function takes 0.22 s; what the processor spends does not depend on other programs."""

    def spent(*words):
        def once():
            before = os.times()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            return after.children_user + after.children_system - before.children_user - before.children_system

        return min(once() for _ in range(3))

    function = spent("-c", f"from sioclient import detect; print(detect('{url}'))")
    assert spent("-m", "sioclient", "detect", url) < 1.5 * function


@needs_bash
def test_standard_streams_may_be_closed(url):
    assert shell('sioclient call "$URL" sum 1 2 <&-', url) == (0, "3\n", "")
    lines = 'sioclient call "$URL" sum @- 2 <&- && sioclient connect "$URL" --for 0.1 <&- | wc -l'
    assert shell(lines, url)[:2] == (0, "1\n")
    assert shell('sioclient call "$URL" sum 1 2 >&-; sioclient call "$URL" sum 1 2 2>&-', url) == (0, "3\n", "")
