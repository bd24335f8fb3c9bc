"""python -m sioclient.server: a chat server, with a page to join the chat from a browser."""

from __future__ import annotations

import argparse
import sys

from .chat import Chat
from .server import SocketServer
from .webpage import ROUTES


def main(arguments: list[str] | None = None) -> int:
    """Serve the chat until Ctrl-C; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sioclient.server", description="A chat server for Socket.IO.")
    parser.add_argument("--port", type=int, default=8080, help="the port to listen on; 0: a free one (default: 8080)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; 0.0.0.0 admits other machines")
    parser.add_argument("--no-page", action="store_true", help="serve Socket.IO without the page")
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="of a proxy before the server, or a network",
    )
    options = parser.parse_args(arguments)
    try:
        proxies, routes = tuple(options.trusted_proxy), () if options.no_page else ROUTES
        server = SocketServer(Chat, options.port, options.host, routes=routes, trusted_proxies=proxies)
    except (OSError, ValueError) as error:
        print(f"cannot listen on {options.host}, port {options.port}: {error}", file=sys.stderr)
        return 1
    what = "The chat server listens at" if options.no_page else "Join the chat at"
    print(f"{what} {server.url}  (Ctrl-C ends it)", flush=True)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())  # pragma: no cover - in another process, where test_main.py runs it
