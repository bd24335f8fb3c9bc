"""The options of a connection: how they are typed, and what they are called for ``SocketIO``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Any

from .arguments import read_text, value_of
from .failures import UsageError
from .parser import Parser, at_least, seconds

TRANSPORTS = ("websocket", "polling", "xhr-polling", "jsonp-polling", "htmlfile")

ENVIRONMENT = """
Passwords and tokens are seen by everybody on the machine if they are typed
as an option. --auth, -u, -H, -q, --cookie and -x take @FILE, too, or come
from the environment: SIOCLIENT_AUTH, SIOCLIENT_USER, SIOCLIENT_HEADER,
SIOCLIENT_QUERY, SIOCLIENT_COOKIE (a line for each), SIOCLIENT_PROXY.
""".strip()

URL_HELP = """
URL is http://HOST:PORT/PATH, HOST:PORT, or :PORT on this machine; PATH is
where the server is mounted, and no namespace: that is -n /chat.
""".strip()


def add_address_options(parser: Parser) -> None:
    """Declare what every request needs to reach a server."""
    parser.option("HTTP", "-H", "--header", action="append", metavar="'K: V'", help="a header (repeat it for more)")
    parser.option("HTTP", "-q", "--query", action="append", metavar="K=V", help="a parameter of the query")
    parser.option("HTTP", "--cookie", action="append", metavar="K=V", help="a cookie")
    parser.option(
        "HTTP", "-u", "--user", metavar="USER:PASSWORD", help="credentials for HTTP; -u USER asks for the rest"
    )
    parser.option("HTTP", "-x", "--proxy", metavar="URL", help="go through this proxy, of HTTP or SOCKS")
    parser.option("TLS", "-k", "--insecure", action="store_true", help="accept every certificate")
    parser.option("TLS", "--cacert", metavar="FILE", help="trust the authorities in this file")
    parser.option("TLS", "--cert", metavar="FILE", help="the certificate of the client")
    parser.option("TLS", "--key", metavar="FILE", help="its key, unless it is in the same file")
    parser.option("Connection", "--path", metavar="PATH", help="the path of the server (default: socket.io)")
    parser.option(
        "Connection", "--no-trailing-slash", action="store_true", help="ask for /socket.io instead of /socket.io/"
    )
    parser.option(
        *("Connection", "--timeout"),
        type=seconds,
        default=10,
        metavar="S",
        help="seconds for a connection, and for an acknowledgement (default: 10)",
    )


def add_connection_options(parser: Parser, *, several_namespaces: bool = False) -> None:
    """Declare what a command needs that keeps a connection."""
    if several_namespaces:
        more = "; repeat it for more"
        parser.option("Connection", "-n", "--namespace", action="append", metavar="NAME", help=f"such as /chat{more}")
    else:
        parser.option("Connection", "-n", "--namespace", metavar="NAME", help="a namespace (endpoint), such as /chat")
    parser.option(
        "Connection", "--auth", metavar="JSON", help="what the server's application is told (socket.io 3 to 4)"
    )
    parser.option(
        *("Connection", "-t", "--transport"),
        action="append",
        metavar="NAME",
        values=TRANSPORTS,
        help=f"the transports to try: {', '.join(TRANSPORTS)}",
    )
    parser.option(
        *("Connection", "--revision"),
        type=int,
        choices=(1, 4, 5),
        help="1: socket.io 0.7 to 0.9; 4: 1.x and 2.x; 5: 3.x and 4.x (default: find out)",
    )
    parser.option("Connection", "--parser", choices=("msgpack",), help="how the server writes packets")
    parser.option(
        *("Connection", "--retry"),
        if_bare="for ever",
        type=_retries,
        metavar="[=N]",
        help="connect again after a failure or a loss, N times in a row (for ever); else once, after a loss",
    )
    add_address_options(parser)


def url_of(word: str) -> str:
    """Return the URL that was typed: a port alone is one of this machine."""
    return f"localhost:{word.lstrip(':')}" if re.fullmatch(r":?\d{1,5}(?:/.*)?", word) else word


def address_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of an address as ``SocketIO`` and ``detect`` call them.

    Raises:
        UsageError: one is not what it should be.
    """
    found: dict[str, Any] = {
        "headers": _pairs(options.header, "SIOCLIENT_HEADER", ":", "-H must be 'NAME: VALUE'"),
        "params": _pairs(options.query, "SIOCLIENT_QUERY", "=", "-q must be NAME=VALUE"),
        "cookies": _cookies(options.cookie),
        "auth": _credentials(options.user),
        "proxies": _proxies(options.proxy),
        "cert": (options.cert, options.key) if options.key else options.cert,
        "resource": options.path.strip("/") if options.path is not None else None,
    }
    if options.key and not options.cert:
        raise UsageError("--key needs --cert, whose key it is")
    if options.insecure and options.cacert:
        raise UsageError("-k accepts every certificate, so leave --cacert out, or -k")
    chosen = {name: value for name, value in found.items() if value}
    if options.insecure or options.cacert:
        chosen["verify"] = options.cacert or False
    return {**chosen, "connect_timeout": options.timeout, "trailing_slash": not options.no_trailing_slash}


