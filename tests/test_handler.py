"""What users subclass, and what it does where nothing is overridden."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from sioclient.handler import Handler, check_handler


@pytest.mark.parametrize(
    ("hook", "args"),
    [
        ("on_connect", [None]),
        ("on_disconnect", []),
        ("on_error", ["reason", "advice"]),
        ("on_connect_error", ["reason", None]),
        ("on_message", [1, "text"]),
        ("on_reconnect", [1]),
        ("on_open", ["websocket"]),
        ("on_close", ["reason"]),
        ("on_retry", [1, 0.5]),
        ("unknown_event", ["name", []]),
        ("ack", [1]),
        ("ack", [1, "name", []]),
    ],
)
def test_a_hook_that_is_not_overridden_does_nothing(
    hook: str, args: list[Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert getattr(Handler(), hook)(*args) is None
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_an_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError) as caught:
        fail()
    Handler().on_exception("news", caught.value)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("sioclient", logging.ERROR)
    assert record.getMessage() == "the handler of 'news' raised"
    assert "in fail" in caplog.text
    assert "LookupError: gone" in caplog.text


def test_an_events_name_cannot_forge_log_lines(caplog: pytest.LogCaptureFixture) -> None:
    Handler().on_exception("a\nERROR forged %s" + "x" * 1000, ValueError("no"))
    message = caplog.records[0].getMessage()
    assert "\n" not in message
    assert len(message) < 300


def test_a_handler_is_taken_as_it_is() -> None:
    handler = Handler()
    assert check_handler(handler) is handler
    assert type(check_handler(None)) is Handler


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Handler, r"handler must be an object, not its class: Handler\(\)"),
        (object(), "handler must be an object of a subclass of Handler, not object"),
        (dict, "handler must be an object of a subclass of Handler, not type"),
        (5, "handler must be an object of a subclass of Handler, not int"),
    ],
)
def test_another_handler_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}$"):
        check_handler(wrong)
