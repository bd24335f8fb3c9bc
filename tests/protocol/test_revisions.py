"""The two ways to an opening: by the number of a revision, or by that of Engine.IO alone."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from sioclient.protocol.jsontext import JsonText
from sioclient.protocol.packets import Json, Malformed
from sioclient.protocol.revisions import make_engine_opening, make_opening

LOUD = JsonText(SimpleNamespace(dumps=lambda value: '"dumped"', loads=json.loads))


@pytest.mark.parametrize("number", [1, 4, 5])
def test_each_revision_has_its_opening(number):
    opening = make_opening(number, LOUD)
    assert opening.dialect.number == number
    assert '"dumped"' in opening.dialect.encode(Json(1))


@pytest.mark.parametrize("number", [3, 4])
def test_each_revision_of_engine_io_has_its_opening(number):
    opening = make_engine_opening(number, LOUD)
    assert (opening.dialect.number, opening.dialect.alone) == (number, True)
    assert '"dumped"' in opening.dialect.encode(Json(1))


@pytest.mark.parametrize("make", [make_opening, make_engine_opening])
def test_without_a_number_the_handshake_tells_the_revision(make):
    assert make(None).dialect is None


@pytest.mark.parametrize(("most", "kinds"), [(3, [True]), (4, [False])])
def test_attachments_are_limited(most, kinds):
    decode = make_opening(5, None, most).dialect.decoder()
    packets = decode(['451-["x",{"_placeholder":true,"num":0}]', b"1234"])
    assert [isinstance(packet, Malformed) for packet in packets[1:]] == kinds


@pytest.mark.parametrize("number", [4, 5, None])
def test_a_parser_is_for_revisions_whose_servers_may_have_one(number):
    assert make_opening(number, None, parser="msgpack") is not None
    with pytest.raises(ValueError, match="a server of revision 1 has none, so leave it out"):
        make_opening(1, None, parser="msgpack")
