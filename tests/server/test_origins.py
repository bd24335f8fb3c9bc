"""The origins that a setting may name, in the one form in which they are compared."""

from __future__ import annotations

import pytest

from sioclient.server.origins import names_of, read_allowed


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("*", "*"),
        ("*:*", "*"),
        ("*:080", "*:80"),
        ("EXAMPLE.org:8080", "example.org:8080"),
        ("example.org:*/", "example.org:*"),
        (" https://Example.org/ ", "https://example.org:443"),
        ("http://example.org:8080", "http://example.org:8080"),
        ("[::1]:80", "[::1]:80"),
        ("http://[::1]", "http://[::1]:80"),
        ("b\u00fccher.example:*", "xn--bcher-kva.example:*"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_an_origin_has_one_form(text, form):
    assert read_allowed(text) == form


@pytest.mark.parametrize(
    "text",
    ["", "/", "null", "example.org", "example.org:", "example.org:x", "example.org:0", "example.org:65536", "https://",
     "https://example.org/page", "https://*", "https://*:80", "http://u@example.org", "example.org/page:80", "u@a:80",
     "::1:80", "[::1", "[::1:80", "http://[::1", "*.example.org:80", "a" * 70 + "\u00fc:80", "://a", "http://a:b"],
)  # fmt: skip
def test_an_origin_that_no_page_has_is_refused(text):
    with pytest.raises(ValueError, match="origins must be such as"):
        read_allowed(text)


def test_the_error_says_what_to_write_for_a_bare_host():
    with pytest.raises(ValueError, match=r'write "example.org:\*" for each of its ports'):
        read_allowed("Example.org/")


def test_a_page_without_a_host_has_no_origin():
    assert names_of("file:///page.html") == names_of("null") == names_of("") == set()
