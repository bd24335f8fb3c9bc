"""What single examples of the pages are given, and what must come of them: ``<!-- run: given NAME -->``.

``GIVEN`` has an entry for each name. An example runs in a process of its own, as it stands on its page, but for hosts,
ports and files that are the test's own. One that does not end by itself is ended by SIGTERM, as a service is.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest

from sioclient import SocketIO
from sioclient.server import Emitter, SocketConnection, SocketServer
from tests.contract.examples import put
from tests.contract.parts import Parts, listens, running
from tests.servers.process import free_port
from tests.waiting import PATIENCE, eventually, taken


def nothing() -> None:
    """Check nothing: the example has printed what it should."""


def status_of(run: subprocess.Popen[bytes]) -> int:
    """Return the status of a program that ends; one that does not end writes where it hangs."""
    try:
        return run.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGABRT)
        return run.wait()


class Given(NamedTuple):
    """What an example is given.

    Attributes:
        places: hosts, ports and files of the page, and what they are here.
        before: code that stands before it.
        after: code that stands behind it.
        prints: what this code prints, or has the example print.
        environment: variables.
        files: texts of files beside it.
        file: where it is put.
        command: what runs it.
        ready: returns whether it runs, if it does not end by itself.
        check: fails if it does not do what it should; it runs before the example is ended, or behind its end.
    """

    places: Mapping[str, str] = {}
    before: str = ""
    after: str = ""
    prints: str = ""
    environment: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    file: str = "program.py"
    command: tuple[str, ...] = (sys.executable, "program.py")
    ready: Callable[[], object] | None = None
    check: Callable[[], object] = nothing

    def placed(self, code: str) -> str:
        """Return an example with what stands around it, and with the places that there are here."""
        code = f"{self.before}{code}{self.after}"
        for place, here in self.places.items():
            assert place in code, f"{place} is no longer in the example"
            code = code.replace(place, here)
        return code

    def run(self, code: str, folder: Path) -> str:
        """Run an example in a folder; return what it printed."""
        for name, text in {**self.files, self.file: code}.items():
            put(folder / name, text)
        log = folder / "printed"
        with running(self.command, self.environment, log) as run:
            if self.ready is not None:
                eventually(lambda: run.poll() is not None or self.ready(), "an example", expect=5)
                assert run.poll() is None, log.read_text(encoding="utf-8")
                self.check()
                run.send_signal(signal.SIGTERM)
            status = status_of(run)
        printed = log.read_text(encoding="utf-8")
        assert status == 0, printed
        if self.ready is None:
            self.check()
        return printed


CALL = {"after": '\nprint(s.call("sum", 1, 2))\ns.disconnect()\n', "prints": "3\n"}
"""For examples that only connect: they must have reached the server of the examples."""


def authority(parts: Parts) -> Iterator[Given]:
    """Give the file of an authority, and a server that it has certified."""
    places = {"https://device.example.org": f"https://localhost:{parts.tls}"}
    yield Given({**places, "/etc/ssl/our-authority.pem": parts.authority.ca_file}, **CALL)


def old_tls(parts: Parts) -> Iterator[Given]:
    """Give a server that has TLS 1.0 only, with a certificate that the system trusts."""
    places = {"https://device.example.org": f"https://localhost:{parts.old_tls}"}
    yield Given(places, environment={"SSL_CERT_FILE": parts.authority.ca_file}, **CALL)


def proxies(parts: Parts) -> Iterator[Given]:
    """Give two proxies; nobody else knows the example.org that they know."""
    http, socks = parts.proxies
    places = {"proxy.example.org:3128": f"127.0.0.1:{http}", "localhost:1080": f"localhost:{socks}"}
    yield Given(places, environment={"REQUESTS_CA_BUNDLE": parts.authority.ca_file})


def engine(parts: Parts) -> Iterator[Given]:
    """Give a server of Engine.IO alone."""
    yield Given({"8000": str(parts.engine)})


APP = """
from sioclient.server import SocketConnection, SocketServer


class App(SocketConnection):
    def on_open(self, request):
        self.join("kitchen")


