"""The values that requests takes for the options of its names, each checked before a byte is sent.

What requests takes works alike here, or is refused: nothing is ignored in silence. Functions that return such a value
are checked when the options are made, and what they return whenever they are called.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

HEADER_NAME = re.compile(r"[!#-'*+.0-9A-Z^-z|~-]+")
"""What may be the name of a header: RFC 9110, 5.6.2."""

_UNSAFE = re.compile(r"[\r\n\0]")

_NOT_THE_USERS = re.compile(r"content-length|transfer-encoding|upgrade|sec-websocket-(?!protocol$).*", re.IGNORECASE)
"""Headers that say how one request is framed, or that open a websocket: a second one breaks the request."""

_WAYS_TO_SEND = ("request", "send", "get_adapter", "prepare_request", "merge_environment_settings")
"""The methods of a Session that a subclass replaces to change what is sent, or how."""


def check_fields(what: str, values: Any) -> None:
    """Raise unless each name and value of the headers or cookies may stand in a header; None has none.

    A header whose value is None is left out, as in requests.

    Raises:
        ValueError: one holds a line break or NUL, with which it would become several, or is not latin-1; or a header
            has a name that none can have, or is one that only the library can write.
        TypeError: one is not text, or ``values`` is no dictionary.
    """
    for name, value in _pairs(what, values):
        check_header(f"the name of one of {what}", name)
        if what == "cookies" or value is not None:
            check_header(f"{name!r} in {what}", value)
        if what == "headers":
            _check_name(name, value)


def check_header(what: str, text: Any) -> None:
    """Raise unless ``text`` may stand in a header; see ``check_fields``."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if not isinstance(text, str):
        raise TypeError(f"{what} must be text, not {type(text).__name__}")
    if _UNSAFE.search(text):
        raise ValueError(f"{what} holds a line break or NUL, which would make it several headers")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{what} holds characters that are not latin-1: encode them as the server expects") from None


def check_both(headers: Any, cookies: Any) -> None:
    """Raise ValueError if there are cookies in both options: requests sends those of ``headers`` alone."""
    if not cookies or not isinstance(headers, Mapping):
        return
    if any(_text(name).lower() == "cookie" and value is not None for name, value in headers.items()):
        raise ValueError("headers has a Cookie, so cookies= would not be sent: give all of them in one of the two")


def check_static_fields(what: str, values: Any) -> None:
    """Check headers or cookies, but for what a function will return."""
    if callable(values):
        check_function(what, values, "a dictionary")
    else:
        check_fields(what, values)


def check_params(name: str, values: Any) -> None:
    """Check the option ``params``."""
    if callable(values):
        check_function(name, values, "a dictionary")
    elif isinstance(values, Iterator) or hasattr(values, "read"):
        raise TypeError(
            f"params must be a dictionary, a list of pairs or text, not {type(values).__name__}: every request needs "
            "them, and it can be read only once"
        )
    elif not (values is None or _is_text(values) or hasattr(values, "items")):
        if not isinstance(values, Iterable):
            raise TypeError(f"params must be a dictionary, a list of pairs or text, not {type(values).__name__}")
        if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in values):
            raise TypeError("each of params must be a pair, a name and its value, or params a dictionary")


def check_proxies(name: str, proxies: Any) -> None:
    """Check the option ``proxies``."""
    if proxies is None:
        return
    if not isinstance(proxies, Mapping):
        raise TypeError(f"proxies must be a dictionary such as {{'https': URL}}, not {type(proxies).__name__}")
    for scheme, url in proxies.items():
        if not isinstance(scheme, str) or not (url is None or isinstance(url, str)):
            raise TypeError(f"proxies must have texts as keys and URLs or None as values, not {scheme!r}")
        if scheme.partition("://")[0] in ("ws", "wss"):
            raise ValueError(f"proxies must say 'http' or 'https', not {scheme!r}: that holds for the websocket too")


def check_verify(name: str, verify: Any) -> None:
    """Check the option ``verify``."""
    if verify is None or isinstance(verify, bool) or _is_context(verify) or _is_path(verify):
        return
    raise _type_or_value(
        f"{name} must be True, False, a file or directory, or an ssl.SSLContext", verify, is_text=_is_text(verify)
    )


