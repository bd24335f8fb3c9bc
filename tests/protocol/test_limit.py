from __future__ import annotations

import pytest

from sioclient.errors import LocalProtocolError
from sioclient.protocol.limit import Limit


def announced(most: int | None, transport: str = "websocket") -> Limit:
    limit = Limit()
    limit.announce(most, transport)
    return limit


@pytest.mark.parametrize("limit", [Limit(), announced(None)])
def test_a_server_that_announced_nothing_takes_all(limit):
    limit.check("x" * 10**6)
    limit.check((b"x" * 10**6,))
    assert limit.free == float("inf")


@pytest.mark.parametrize(
    "encoded",
    ["x" * 10, "\u20ac\u20ac\u20acx", ("x" * 10, b"x" * 10), (), b"".join([b"x"] * 10)],
)
def test_what_is_as_large_as_the_limit_is_taken(encoded):
    encoded = (encoded,) if isinstance(encoded, bytes) else encoded
    announced(10).check(encoded)
    assert announced(10).refusal(encoded) == ""


@pytest.mark.parametrize("encoded", ["x" * 11, "\u20ac\u20ac\u20acxx", ("x", b"x" * 11), ("x" * 11, b"x")])
def test_what_is_larger_is_refused_with_both_numbers(encoded):
    with pytest.raises(LocalProtocolError, match=r"has 11 bytes, and the server takes 10 at once \(its maxPayload\)"):
        announced(10).check(encoded)
    assert "11 bytes" in announced(10).refusal(encoded)


@pytest.mark.parametrize(("size", "in_body"), [(0, 1), (1, 5), (3, 5), (4, 9)])
def test_bytes_are_base64_in_a_body(size, in_body):
    announced(in_body, "xhr-polling").check((b"x" * size,))
    with pytest.raises(LocalProtocolError, match=f"has {in_body} bytes"):
        announced(in_body - 1 or 0.5, "xhr-polling").check((b"x" * size,))


def test_a_text_of_the_free_length_is_taken_whatever_it_says():
    limit = announced(40)
    assert limit.free == 10
    limit.check("\U0001f600" * 10)


def test_a_lone_surrogate_has_a_size():
    announced(3).check("\ud800")