def connection_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a connection as ``SocketIO`` calls them; its ``auth`` is that of HTTP: see ``auth_of``."""
    found = address_options(options)
    if options.transport:
        found["transports"] = [name for given in options.transport for name in given.split(",")]
    for name in ("revision", "parser"):
        if getattr(options, name):
            found[name] = getattr(options, name)
    if options.retry is None:
        # Once, for socket.io 0.9 ends each websocket after so many bytes: that is no reason to give up.
        return {**found, "max_reconnection_attempts": 1}
    tries = None if options.retry == "for ever" else options.retry
    return {**found, "wait_for_connection": True, "max_reconnection_attempts": tries}


def auth_of(options: argparse.Namespace) -> dict[str, Any] | None:
    """Return what the server's application is told.

    Raises:
        UsageError: it is no object of JSON.
    """
    given = _secret(options.auth, "SIOCLIENT_AUTH")
    auth = None if given is None else value_of(given)
    if auth is not None and not isinstance(auth, dict):
        raise UsageError("""--auth must be an object of JSON, such as '{"token": "x"}', or @FILE with one""")
    return auth


def _retries(word: str) -> Any:
    return word if word == "for ever" else at_least(0)(word)


def _secret(given: str | None, variable: str) -> str | None:
    """Return what was typed, is in a file, or in the environment."""
    value = os.environ.get(variable) if given is None else given
    return read_text(value[1:]) if value is not None and value.startswith("@") else value


def _lines(given: list[str] | None, variable: str) -> list[str]:
    """Return values of which there may be many: those of the environment first, so that what was typed wins."""
    sources = [*([os.environ[variable]] if variable in os.environ else []), *(given or [])]
    texts = [read_text(source[1:]) if source.startswith("@") else source for source in sources]
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def _pairs(given: list[str] | None, variable: str, mark: str, problem: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in _lines(given, variable):
        name, separator, value = line.partition(mark)
        if not separator or not name.strip():
            raise UsageError(problem)  # what it is instead may be a secret
        key, text = name.strip(), value.strip() if mark == ":" else value
        if mark == "=" and key in found:  # a query may have a name twice
            before = found[key]
            found[key] = [*before, text] if isinstance(before, list) else [before, text]
        else:
            found[key] = text
    return found


def _cookies(given: list[str] | None) -> dict[str, str]:
    lines = [part for line in _lines(given, "SIOCLIENT_COOKIE") for part in line.split(";") if part.strip()]
    pairs = [part.strip().partition("=") for part in lines]
    if not all(name and separator for name, separator, _ in pairs):
        raise UsageError("--cookie must be NAME=VALUE; several may be joined by semicolons")
    return {name: value for name, _, value in pairs}


def _credentials(given: str | None) -> tuple[str, str] | None:
    text = _secret(given, "SIOCLIENT_USER")
    if text is None:
        return None
    user, separator, password = text.partition(":")
    if not separator and sys.stdin.isatty():
        from getpass import getpass

        password = getpass(f"Password of {user}: ")
    return user, password


def _proxies(given: str | None) -> dict[str, str] | None:
    proxy = _secret(given, "SIOCLIENT_PROXY")
    if not proxy:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    return {"http": url, "https": url}
