"""The soak of a cluster, and its account."""

from __future__ import annotations

import pytest

from .account import Window, reckon
from .programs import missing

WINDOW = Window("the fault", 100, 110)


def account(said=(1, 2, 3), heard=(0, 1, 2), lost=()):
    """Reckon what a second client hears of the first one."""
    first = {"number": 0, "room": 0, "said": said, "heard": [[0, range(len(said))]], "lost": lost}
    return reckon([first, {"number": 1, "room": 0, "said": [], "heard": [[0, heard]], "lost": []}], [WINDOW])


def test_account_of_a_run_without_losses():
    found = account()
    assert (found.said, found.due, found.heard, found.is_right) == (3, 6, 6, True)


@pytest.mark.parametrize(
    ("heard", "name"), [((0, 1, 1, 2), "twice"), ((0, 2, 1), "unordered"), ((0, 1, 2, 3), "unknown")]
)
def test_account_finds_what_must_not_be(heard, name):
    found = account(heard=heard)
    assert (getattr(found, name), found.is_right) == (1, False)


def test_account_excuses_losses_in_a_window_only():
    found = account(said=(1, 105, 200), heard=(0, 2), lost=[105])
    assert (found.lost, found.losses, found.is_right) == ({"the fault": 1}, {"the fault": 1}, True)
    assert "the fault: 1 not heard, 1 connections lost" in str(found)
    found = account(said=(1, 105, 200), heard=(0, 1), lost=[50])
    assert len(found.unexcused) == 2
    assert not found.is_right


def test_a_cluster_survives_a_kill_and_a_restart():
    if (reason := missing()) is not None:
        pytest.skip(reason)
    pytest.importorskip("redis")
    pytest.importorskip("anyio")
    from .soak import Plan, soak

    found, windows = soak(Plan(clients=40, processes=1, seconds=4, pause=0.5, quiet=(0.3, 0.6), away=0.2))
    assert found.is_right, str(found)
    assert [window.name.split()[-1] for window in windows[:2]] == ["clients", "restarted"]
    assert found.said > 100
