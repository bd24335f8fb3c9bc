"""An acknowledgement that a thread waits for."""

from __future__ import annotations

import pytest

from sioclient import call as call_module
from sioclient.call import Call
from sioclient.protocol.notices import Answered
from tests.servers_py import Task


def test_a_thread_waits_until_another_settles_it() -> None:
    call, answer = Call(), Answered(None, [1])
    waiting = Task(call.wait)
    waiting.wait_until_blocked()
    call.settle(answer)
    waiting.result()
    assert call.outcome is answer


def test_where_a_wait_cannot_be_interrupted_it_looks_up_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lock:
        def acquire(self, *, timeout: float) -> bool:
            looks.append(timeout)
            return len(looks) == 3

    looks: list[float] = []
    call = Call()
    monkeypatch.setattr(call_module, "SLICE", 0.01)  # on Windows
    call._done = Lock()  # type: ignore[assignment]
    call.wait()
    assert looks == [0.01] * 3