"""
"""The application that the pages leave to their readers."""


def at(port: int, page: str) -> str:
    """Return a page of a server."""
    with urlopen(f"http://127.0.0.1:{port}/socket.io/{page}", timeout=PATIENCE) as response:
        return response.read().decode()


def app_with_metrics(parts: Parts) -> Iterator[Given]:
    """Give an application, and see its numbers."""
    pytest.importorskip("prometheus_client")
    port = free_port()

    def check() -> None:
        with SocketIO("127.0.0.1", port, transports="websocket"):
            assert 'sioclient_server_connections{revision="5",transport="websocket"} 1.0' in at(port, "metrics")

    yield Given({"8001": str(port)}, APP, ready=lambda: listens(port), check=check)


def heard_in_kitchen(url: str, port: int) -> str:
    """Return the session id of a client that has heard what another program has emitted to its room."""
    heard: queue.Queue[Any] = queue.Queue()
    with SocketIO("127.0.0.1", port) as s, Emitter(url) as emitter:
        s.on("news", heard.put)
        eventually(lambda: emitter.to("kitchen").emit("news", 1) and not heard.empty(), "a server on Redis")
        return str(s.session_id)


def app_on_redis(parts: Parts) -> Iterator[Given]:
    """Give an application and Redis, and have an event cross it."""
    port, places = free_port(), {"redis://localhost": parts.redis}
    check = lambda: heard_in_kitchen(parts.redis, port)  # noqa: E731
    yield Given({**places, "8001": str(port)}, APP, ready=lambda: listens(port), check=check)


def node_on_redis(parts: Parts) -> Iterator[Given]:
    """Give the same, and see the name of the process and its health."""
    port, places = free_port(), {"redis://localhost": parts.redis}

    def check() -> None:
        assert heard_in_kitchen(parts.redis, port).startswith("n1")
        assert json.loads(at(port, "health"))["node"] == "n1"

    yield Given({**places, "8001": str(port)}, APP, ready=lambda: listens(port), check=check)


class Kitchen(SocketConnection):
    """The application of the pages, in this process."""

    def on_open(self, request: Any) -> None:
        self.join("kitchen")


def redis_with_a_server(parts: Parts) -> Iterator[Given]:
    """Give Redis and a server on it; a client in the kitchen must hear the event."""
    heard: queue.Queue[Any] = queue.Queue()
    with SocketServer(Kitchen, 0, backplane=parts.redis) as server, SocketIO(server.url) as s:
        s.on("news", heard.put)
        with Emitter(parts.redis) as emitter:
            eventually(lambda: emitter.to("kitchen").emit("news", 1) and not heard.empty(), "a server on Redis")
        check = lambda: taken(heard, wanted=lambda news: news == "dinner is ready")  # noqa: E731
        yield Given({"redis://localhost": parts.redis}, check=check)


NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
"""


def nginx(parts: Parts) -> Iterator[Given]:
    """Give what stands around a location of nginx, and have clients come through it."""
    program, port = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin"), free_port()
    if program is None:
        pytest.skip("needs nginx: Debian has it in the package nginx-light")

    def check() -> None:
        for transport in ("websocket", "xhr-polling"):
            with SocketIO("127.0.0.1", port, transports=transport) as s:
                assert s.call("sum", 1, 2) == 3

    yield Given(
        before=NGINX.format(folder=parts.folder, port=port),
        after="}}",
        prints="...",
        file="nginx.conf",
        command=(program, "-e", "stderr", "-p", ".", "-c", "nginx.conf"),
        ready=lambda: listens(port),
        check=check,
    )


DJANGO = {
    "settings.py": """
INSTALLED_APPS = ["weather"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {database!r}}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
""",
    "run.py": """
import django
from django.core.management import call_command

django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)
call_command("listen")
""",
}


