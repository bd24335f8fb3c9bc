from __future__ import annotations

from sioclient.reading import Reading


def test_time_without_reading_is_counted():
    reading = Reading()
    reading.pause(10.0)
    assert reading.paused
    reading.resume(13.0)
    reading.pause(20.0)
    reading.resume(21.0)
    assert (reading.paused, reading.since, reading.unread) == (False, 21.0, 4.0)


def test_resuming_what_was_not_paused_counts_nothing():
    reading = Reading()
    reading.resume(5.0)
    assert (reading.paused, reading.since, reading.unread) == (False, 5.0, 0.0)
