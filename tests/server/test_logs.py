"""The log of the server."""

from __future__ import annotations

import logging

from sioclient.server.logs import RateLimitedLog


def test_s15_one_line_of_a_kind_per_second(caplog):
    times = [0.0]
    log = RateLimitedLog(lambda: times[0])
    for tenth in range(35):
        times[0] = tenth / 10
        log.write("number %d of %r", tenth, "a\nb")
    assert [record.getMessage() for record in caplog.records] == [
        "number 0 of 'a\\nb'",
        "number 10 of 'a\\nb' (and 9 more since the last record)",
        "number 20 of 'a\\nb' (and 9 more since the last record)",
        "number 30 of 'a\\nb' (and 9 more since the last record)",
    ]


def test_a_flood_of_one_kind_hides_no_other(caplog):
    log = RateLimitedLog(lambda: 0)
    for number in range(100):
        log.write("dropped %d", number)
    log.write("a handler raised")
    assert [record.getMessage() for record in caplog.records] == ["dropped 0", "a handler raised"]


def test_an_error_has_its_traceback(caplog):
    try:
        raise RuntimeError("oh no")
    except RuntimeError as error:
        RateLimitedLog(lambda: 0).write("it raised", error=error)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("sioclient.server", logging.ERROR)
    assert "oh no" in caplog.text
