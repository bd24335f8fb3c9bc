"""Importing the server where Tornado is not installed."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.fixture
def without_tornado(monkeypatch):
    """Have Tornado be missing, and the server not imported yet."""
    for name in [
        name for name in sys.modules if name.split(".")[0] == "tornado" or name.startswith("sioclient.server")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tornado", None)


def test_a_program_gets_an_import_error_that_names_the_extra(without_tornado):
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sioclient\[server\]'") as caught:
        importlib.import_module("sioclient.server")
    assert caught.value.name == "tornado"


def test_python_m_ends_without_a_traceback(without_tornado, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["-m"])
    with pytest.raises(SystemExit, match=r"pip install 'sioclient\[server\]'"):
        importlib.import_module("sioclient.server")
