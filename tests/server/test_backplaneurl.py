"""A backplane is named by a URL of Redis, which no error shows."""

from __future__ import annotations

import pytest

from sioclient.server.backplaneurl import check_url


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://:secret@example.org:6380/1", "unix:///run/redis.sock"])
def test_urls_of_redis_are_taken(url):
    check_url("backplane", url)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (True, TypeError, "url must be a URL of Redis, not bool"),
        ("http://:secret@localhost", ValueError, "url must be a URL that begins with one of redis://, rediss://, unix"),
        ("localhost:6379", ValueError, "url must be a URL"),
    ],
)
def test_others_are_refused_without_their_password(value, error, text):
    with pytest.raises(error, match=text) as caught:
        check_url("url", value)
    assert "secret" not in str(caught.value)
