"""Whole programs: how they are interrupted, how they end, and the chatbot."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

import chatbot
from sioclient import SocketIO
from tests.conftest import Recorder, start
from tests.waiting import PATIENCE, eventually, joined

PRELUDE = """
import sys, time
from sioclient import SocketIO, Handler
port = int(sys.argv[1])
"""


def run(program, port, *, interrupt=False):
    """Run a program until it ends; interrupt it when it has printed a line. Return status, output and errors."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PRELUDE + program, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if interrupt:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output, errors
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
@pytest.mark.parametrize("waiting", ["s.wait(60)", "s.call('do nothing')", "s.connect('/nosuch', timeout=60)"])
def test_ctrl_c(legacy, waiting):
    program = f"s = SocketIO('127.0.0.1', port)\nprint('ready', flush=True)\n{waiting}"
    status, _, errors = run(program, legacy, interrupt=True)
    assert status in (-signal.SIGINT, 130)
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert "Exception ignored" not in errors


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
def test_ctrl_c_while_connecting():
    # Python ends with another status if a thread happens to execute a text, as imports do: hence the imports before.
    program = (
        "import socket, requests, websocket\n"
        "silent = socket.create_server(('127.0.0.1', 0))\nprint('ready', flush=True)\n"
        "SocketIO('127.0.0.1', silent.getsockname()[1], connect_timeout=60)"
    )
    status, _, errors = run(program, 0, interrupt=True)
    assert status in (-signal.SIGINT, 130)
    assert "KeyboardInterrupt" in errors.splitlines()


@pytest.mark.parametrize(
    "ending",
    [
        "sys.exit(0)",
        "s.emit('echo', 1)",
        "s.connect('/chat')",
        "s.emit('do emit', 'slow'); time.sleep(0.2)",
    ],
)
def test_a_program_that_ends_with_a_connection_ends_quietly(legacy, ending):
    program = (
        "class Slow(Handler):\n    def on_slow(self): time.sleep(3600)\n"
        f"s = SocketIO('127.0.0.1', port, Slow())\n{ending}"
    )
    assert run(program, legacy) == (0, "", "")


def test_what_was_emitted_last_arrives(legacy):
    with start("legacy.js") as server, SocketIO("127.0.0.1", server.port) as watcher:
        assert run("SocketIO('127.0.0.1', port).emit('note', 1)", server.port)[0] == 0
        eventually(lambda: watcher.call("sessions") == 1, "the end of the program's session")


def start_chatbot(*arguments):
    return subprocess.Popen(
        [sys.executable, chatbot.__file__, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_the_chatbot_talks_on_a_real_server(legacy, capsys):
    chatbot.talk(legacy)
    assert "bot: who are you calling bot?!\n" in capsys.readouterr().out


def test_the_demonstration_once():
    process = start_chatbot("--once")
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert "visitor: bye then\nbot: bye\n" in output


def is_there(socket, visitor):
    """Ask whether there is a bot; return whether it has replied soon after."""
    socket.emit("user message", "bot?")
    with suppress(queue.Empty):
        while visitor.heard.get(timeout=0.5) != "bot: who are you calling bot?!":
            pass
        return True
    return False


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process alone on Windows")
def test_the_demonstration_lets_people_in_until_ctrl_c():
    process = start_chatbot()
    lines = iter(process.stdout.readline, "")
    address = next(match for match in (re.search(r"http://localhost:(\d+)", line) for line in lines) if match)
    visitor = chatbot.Visitor()
    with SocketIO(address[0], handler=visitor) as socket:
        socket.call("nickname", "somebody")
        eventually(lambda: is_there(socket, visitor), "the bot, which may still be on its way")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert output.endswith("That was sioclient.\n")


def test_the_chatbot_prints_no_control_characters(legacy):
    with SocketIO("127.0.0.1", legacy, visitor := chatbot.Visitor()) as socket:
        socket.call("nickname", "eve")
        process = start_chatbot("127.0.0.1", str(legacy))
        visitor.expect("bot: hello, I am a bot. Say bye and I leave")
        socket.emit("user message", "\x1b[31mred")
        socket.emit("user message", "Bye!")
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert "eve: \\x1b[31mred\n" in output
    assert "* here: eve, bot\n" in output
    assert output.endswith("bot: bye\n* disconnected\n")


@pytest.mark.parametrize("arguments", [("--twice",), ("localhost",), ("localhost", "http"), ("a", "1", "b")])
def test_the_chatbot_explains_its_arguments(arguments):
    process = start_chatbot(*arguments)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert errors.startswith("usage: python chatbot.py SERVER PORT")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("port", ["1", "0", "99999"])
def test_the_chatbot_without_a_server(port):
    process = start_chatbot("127.0.0.1", port)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert errors.startswith("chatbot: ")
    assert errors.count("\n") == 1


def test_no_handler_runs_after_disconnect(legacy):
    """Whatever is under way when disconnect is called, nothing runs once it has returned."""
    for _ in range(20):
        recorder = Recorder()
        socket = SocketIO("127.0.0.1", legacy, recorder)
        thread = threading.Thread(target=socket.emit, args=("do burst", "n", 500))
        thread.start()
        recorder.next("n")
        socket.disconnect()
        joined(thread)
        while True:
            try:
                recorder.told.get_nowait()
            except queue.Empty:
                break
        assert recorder.told.empty()
