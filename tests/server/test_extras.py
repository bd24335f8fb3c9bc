"""Whoever needs an extra that is not installed is told its name."""

from __future__ import annotations

import pytest

from sioclient.server.extras import needs


def test_the_package_and_the_extra_are_named():
    with pytest.raises(ModuleNotFoundError) as caught, needs("several processes", "redis"):
        import no_such_package  # noqa: F401
    assert str(caught.value) == "several processes need the package no_such_package: pip install 'sioclient[redis]'"
    assert caught.value.name == "no_such_package"


def test_other_errors_stay_what_they_are():
    with pytest.raises(ValueError, match="mine"), needs("several processes", "redis"):
        raise ValueError("mine")
    with needs("several processes", "redis"):
        pass
