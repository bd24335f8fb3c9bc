"""What the URL of a proxy says; what goes through proxies is in test_http and test_websocket."""

from __future__ import annotations

import pytest

from sioclient.transports.proxy import proxy_authorization, proxy_parts


@pytest.mark.parametrize("url", ["http://proxy.test:3128", "proxy.test:3128"])
def test_a_proxy_may_be_named_without_a_scheme(url: str) -> None:
    parts = proxy_parts(url)
    assert (parts.scheme, parts.hostname, parts.port) == ("http", "proxy.test", 3128)


def test_no_proxy_has_no_host() -> None:
    assert proxy_parts(None).hostname is None


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://proxy.test", {}),
        ("http://a%40b:c%3Ad@proxy.test", {"Proxy-Authorization": "Basic YUBiOmM6ZA=="}),
        ("http://user@proxy.test", {"Proxy-Authorization": "Basic dXNlcjo="}),
    ],
)
def test_a_user_in_the_url_is_named_to_the_proxy(url: str, headers: dict[str, str]) -> None:
    assert proxy_authorization(proxy_parts(url)) == headers
