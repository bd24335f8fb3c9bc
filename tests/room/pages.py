"""The page of the chat over other clients: that of socket.io 0.9 and that of 4.x, as npm has installed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tornado.web import HTTPError, RequestHandler

from sioclient.server.webpage import HEADERS, KINDS, ROUTES, content
from tests.servers.node import MODULES

CLIENTS = {
    "old": MODULES / "socket.io-client-0.9" / "dist" / "socket.io.js",
    "new": MODULES / "socket.io-client-4" / "dist" / "socket.io.js",
}
"""The scripts by the folders in which their pages are."""

SOCKET = Path(__file__).with_name("socket.js")


class OtherPage(RequestHandler):
    """Serves the files of our page, but for the script that speaks with the server."""

    def get(self, folder: str, name: str) -> None:
        """Send one of them."""
        name = name or "index.html"
        if name not in KINDS:
            raise HTTPError(404)
        for header, value in HEADERS.items():
            self.set_header(header, value)
        self.set_header("Content-Type", KINDS[name])
        is_ours = name != "socket.js"
        self.finish(content(name) if is_ours else b"\n;\n".join([CLIENTS[folder].read_bytes(), SOCKET.read_bytes()]))


PAGES: list[Any] = [(r"/(old|new)/([a-z]*\.?[a-z]*)", OtherPage), *ROUTES]
"""Routes of our page at ``/``, and of it over the client of 0.9 at ``/old/`` and over that of 4.x at ``/new/``."""