def check_cert(name: str, cert: Any) -> None:
    """Check the option ``cert``."""
    if cert is None or _is_path(cert):
        return
    if isinstance(cert, (tuple, list)):
        if len(cert) == 2 and _is_path(cert[0]) and (cert[1] is None or _is_path(cert[1])):
            return
        raise ValueError(f"{name} must be a file, or a pair of files: the certificate and its key")
    raise _type_or_value(f"{name} must be a file, or a pair of files", cert, is_text=_is_text(cert))


def check_tls(verify: Any, cert: Any, session: Any) -> None:
    """Raise ValueError if there is a certificate beside a context, which has its own; a session may have either."""
    if session is not None:
        verify = session.verify if verify is None or verify is True else verify
        cert = session.cert if cert is None else cert
    if cert is not None and _is_context(verify):
        raise ValueError("cert goes into the context of verify: call its load_cert_chain(), and leave cert= out")


def check_session(name: str, session: Any) -> None:
    """Check the option ``session``: what the user changed about how it sends would not be honoured here.

    Raises:
        TypeError: it is no session of requests.
        ValueError: it has adapters or hooks, or its class sends in a way of its own.
    """
    if session is None:
        return
    requests = sys.modules.get("requests")  # whoever has a session has imported it
    if requests is None or not isinstance(session, requests.Session):
        raise TypeError(f"{name} must be a requests.Session, not {type(session).__name__}")
    kind, plain = type(session), requests.Session
    for method in _WAYS_TO_SEND:
        if getattr(getattr(session, method), "__func__", None) is not getattr(plain, method):
            raise ValueError(
                f"{name} must be a plain requests.Session: {method}() of this {kind.__name__} would not be called. "
                "Give what it adds as headers=, cookies=, params= or auth=, which may be functions"
            )
    for prefix, adapter in session.adapters.items():
        retries = getattr(getattr(adapter, "max_retries", None), "total", 0)
        if type(adapter) is not requests.adapters.HTTPAdapter or retries:
            raise ValueError(
                f"{name} has an adapter of its own for {prefix}, {type(adapter).__name__}, which would not be used: "
                "for TLS give verify=ssl.SSLContext, for retries reconnect=, for proxies proxies="
            )
    if any(session.hooks.values()):
        raise ValueError(f"{name} has hooks, which would not be called")
    check_fields("headers", session.headers)
    if not (session.auth is None or callable(session.auth) or isinstance(session.auth, tuple)):
        raise TypeError(f"{name}.auth must be a pair, or what requests takes, not {type(session.auth).__name__}")
    for attribute, check in _OF_SESSIONS:
        check(f"{name}.{attribute}", getattr(session, attribute))


def check_function(name: str, function: Callable[..., Any], result: str) -> None:
    """Raise TypeError unless ``function`` can be called without arguments."""
    if takes(function, 0) is False:
        raise TypeError(f"{name} must be {result}, or a function without arguments that returns one")


def is_coroutine_function(function: Any) -> bool:
    """Return whether calling ``function``, or an object with ``__call__``, only makes a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def takes(function: Callable[..., Any], count: int) -> bool | None:
    """Return whether ``function`` can be called with so many arguments; None: it does not say."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return None
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


_OF_SESSIONS = (("params", check_params), ("proxies", check_proxies), ("verify", check_verify), ("cert", check_cert))


def _check_name(name: Any, value: Any) -> None:
    name = _text(name)
    if not HEADER_NAME.fullmatch(name):
        raise ValueError(f"headers has {name!r}, but the name of a header has only letters, digits and some of -_.")
    if _NOT_THE_USERS.fullmatch(name) or (name.lower() == "connection" and "upgrade" in _text(value).lower()):
        raise ValueError(f"headers must not have {name}: the library writes it")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, bytes))


def _is_context(value: Any) -> bool:
    ssl = sys.modules.get("ssl")  # whoever has a context has imported it; a program without TLS need not
    return ssl is not None and isinstance(value, ssl.SSLContext)


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, bytes, os.PathLike)) and bool(os.fspath(value))


def _type_or_value(text: str, value: Any, *, is_text: bool) -> Exception:
    return ValueError(f"{text}, not an empty text") if is_text else TypeError(f"{text}, not {type(value).__name__}")


def _pairs(what: str, values: Any) -> Iterable[tuple[Any, Any]]:
    if values is None:
        return ()
    if hasattr(values, "items"):
        pairs: Iterable[tuple[Any, Any]] = values.items()
        return pairs
    if what != "cookies" or not hasattr(values, "set_cookie"):
        raise TypeError(f"{what} must be a dictionary, or a function that returns one, not {type(values).__name__}")
    return [(cookie.name, cookie.value) for cookie in values]
