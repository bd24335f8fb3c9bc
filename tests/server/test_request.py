"""What an application sees of a request."""

from __future__ import annotations

from sioclient.server import Request
from sioclient.server.request import read_query


def test_arguments():
    request = Request({"a": ["1", "2"], "empty": [""]})
    assert request.get_argument("a") == "2"
    assert request.get_argument("empty") == ""
    assert request.get_argument("no") is None
    assert request.get_argument("no", "x") == "x"


def test_the_query_of_an_endpoint():
    request = Request({"a": ["1"]}, {"Host": "h"}, {"c": "d"}, "1.2.3.4").for_endpoint("/x", "b=x%20y&b=z&e")
    assert request.arguments == {"b": ["x y", "z"], "e": [""]}
    assert (request.headers, request.cookies, request.ip) == ({"Host": "h"}, {"c": "d"}, "1.2.3.4")


def test_a_query_of_too_many_arguments_has_none():
    assert read_query("a&" * 2000) == {}