def django(parts: Parts) -> Iterator[Given]:
    """Give a project of Django; the command must write the news into its database."""
    database = parts.folder / "weather.sqlite3"

    def stories() -> list[Any]:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT topic, title FROM weather_story").fetchall()
        return []  # there is no such table yet

    def check() -> None:
        assert stories() == [("weather", "Sun")]

    yield Given(
        environment={"DJANGO_SETTINGS_MODULE": "settings"},
        files={name: text.format(database=str(database)) for name, text in DJANGO.items()},
        file="weather/management/commands/listen.py",
        command=(sys.executable, "run.py"),
        ready=stories,
        check=check,
    )


def locust(parts: Parts) -> Iterator[Given]:
    """Have Locust run one user, until the server has heard both things that it says."""
    begun = len(parts.printed.getvalue())

    def both() -> bool:
        heard = parts.printed.getvalue()[begun:]
        return '"event": "sum"' in heard and '"event": "subscribe"' in heard

    options = ("--headless", "--users", "1", "--host", f"http://localhost:{parts.port}")
    command = (sys.executable, "-m", "locust", "-f", "program.py", *options)
    yield Given(command=command, ready=both, prints="...\n")


TK = """
import tkinter as _tkinter


class _Visited(_tkinter.Tk):
    \"\"\"A window whose visitor asks for the news when there is a connection, and leaves when he has read it.\"\"\"

    def mainloop(self, n=0):
        self.visit("connected", self.ask)
        super().mainloop(n)

    def visit(self, text, do):
        shown = [widget["text"] for widget in self.winfo_children()]
        return do() if text in shown else self.after(10, self.visit, text, do)

    def ask(self):
        next(widget for widget in self.winfo_children() if widget["text"] == "News").invoke()
        self.visit("Sun", self.leave)

    def leave(self):
        print("the window shows Sun")
        self.destroy()


_tkinter.Tk = _Visited

"""

QT = """
from PySide6 import QtCore as _QtCore, QtWidgets as _QtWidgets


class _Visited(_QtWidgets.QApplication):
    \"\"\"An application whose visitor leaves when he has read the news.\"\"\"

    def exec(self):
        self.visitor = _QtCore.QTimer(interval=10)
        self.visitor.timeout.connect(self.visit)
        self.visitor.start()
        return super().exec()

    def visit(self):
        labels = [widget for widget in self.topLevelWidgets() if isinstance(widget, _QtWidgets.QLabel)]
        if "Sun" in [label.text() for label in labels]:
            print("the window shows Sun")
            self.visitor.stop()
            self.quit()


_QtWidgets.QApplication = _Visited

"""


def tk(parts: Parts) -> Iterator[Given]:
    """Give a display, and somebody who clicks."""
    pytest.importorskip("_tkinter", reason="this Python has no Tk", exc_type=ImportError)
    yield Given(before=TK, environment={"DISPLAY": parts.display}, prints="the window shows Sun\n")


def qt(parts: Parts) -> Iterator[Given]:
    """Give somebody who reads; Qt needs no display, but libraries that are not in its package."""
    loaded = subprocess.run([sys.executable, "-c", "import PySide6.QtWidgets"], capture_output=True, text=True)
    if loaded.returncode:
        pytest.skip(f"PySide6 does not load here: {loaded.stderr.splitlines()[-1]}")
    yield Given(before=QT, environment={"QT_QPA_PLATFORM": "offscreen"}, prints="the window shows Sun\n")


GIVEN: dict[str, Callable[[Parts], AbstractContextManager[Given]]] = {
    "an authority": contextmanager(authority),
    "a server of old TLS": contextmanager(old_tls),
    "proxies": contextmanager(proxies),
    "a server of Engine.IO": contextmanager(engine),
    "an application": contextmanager(app_with_metrics),
    "an application and Redis": contextmanager(app_on_redis),
    "an application as a node, and Redis": contextmanager(node_on_redis),
    "Redis and a server on it": contextmanager(redis_with_a_server),
    "nginx": contextmanager(nginx),
    "a project of Django": contextmanager(django),
    "Locust": contextmanager(locust),
    "a visitor of a Tk window": contextmanager(tk),
    "a visitor of a Qt window": contextmanager(qt),
}
"""What examples are given, by the name that their page says."""
