"""What a transport is, and how one is found by its name."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sioclient import transports
from sioclient.address import fresh_url
from sioclient.errors import ConnectionLost
from sioclient.options import TRANSPORTS, Options
from sioclient.protocol.revisions import make_opening
from sioclient.transports import make_transport
from sioclient.transports.base import Transport
from sioclient.transports.http import HttpClient
from tests.memory import MemoryServer, MemoryTransport

KINDS = {kind for number in (1, 4, 5) for kind in make_opening(number).transports.values()}


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with closing(HttpClient(Options())) as made:
        yield made


def test_every_kind_is_a_transport_with_a_name_of_an_option(http: HttpClient) -> None:
    for kind in sorted(KINDS):
        transport = make_transport(kind, http, 1000, None)
        assert isinstance(transport, Transport)
        assert transport.name in TRANSPORTS
        transport.close(0)


def test_every_name_is_that_of_a_kind(http: HttpClient) -> None:
    assert set(TRANSPORTS) <= KINDS
    for name in TRANSPORTS:
        transport = make_transport(name, http, 1000, None)
        assert transport.name == name
        transport.close(0)


def test_there_is_nothing_under_another_name(http: HttpClient) -> None:
    with pytest.raises(KeyError):
        make_transport("flashsocket", http, 1000, None)


def test_every_import_is_written_out_for_programs_in_one_file() -> None:
    assert "import_module" not in Path(transports.__file__).read_text("utf-8")


@pytest.mark.parametrize("joint", ["?", "&"])
def test_a_fresh_url_has_the_time_in_its_query(joint: str) -> None:
    url = "http://host/path" + ("?a=b" if joint == "&" else "")
    beginning, _, milliseconds = fresh_url(url).partition(f"{joint}t=")
    assert beginning == url
    assert abs(int(milliseconds) / 1000 - time.time()) < 60


def test_a_transport_has_to_do_everything() -> None:
    verbs = {"open", "recv", "send", "wake", "abort", "close"}
    assert Transport.__abstractmethods__ == verbs
    with pytest.raises(TypeError, match="abstract"):
        Transport()  # type: ignore[abstract]


def test_a_transport_receives_without_deadline_by_default() -> None:
    transport = MemoryTransport(MemoryServer())
    transport.incoming.put("x")
    assert Transport.recv_until(transport, 0) == ["x"]
    assert Transport.take(transport, lambda frames: True) is False
    assert Transport.prepare(transport, 0)
    assert Transport.finish(transport, 0)
    with pytest.raises(ConnectionLost):
        Transport.leave(transport)


def test_no_network_library_is_loaded_before_a_transport_is() -> None:
    code = "import sys, sioclient.transports; sys.exit(bool({'requests', 'websocket'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
