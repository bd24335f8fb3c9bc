"""The bodies of each transport, written and read."""

from __future__ import annotations

import json

import pytest

from sioclient.protocol.revisions import Handshake, revision1
from sioclient.protocol.revisions.framing1 import JsonpFraming, PageFraming, PlainFraming

HANDSHAKE = Handshake("sid", 60, 60, ())
FRAMES = ["3:::ü", "3:::\ufffd"]
PAYLOAD = "\ufffd5\ufffd3:::ü\ufffd5\ufffd3:::\ufffd"


def test_plain_bodies_are_payloads():
    framing = PlainFraming()
    assert framing.encode_payload(FRAMES) == PAYLOAD
    assert framing.decode_payload(PAYLOAD) == FRAMES
    assert framing.content_type.startswith("text/plain")


def test_jsonp_sends_forms_and_reads_scripts():
    framing = JsonpFraming()
    assert framing.encode_payload(["3:::a b"]) == "d=%223%3A%3A%3Aa%20b%22"
    assert framing.decode_payload(f"io.j[0]({json.dumps(PAYLOAD)});") == FRAMES
    assert framing.decode_payload("") == []
    assert framing.content_type == "application/x-www-form-urlencoded"
    assert JsonpFraming(as_json=False).encode_payload(["3:::a b"]) == "d=3%3A%3A%3Aa%20b"


def test_a_page_is_read_script_by_script():
    framing = PageFraming()
    data = f'<script>_({json.dumps(PAYLOAD)});</script><script>_("2::");</script>'.encode()
    assert framing.feed(data[:30]) == []
    assert framing.waiting == 30
    assert framing.feed(data[30:]) == [*FRAMES, "2::"]
    assert framing.encode_payload(FRAMES) == PAYLOAD


@pytest.mark.parametrize(
    ("transport", "kind"),
    [("xhr-polling", PlainFraming), ("jsonp-polling", JsonpFraming), ("htmlfile", PageFraming)],
)
def test_each_transport_has_its_framing(transport, kind):
    assert type(revision1().framing(transport, HANDSHAKE)) is kind


def test_a_handshake_without_content_type_means_plain_forms():
    old = revision1().read_handshake(200, "sid:15:25:jsonp-polling", None)
    new = revision1().read_handshake(200, "sid:15:25:jsonp-polling", "text/plain")
    assert revision1().framing("jsonp-polling", old).encode_payload(["2::"]) == "d=2%3A%3A"
    assert revision1().framing("jsonp-polling", new).encode_payload(["2::"]) == "d=%222%3A%3A%22"
