"""What a transport is, and how one is found by its name."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from sioclient.options import TRANSPORTS
from sioclient.transports import load_transport, transport_kinds
from sioclient.transports.base import HttpOptions, Transport
from tests.memory import MemoryServer, MemoryTransport


def test_every_kind_is_a_transport_that_can_be_asked_for_by_its_name() -> None:
    for kind in transport_kinds():
        assert issubclass(load_transport(kind), Transport)
        assert load_transport(kind).name in TRANSPORTS


def test_every_name_is_that_of_a_kind() -> None:
    assert set(TRANSPORTS) <= set(transport_kinds())
    for name in TRANSPORTS:
        assert load_transport(name).name == name


def test_there_is_nothing_under_another_name() -> None:
    with pytest.raises(KeyError):
        load_transport("flashsocket")


def test_a_transport_has_to_do_everything() -> None:
    verbs = {"__init__", "open", "recv", "send", "wake", "abort", "close"}
    assert Transport.__abstractmethods__ == verbs
    with pytest.raises(TypeError, match="abstract"):
        Transport(None, 0)  # type: ignore[abstract,arg-type]


def test_a_transport_that_knows_no_better_receives_until_there_is_something() -> None:
    transport = MemoryTransport(MemoryServer())
    transport.incoming.put("x")
    assert transport.recv_until(0) == ["x"]
    assert Transport.prepare(transport, 0)
    assert Transport.finish(transport, 0)


def test_certificates_are_verified_by_default_and_nothing_else_is_set() -> None:
    options = dataclasses.asdict(HttpOptions())
    assert options.pop("verify") is True
    assert set(options.values()) == {None}


def test_options_cannot_be_changed_behind_the_connections_back() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HttpOptions().verify = False  # type: ignore[misc]


def test_no_network_library_is_loaded_before_a_transport_is() -> None:
    code = "import sys, sioclient.transports; sys.exit(bool({'requests', 'websocket'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
