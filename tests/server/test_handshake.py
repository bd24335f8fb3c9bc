"""The responses to handshakes, and the origins that may make one."""

from __future__ import annotations

import pytest

from sioclient.server.handshake import REFUSALS, Response, accepted, as_jsonp, may_come_from, refusal
from sioclient.server.settings import Settings


def test_an_accepted_handshake():
    assert accepted("id", Settings()).body == "id:60:60:websocket,htmlfile,xhr-polling,jsonp-polling"
    few = Settings(heartbeat_timeout=0.5, close_timeout=1.0, transports=("xhr-polling",))
    assert accepted("id", few) == Response(200, "text/plain", "id:0.5:1:xhr-polling")


def test_verdicts():
    assert refusal(True) is None
    assert refusal(False) == Response(403, "text/plain", "handshake unauthorized")
    assert refusal(None) == refusal(False)  # a function that returns nothing accepts nobody
    assert refusal("the reason stays here") == Response(500, "text/plain", "handshake error")


def test_responses_as_scripts():
    yes = as_jsonp(accepted("id", Settings(transports=("websocket",))), "17")
    assert yes == Response(200, "application/javascript", 'io.j[17]("id:60:60:websocket");')
    no = as_jsonp(REFUSALS["unauthorized"], "4")
    assert no == Response(200, "application/javascript", 'io.j[4](new Error("handshake unauthorized"));')


@pytest.mark.parametrize("origins", [("*:*",), ("*",), ("a:80", "*:*")])
def test_a_star_allows_every_origin(origins):
    assert may_come_from({}, origins)
    assert may_come_from({"Origin": "null"}, origins)


@pytest.mark.parametrize(
    ("page", "origins", "allowed"),
    [
        ("http://example.org", ("example.org:80",), True),
        ("https://example.org", ("example.org:443",), True),
        ("https://example.org", ("example.org:80",), False),
        ("http://EXAMPLE.org:8080/page?x", ("example.org:8080",), True),
        ("http://example.org:8080", ("example.org:*",), True),
        ("http://example.org:8080", ("*:8080",), True),
        ("http://example.org:8080", ("http://example.org:8080",), True),
        ("http://example.org", ("https://example.org",), False),
        ("http://example.org:8080", ("Example.ORG:8080",), True),
        ("http://example.org", ("http://EXAMPLE.org/",), True),
        ("https://example.org", ("https://example.org:443",), True),
        ("https://example.org:444", ("https://example.org",), False),
        ("http://[::1]:8080", ("[::1]:8080",), True),
        ("http://xn--bcher-kva.example", ("b\u00fccher.example:80",), True),
        ("http://xn--bcher-kva.example", ("http://B\u00fccher.example",), True),
        ("capacitor://localhost", ("capacitor://localhost",), True),
        ("capacitor://localhost", ("localhost:*", "*:80"), False),
        ("http://evil-example.org", ("example.org:*",), False),
        ("http://example.org.evil", ("example.org:*",), False),
        ("http://example.org@evil", ("example.org:*",), False),
        ("null", ("example.org:*",), False),
        ("", ("example.org:*",), False),
        ("http://[::1", ("example.org:*", "*:80"), False),
        ("http://example.org:99999", ("example.org:*",), False),
        ("file:///page.html", ("*:80",), False),
        ("chrome-extension://abc", ("*:80",), False),
    ],
)
@pytest.mark.parametrize("header", ["Origin", "Referer"])
def test_s15_origins(header, page, origins, allowed):
    assert may_come_from({header: page}, Settings(origins=origins).origins) == allowed


def test_the_origin_comes_before_the_referer():
    assert not may_come_from({"Origin": "http://evil", "Referer": "http://a"}, ("a:80",))
