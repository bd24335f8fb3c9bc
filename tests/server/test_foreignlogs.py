"""What Tornado itself logs of requests."""

from __future__ import annotations

import logging
import socket
import threading

import pytest

from sioclient.server import SocketConnection
from sioclient.server.foreignlogs import LOGGERS, limited
from tests.waiting import PATIENCE


def ours(caplog):
    return [record for record in caplog.records if record.name in LOGGERS or record.name == "sioclient.server"]


HOSTILE = {
    "a form without a boundary": b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\n"
    b"Content-Length: 1\r\n\r\nx",
    "a form for a websocket": b"POST /socket.io/1/websocket/x HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: multipart/form-data\r\nContent-Length: 1\r\n\r\nx",
    "a form in an encoding": b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Encoding: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1\r\n\r\nx",
    "no HTTP": b"\x16\x03\x01 this is no HTTP\r\n\r\n",
    "a bad header": b"GET / HTTP/1.1\r\nHost: x\r\n : \x01\r\n\r\n",
    "two lengths": b"POST /socket.io/1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "a bad cookie": b'GET /socket.io/1/ HTTP/1.1\r\nHost: x\r\nCookie: a="\\777;;;\r\nConnection: close\r\n\r\n',
    "a path that is no text": b"GET /socket.io/1/xhr-polling/%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "an upgrade of something else": b"GET /socket.io/1/websocket/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("request_", HOSTILE.values(), ids=HOSTILE)
def test_s15_no_request_causes_more_than_a_line_a_second(socket_server, caplog, request_):
    server = socket_server(SocketConnection)
    with caplog.at_level(logging.INFO):
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
                connection.sendall(request_)
                connection.shutdown(socket.SHUT_WR)
                try:
                    while connection.recv(1000):
                        pass
                except ConnectionResetError:
                    pass
    places = {(record.pathname, record.lineno) for record in ours(caplog)}
    assert len(ours(caplog)) <= 4 * len(places)  # a hundred of them take less than three seconds


def test_what_was_left_out_is_counted(caplog):
    times, logger = [0.0], logging.getLogger("tornado.general")

    def complain():
        logger.warning("x%d", 1)

    with limited(lambda: times[0]):
        complain()
        complain()
        complain()
        times[0] = 1.0
        complain()
        logger.warning("another place")
    assert [record.getMessage() for record in ours(caplog)] == [
        "x1",
        "x1 (and 2 more since the last record)",
        "another place",
    ]


def test_other_threads_and_times_are_not_limited(caplog):
    def complain():
        for _ in range(3):
            logging.getLogger("tornado.general").warning("x")

    with limited(lambda: 0.0):
        other = threading.Thread(target=complain)
        other.start()
        other.join()
    complain()
    assert len(ours(caplog)) == 6
