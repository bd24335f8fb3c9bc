"""The rest is in vectors/engine_handshakes.json."""

import pytest

from sioclient.protocol.revisions.families import family


@pytest.mark.parametrize(
    ("announcement", "name"),
    [
        ("B1SIjBHFbBGrJL8Eo2Wn:60:60:websocket,htmlfile,xhr-polling,jsonp-polling", "socket.io 0.9"),
        ("1147268131116410573:15:25:websocket,htmlfile,xhr-polling,jsonp-polling", "socket.io 0.7 or 0.8"),
        ("254751301858362052:15:25:websocket,htmlfile", "socket.io 0.7 or 0.8"),
        ("744eeef560942ece3b8b659bd8655a13:17:25:websocket,flashsocket", "TornadIO2"),
        ("362516429593:60:60:websocket,xhr-multipart", "gevent-socketio"),
        ("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed:60:60:websocket", "netty-socketio"),
        ("x:60:60:websocket", "something"),
    ],
)
def test_servers_of_revision_1(announcement, name):
    assert family(1, announcement, "something") == name
