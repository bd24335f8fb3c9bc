"""Scripts and forms: payloads survive a round trip however they are cut, and nothing is evaluated."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from urllib.parse import parse_qs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sioclient.errors import RemoteProtocolError
from sioclient.protocol.revisions.jsonp1 import Scripts, decode_jsonp, encode_form, jsonp_error

TEXT = st.text() | st.text("\ufffd0123\U0001f600\U0010ffff\u2028\xe9:\"'\\</script>_();")
ENDING = 'a");</script>b\\");</script>\\\\";'


@given(TEXT)
def test_text_survives_jsonp(text):
    assert decode_jsonp(f"io.j[0]({json.dumps(text)});") == text
    assert decode_jsonp(f" io.j[3]( {json.dumps(text, ensure_ascii=False)} ) ;\n") == text


@example("it's")
@given(TEXT)
def test_text_between_single_quotes_is_taken_as_it_is(text):
    assert decode_jsonp(f"io.j[['3']]('{text}');") == text


@pytest.mark.parametrize(
    "body",
    [
        "",
        "io.j[0](",
        'io.j[0]("1::"',
        'foo("1::");',
        "io.j[0]();",
        "io.j[0](');",
        "io.j[0](undefined);",
        "io.j[0](5);",
        'io.j[0](["1::"]);',
        'io.j[0]("1::");alert(1);',
        "io.j[0](" + "[" * 100_000 + ");",
        "<html>502 Bad Gateway</html>",
    ],
    ids=lambda body: body[:30],
)
def test_a_body_that_is_not_jsonp_is_a_remote_error(body):
    with pytest.raises(RemoteProtocolError, match="not a text in a script"):
        decode_jsonp(body)


@given(st.text("io.j[0]()\"'\\;\n\ud83dx").map("io.j[0]({}".format) | st.text())
def test_no_jsonp_body_raises_another_error(body):
    with suppress(RemoteProtocolError):
        assert isinstance(decode_jsonp(body), str)


def test_a_refusal_in_jsonp_is_read():
    assert jsonp_error('io.j[4](new Error("handshake unauthorized"));') == "handshake unauthorized"


@pytest.mark.parametrize(
    "body",
    [
        "",
        'new Error("x")',
        'io.j[0]("1::");',
        "io.j[0](new Error(x));",
        'io.j[0](new Error("a" + "b"));',
        'io.j[0](new Error("\\x"));',
    ],
)
def test_a_body_without_a_refusal_in_jsonp_has_none(body):
    assert jsonp_error(body) is None


@example("\xe9")
@given(TEXT.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)))
def test_a_form_carries_its_payload(text):
    assert parse_qs(encode_form(text, as_json=False), keep_blank_values=True, strict_parsing=True) == {"d": [text]}
    (field,) = parse_qs(encode_form(text, as_json=True))["d"]
    assert json.loads(field) == text


def page(*payloads: str, plain_slashes: bool = True) -> bytes:
    scripts = [json.dumps(payload, ensure_ascii=False) for payload in payloads]
    if not plain_slashes:
        scripts = [script.replace("/", "\\/") for script in scripts]
    beginning = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>".ljust(256)
    return (beginning + "".join(f"<script>_({script});</script>" for script in scripts)).encode(
        "utf-8", "surrogatepass"
    )


def read(data: bytes, *cuts: int) -> list[str]:
    scripts, payloads = Scripts(), []
    edges = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(edges):
        payloads += scripts.feed(data[start:end])
    return payloads


@given(st.lists(TEXT | st.just(ENDING), max_size=4), st.lists(st.integers(0, 500), max_size=5), st.booleans())
def test_scripts_are_read_however_the_page_is_cut(payloads, cuts, plain_slashes):
    assert read(page(*payloads, plain_slashes=plain_slashes), *cuts) == payloads


def test_scripts_are_read_byte_by_byte():
    data = page("1::", ENDING, "3:::ü\U0001f600")
    assert read(data, *range(len(data))) == ["1::", ENDING, "3:::ü\U0001f600"]


def test_surrogates_are_kept_and_other_bad_bytes_replaced():
    assert read(page("3:::\ud83d")) == ["3:::\ud83d"]
    assert read(b'<script>_("3:::\xff\xfe");</script>') == ["3:::\ufffd\ufffd"]


def test_only_the_beginning_of_a_script_is_kept():
    scripts = Scripts()
    assert scripts.feed(b"x" * 100_000) == []
    assert scripts.waiting < 100
    assert scripts.feed(b'<script>_("' + b"y" * 1000) == []
    assert scripts.waiting > 1000
    assert scripts.feed(b'");</script>') == ["y" * 1000]
    assert scripts.waiting < 100


@pytest.mark.parametrize("argument", [b'"a" + "b"', b'["1::"]x"', b"[" * 100_000 + b'"'])
def test_a_script_without_a_text_is_an_error(argument):
    with pytest.raises(RemoteProtocolError, match="not a text in a script"):
        Scripts().feed(b"<script>_(" + argument + b");</script>")


@given(st.lists(st.binary() | st.sampled_from([b"<script>_(", b");</script>", b'"', b"\\"])))
def test_no_page_raises_another_error(pieces):
    scripts = Scripts()
    with suppress(RemoteProtocolError):
        for piece in pieces:
            assert all(isinstance(payload, str) for payload in scripts.feed(piece))


@pytest.mark.parametrize(
    "body", ["io.j[0](" + "](" * 10**6, "io.j[0](x)" + " " * 10**6 + "y", "io.j[0](" + ")" * 10**6]
)
def test_a_response_made_to_take_long_does_not(body):
    # A pattern that tries every bracket takes hours for these: the time-out of the test would tell.
    with pytest.raises(RemoteProtocolError):
        decode_jsonp(body)
    assert jsonp_error(body) is None
