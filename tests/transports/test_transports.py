"""What a transport is, and how one is found by its name."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sioclient import transports
from sioclient.options import TRANSPORTS
from sioclient.transports import load_transport, transport_kinds
from sioclient.transports.base import HttpOptions, Transport, fresh_url
from tests.memory import MemoryServer, MemoryTransport


def test_every_kind_is_a_transport_with_a_name_of_an_option() -> None:
    for kind in transport_kinds():
        made = load_transport(kind)
        assert isinstance(made, type)
        assert issubclass(made, Transport)
        assert made.name in TRANSPORTS


def test_every_name_is_that_of_a_kind() -> None:
    assert set(TRANSPORTS) <= set(transport_kinds())
    for name in TRANSPORTS:
        assert load_transport(name).name == name  # type: ignore[attr-defined]


def test_there_is_nothing_under_another_name() -> None:
    with pytest.raises(KeyError):
        load_transport("flashsocket")


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
    assert transport.recv_until(0) == ["x"]
    assert Transport.prepare(transport, 0)
    assert Transport.finish(transport, 0)


def test_certificates_are_verified_by_default() -> None:
    options = dataclasses.asdict(HttpOptions())
    assert options.pop("verify") is True
    assert set(options.values()) == {None}


def test_options_cannot_be_changed_behind_the_connections_back() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HttpOptions().verify = False  # type: ignore[misc]


def test_no_network_library_is_loaded_before_a_transport_is() -> None:
    code = "import sys, sioclient.transports; sys.exit(bool({'requests', 'websocket'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
