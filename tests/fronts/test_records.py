from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from sioclient.errors import ConnectionLost, WrongRevision
from sioclient.fronts.records import log_notice, log_step
from sioclient.protocol.notices import Connected, Disconnected, Dropped, Ended, Retrying, TransportClosed
from sioclient.protocol.packets import Malformed

LINK: Any = SimpleNamespace(address="http://host/", transport_name="websocket", revision=1)


@pytest.mark.parametrize(
    ("notice", "level", "text"),
    [
        (Connected(""), "INFO", "http://host/: connected over websocket, revision 1"),
        (TransportClosed("x" * 300), "INFO", "http://host/: disconnected: " + "x" * 200),
        (Retrying(2, 1.25, ConnectionLost("gone")), "INFO", "http://host/: attempt 2 in 1.2 s: gone"),
        (Retrying(2, 1.25, WrongRevision("v1")), "WARNING", "http://host/: attempt 2 in 1.2 s: v1"),
        (Ended(None), "INFO", "http://host/: the connection has ended: as wanted"),
        (Ended(None, by="client"), "INFO", "http://host/: the connection has ended: as wanted"),
        (
            Ended(None, by="server"),
            "INFO",
            "http://host/: the connection has ended: the server disconnected us (with reconnect_when_kicked=True, the "
            "client would connect again)",
        ),
        (Ended(ConnectionLost("gone")), "INFO", "http://host/: the connection has ended: gone"),
        (
            Dropped(3, Malformed("9:::", "no such type")),
            "WARNING",
            "dropped 3 malformed packets, the last: '9:::' (no such type)",
        ),
    ],
)
def test_log_says_how_a_connection_fares(caplog: pytest.LogCaptureFixture, notice: Any, level: str, text: str) -> None:
    with caplog.at_level(logging.INFO, "sioclient"):
        log_notice(notice, LINK)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [(level, text)]


@pytest.mark.parametrize("notice", [Connected("/chat"), Disconnected("/chat", "transport closed")])
def test_log_is_silent_about_endpoints(caplog: pytest.LogCaptureFixture, notice: Any) -> None:
    with caplog.at_level(logging.DEBUG, "sioclient"):
        log_notice(notice, LINK)
    assert caplog.records == []


def test_log_that_raises_changes_nothing(raising_log: Any) -> None:
    log_notice(Connected(""), LINK)
    assert len(raising_log.records) == 1


def test_a_step_is_logged_or_not(raising_log: Any) -> None:
    log_step("%s speaks", "somebody")
    assert [record.getMessage() for record in raising_log.records] == ["somebody speaks"]
