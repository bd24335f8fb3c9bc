"""What to trust and what to show in TLS: the contexts of the connections; and the end of a connection without TLS."""

from __future__ import annotations

import _socket
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ConnectError


def make_tls_context(ca: str | ssl.SSLContext | None, cert: tuple[str, str | None] | None) -> ssl.SSLContext:
    """Return how to encrypt.

    Args:
        ca: file or directory of the certificate authorities to trust; None: verify nothing; or the context itself.
        cert: the files of the client's certificate and of its key; None as the second: both are in the first.

    Raises:
        ConnectError: a file is not there, or is none of certificates.
    """
    if isinstance(ca, ssl.SSLContext):
        return ca
    with _loading("verify", ca):
        if ca is not None and os.path.isdir(ca):
            context = ssl.create_default_context(capath=ca)
        else:
            context = ssl.create_default_context(cafile=ca)
    if ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert is not None:
        with _loading("cert", *cert):
            context.load_cert_chain(*cert)
    return context


@contextmanager
def _loading(option: str, *names: str | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # which does not say which file
        files = [name for name in names if name is not None]
        missing = [name for name in files if not os.path.exists(name)]
        if missing:
            raise ConnectError(f"there is no file {missing[0]!r}, which {option}= names", retryable=False) from error
        shown = " and ".join(map(repr, files))
        raise ConnectError(f"what {option}= names cannot be loaded, {shown}: {error}", retryable=False) from error


def shut_down(sock: socket.socket) -> None:
    """End a connection both ways without taking TLS off, as ``SSLSocket.shutdown`` would: see ``stream``."""
    if isinstance(sock, _socket.socket):
        _socket.socket.shutdown(sock, socket.SHUT_RDWR)
    elif isinstance(sock, ssl.SSLSocket):  # gevent's, which have the system's socket inside
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    else:  # eventlet's plain ones, whose class has no ``shutdown``, but each socket has
        sock.shutdown(socket.SHUT_RDWR)
