"""The page on which a person joins the chat: a few files, none of them from another site."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from tornado.web import HTTPError, RequestHandler

FOLDER = files("sioclient.server") / "page"  # not a path: the package may be in a zip file
KINDS = {
    "index.html": "text/html; charset=UTF-8",
    "chat.css": "text/css; charset=UTF-8",
    "socket.js": "text/javascript; charset=UTF-8",
    "chat.js": "text/javascript; charset=UTF-8",
    "icon.svg": "image/svg+xml",
}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@cache
def content(name: str) -> bytes:
    """Return a file of the page; it is read once, and then is there also when no descriptor is left."""
    return (FOLDER / name).read_bytes()


class Page(RequestHandler):
    """Serves the files of the page."""

    def get(self, name: str) -> None:
        """Send one of them."""
        name = name or "index.html"
        if name not in KINDS:
            raise HTTPError(404)
        self.clear_header("Server")
        for header, value in HEADERS.items():
            self.set_header(header, value)
        self.set_header("Content-Type", KINDS[name])
        self.finish(content(name))


ROUTES = [(r"/([a-z]*\.?[a-z]*)", Page)]
