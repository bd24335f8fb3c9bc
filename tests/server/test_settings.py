"""Settings are checked when they are made."""

from __future__ import annotations

import pytest

from sioclient.server import Settings


def test_the_defaults_are_those_of_socketio():
    settings = Settings()
    assert (settings.heartbeat_interval, settings.heartbeat_timeout, settings.close_timeout) == (25, 60, 60)
    assert settings.polling_duration == 20


def test_s15_the_limits():
    settings = Settings()
    assert (settings.max_message_size, settings.max_queued, settings.max_sessions) == (2**20, 2**20, 1000)
    assert (settings.max_clients, settings.max_handshakes) == (10_000, 300)
    assert settings.trusted_proxies == ()


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("heartbeat_interval", 0, ValueError),
        ("heartbeat_timeout", float("inf"), ValueError),
        ("close_timeout", "60", TypeError),
        ("polling_duration", True, TypeError),
        ("handshake_timeout", -1, ValueError),
        ("max_message_size", 0, ValueError),
        ("max_queued", 1.5, TypeError),
        ("max_sessions", False, TypeError),
        ("max_clients", 0, ValueError),
        ("transports", "websocket", TypeError),
        ("transports", (), TypeError),
        ("transports", ("websockets",), ValueError),
        ("origins", ["a:80"], TypeError),
        ("origins", (1,), TypeError),
        ("authorization", True, TypeError),
        ("convert_bytes", "base64", TypeError),
        ("metrics", "yes", TypeError),
        ("revisions", [5], ValueError),
        ("revisions", (), ValueError),
        ("revisions", (1, 3), ValueError),
        ("max_handshakes", 0, ValueError),
        ("trusted_proxies", "10.0.0.1", TypeError),
        ("trusted_proxies", (1,), TypeError),
        ("trusted_proxies", ("proxy.example",), ValueError),
        ("trusted_proxies", ("10.0.0.1/8",), ValueError),
    ],
)
def test_a_value_that_is_not_allowed(name, value, error):
    with pytest.raises(error, match=name):
        Settings(**{name: value})
