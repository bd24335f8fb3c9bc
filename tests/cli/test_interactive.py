"""sioclient connect at a terminal, in this process; tests/contract/test_cli_terminal.py has a real one."""

from __future__ import annotations

import builtins
import io
import os
import queue
import signal
import sys
import threading

import pytest

from sioclient.cli import interactive, signals
from sioclient.cli.interactive import written
from sioclient.cli.main import main
from sioclient.cli.signals import Terminated, Woken, terminating, waking
from sioclient.server import SocketConnection, SocketServer, event
from tests.waiting import eventually


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Desk(SocketConnection):
    """Does what a test wants."""

    def get_endpoint(self, path):
        return Desk

    @event
    def sum(self, a, b):
        return a + b

    @event("do emit")
    def do_emit(self, name, *args):
        self.emit(name, *args)

    @event
    def leave(self):
        self.close()


@pytest.fixture(scope="module")
def desk():
    with SocketServer(Desk, port=0, revisions=(1,)) as server:
        yield server.url


@pytest.fixture
def talk(monkeypatch):
    """Type lines; what is a function is called instead of typing. Return the status and what was shown."""

    def converse(url, *lines, words=()):
        out = Terminal()
        typed = iter(lines)

        def fake(prompt):
            out.write(prompt)
            for line in typed:
                if not callable(line):
                    return line
                line(out)
            raise EOFError

        monkeypatch.setattr(builtins, "input", fake)
        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setitem(sys.modules, "readline", None)
        return main(["connect", url, *words]), out.getvalue()

    return converse


def shows(text):
    """Return what waits until a text is shown."""
    return lambda out: eventually(lambda: text in out.getvalue(), text)


def test_events_are_sent_and_shown(talk, desk):
    status, out = talk(
        desk,
        *("'do emit' news {\"a\": 1} 'x y'", shows('< news {"a": 1} "x y"')),
        *("/ack sum 1 2", shows("< ack of sum: 3")),
        *("'do emit' 'a b'", shows('< "a b"')),
        *("", "/help", shows("/ack EVENT ARG...")),
        *("/nosuch", shows("! there is no /nosuch")),
        "/quit",
    )
    assert status == 0
    assert "* connected to http" in out
    assert "(revision 1, websocket); /help helps" in out
    assert "disconnected" not in out


def test_namespaces_are_in_the_prompt(talk, desk):
    status, out = talk(
        desk,
        *("/join chat", "'do emit' hi", shows("< /chat hi"), "/leave", "'do emit' back", shows("< back")),
        words=["-n", "/", "-n", "/other"],
    )
    assert status == 0
    prompts = [line.partition(">")[0] for line in out.splitlines() if line.endswith("> ") or "> \x1b" in line]
    assert "/other" in "".join(prompts)
    assert "/chat> " in out


def test_packets_are_shown_or_not(talk, desk):
    status, out = talk(
        desk,
        *("/raw", "'do emit' one", shows('< 5:::{"name":"one"'), shows('> 5:::{"name":"do emit","args":["one"]}')),
        *("/raw", shows("not shown any more"), "'do emit' two", shows("< two")),
    )
    assert status == 0
    assert '{"name":"two"' not in out


def test_control_characters_of_others_are_not_shown(talk, desk):
    _, out = talk(desk, r'"do emit" "\u001b[31mx" "\u009b\u0007\u202e"', shows(r'< "\u001b[31mx" "\u009b\u0007\u202e"'))
    assert "\x1b[31m" not in out
    assert "\x07" not in out


def test_the_end_by_the_server_is_told(talk, desk, capsys):
    status, out = talk(desk, "leave", lambda out: threading.Event().wait(20))
    assert status == 3
    assert "* disconnected: " in out
    assert capsys.readouterr().err == f"sioclient: {desk}/socket.io/: the server ended the connection\n"


def test_a_loss_is_told_and_the_way_back(talk):
    server = SocketServer(Desk, port=0, revisions=(1,))
    servers = [server]

    def restart(out):
        server.__exit__()
        servers.append(SocketServer(Desk, server.port, revisions=(1,)).__enter__())

    with server:
        status, out = talk(
            server.url, restart, shows("* connected again"), "/ack sum 1 2", shows("of sum: 3"), words=["--retry"]
        )
    servers[-1].__exit__()
    assert status == 0
    assert "* attempt 1 in " in out


def test_a_session_that_cannot_be_brought_back_ends(talk, desk):
    server = SocketServer(Desk, port=0, revisions=(1,))
    with server:
        status, _ = talk(server.url, lambda out: server.__exit__() or threading.Event().wait(20))
    assert status == 3


def test_sending_after_the_end_is_the_end(talk, desk, monkeypatch):
    monkeypatch.setattr(signals, "_WAKE", None)  # as on Windows
    assert talk(desk, "leave", shows("* disconnected"), "x")[0] == 3
    monkeypatch.setattr(interactive.Session, "check_connection", lambda self: None)
    assert talk(desk, "leave", shows("* disconnected"), "x")[0] == 3


def test_an_acknowledgement_that_does_not_come_is_told(talk, desk):
    status, _ = talk(desk, "/ack nosuch", shows("* no acknowledgement of 'nosuch'"), words=["--timeout", "0.8"])
    assert status == 0


def test_a_session_is_recorded(talk, desk, tmp_path):
    talk(desk, "'do emit' news", shows("< news"), words=["--record", str(tmp_path / "x")])
    assert '"event": "news"' in (tmp_path / "x").read_text()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("news", "news"), ("user:joined", "user:joined"), ("a b", '"a b"'), ("", '""'), ("/x", '"/x"'), ("é", "é")),
        *(("{", '"{"'), ("a\x1b", '"a\\u001b"'), ("@x", '"@x"'), ("-b", '"-b"')),
    ],
)
def test_a_name_is_shown_as_it_is_typed(name, text):
    assert written(name) == text


# Signals


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_signals_raise_during_their_blocks_only():
    def terminate():
        with terminating():
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(20)

    def awake():
        with waking(lambda: True) as wake:
            wake()
            threading.Event().wait(20)

    with pytest.raises(Terminated):
        terminate()
    with pytest.raises(Woken):
        awake()
    with waking(lambda: False) as wake:
        wake()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_other_threads_get_no_signals():
    done = queue.SimpleQueue()

    def run():
        with terminating(), waking(lambda: True):
            done.put(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert done.get() is signal.SIG_DFL


def test_windows_has_no_signal_to_wake_with(monkeypatch):
    monkeypatch.setattr(signals, "_WAKE", None)
    with waking(lambda: True) as wake:
        wake()
