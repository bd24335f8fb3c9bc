"""An acknowledgement that a thread waits for."""

from __future__ import annotations

import pytest

from sioclient import call as call_module
from sioclient.call import Call
from sioclient.protocol.notices import Answered
from tests.servers_py import Task


@pytest.mark.parametrize("slice_", [None, 0.001], ids=["at a stretch", "looking up now and then, as on Windows"])
def test_a_thread_waits_until_another_settles_it(slice_: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_module, "SLICE", slice_)
    call, answer = Call(), Answered(None, [1])
    waiting = Task(call.wait)
    if slice_ is None:
        waiting.wait_until_blocked()
    call.settle(answer)
    waiting.result()
    assert call.outcome is answer
