"""Later clients that we did not write, on our server: socket.io-client 1.x to 4.x from npm, python-socketio."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path

import pytest
import socketio

from tests.conftest import start
from tests.servers import SERVERS
from tests.servers.embedded import EmbeddedServer
from tests.servers.node import MODULES, STAMP, find_node
from tests.waiting import PATIENCE

FOLDER = Path(__file__).resolve().parent.parent / "servers"
TRANSPORTS = {
    "websocket": {"transports": ["websocket"], "jsonp": False},
    "polling": {"transports": ["polling"], "jsonp": False},
    "upgrade": {"transports": ["polling", "websocket"], "jsonp": False},
    "jsonp": {"transports": ["polling"], "jsonp": True},
}
GENERATIONS = {1: "1.7.4", 2: "2.5.0", 3: "3.1.3", 4: "4.8.1"}
NONE = {(4, "jsonp")}
LOST = {"websocket": "transport close", "upgrade": "transport close"}


@pytest.fixture(scope="module")
def port():
    """The port of a server for every generation."""
    with EmbeddedServer(authorize=True) as server:
        yield server.port


@pytest.fixture(scope="module")
def port_of_asgi():
    """The port of the same server as an application of ASGI, under uvicorn."""
    pytest.importorskip("uvicorn")
    with EmbeddedServer(authorize=True, asgi=True) as server:
        yield server.port


UPGRADES = [["websocket"], ["polling"], ["polling", "websocket"]]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_javascript_client(port, generation, transport):
    check_javascript_client(port, generation, transport)


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    ("generation", "transport"), [(1, "jsonp"), (2, "upgrade"), (4, "websocket"), (4, "polling"), (4, "upgrade")]
)
def test_the_javascript_client_under_uvicorn(port_of_asgi, generation, transport):
    check_javascript_client(port_of_asgi, generation, transport)


def check_javascript_client(port, generation, transport):
    """Have the client do all that it knows."""
    node = find_node()
    if node is None or not (STAMP.parent / f"socket.io-client-{generation}").exists():
        pytest.skip(f"socket.io-client {generation}.x is not installed: run python -m tests.servers")
    if (generation, transport) in NONE:
        pytest.skip("socket.io-client 4.x has no such transport")
    settings = {"port": port, "generation": generation, **TRANSPORTS[transport]}
    command = [str(node.program), str(FOLDER / "new_client.js"), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3 * PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = [json.loads(line) for line in done.stdout.split("\n") if line]
    hello, lost = ["hello", {"a": 1}], LOST.get(transport, "transport error")
    assert [line for line in said if line[0] not in ("chat", "n")] == [
        ["connect"],
        hello,
        ["websocket" if transport == "upgrade" else settings["transports"][0]],
        ["echoed", 1, "ünï : + \u2028 \ufffd \U0001f600 \\n \n", {"a": [None, True]}],
        ["echoed", {"bytes": [0, 1, 255]}, {"deep": [{"bytes": [195, 188]}]}, {"bytes": []}],
        ["message", "re:text: ünï \U0001f600"],
        ["sum", 5],
        ["sum", {"bytes": [7]}],
        ["answer", [{"bytes": [9]}, "x", "ü\u2028\ufffd\U0001f600", {"bytes": [1, 255]}]],
        ["big", 200_000],
        ["good", {"token": "mine"} if generation > 2 else {}],
        ["broken", [1]],
        ["unknown", "Invalid namespace"],
        ["bad token"],
        ["disconnect", lost],  # the connection was cut, and came back with what was emitted meanwhile
        ["connect"],
        hello,
        ["echoed", "buffered"],
        ["sum", 9],
        ["disconnect", "io server disconnect"],
        ["end", 0],
    ]
    assert [line[1] for line in said if line[0] == "n"] == list(range(200))
    on_chat = [["chat", {"a": 1}], ["chat", "on chat"]]
    on_chat_and_off = [*on_chat, ["chat", lost], *on_chat, ["chat", "io server disconnect"]]
    assert [line for line in said if line[0] == "chat"] == on_chat_and_off


@pytest.mark.parametrize("transports", UPGRADES)
def test_python_socketio(port, transports):
    check_python_socketio(port, transports)


def test_python_socketio_under_uvicorn(port_of_asgi):
    check_python_socketio(port_of_asgi, ["polling", "websocket"])


def check_python_socketio(port, transports):
    """Have the client do all that it knows."""
    client, ended, heard = socketio.Client(reconnection=False), threading.Event(), []

    def on_any(name, *args):
        heard.append((name, *args))

    def on_disconnect(reason):
        heard.append(reason)
        ended.set()

    client.on("*", on_any)
    client.on("please", lambda a, b: (b, a))
    client.on("disconnect", on_disconnect)
    url = f"http://127.0.0.1:{port}?token=good"
    client.connect(url, auth={"token": "mine"}, transports=transports, namespaces=["/", "/chat"])
    assert client.transport() == transports[-1]
    values = ("ünï \U0001f600", b"\0\xff", {"a": [None, b"x"]})
    assert client.call("echo", values) == values
    assert client.call("handshake")["auth"] == {"token": "mine"}
    assert client.call("sum", (2, 3), namespace="/chat") == 5
    client.emit("do ask for data", ("please", b"x", "y"))
    assert client.call("echo", "so that the rest has come") == "so that the rest has come"
    client.emit("do kick")
    assert ended.wait(PATIENCE)
    assert heard == [("hello", {"a": 1}), ("answer", ["y", b"x"]), client.reason.SERVER_DISCONNECT]


def test_the_table_has_our_server_for_every_generation():
    assert {SERVERS[name].revision for name in SERVERS if name.startswith("embedded")} == {1, 4, 5}
    with start(SERVERS["embedded, 5"]) as server:
        assert server.version.startswith("sioclient.server")


def rows():
    """Return the table of the page about the server: what it says of each client, by the transport."""
    page = (FOLDER.parent.parent / "docs" / "server.md").read_text(encoding="utf-8")
    table = page.partition("## Whom it serves")[2].partition("## ")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    assert lines[0][2:] == ["websocket", "polling", "from polling to a websocket", "jsonp"]
    return {client: dict(zip(TRANSPORTS, cells, strict=True)) for client, _, *cells in lines[2:]}


def installed(package):
    return json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))["version"]


def test_the_page_says_which_clients_were_proven():
    said = rows()
    for generation, version in GENERATIONS.items():
        ran = {name: "none" if (generation, name) in NONE else "yes" for name in TRANSPORTS}
        assert said.pop(f"socket.io-client {version}") == ran
    assert said.pop("python-socketio 5") == {"websocket": "yes", "polling": "yes", "upgrade": "yes", "jsonp": "none"}
    old = {"websocket": "yes", "polling": "yes", "upgrade": "none", "jsonp": "yes"}
    for client in ("socket.io-client 0.9.17", "socketIO-client 0.5.7.4"):
        assert said.pop(client) == old
    for client in ("socket.io-client 0.7.11", "socket.io-client 0.8.7"):
        assert said.pop(client) == {"websocket": "no", "polling": "yes", "upgrade": "none", "jsonp": "not run"}
    assert list(said) == ["sioclient"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_client_is_of_the_version_on_the_page(generation):
    if not STAMP.exists():
        pytest.skip("the clients are not installed: run python -m tests.servers")
    assert installed(f"socket.io-client-{generation}") == GENERATIONS[generation]
