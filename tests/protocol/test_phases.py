"""The table of phases, pair by pair, and a connection that takes every step of it."""

from __future__ import annotations

import itertools

import pytest

from sioclient.errors import ConnectError
from sioclient.protocol.client import ClientProtocol
from sioclient.protocol.phases import LINKED, TRANSITIONS, Phase, Step

from .driver import DELAY, HANDSHAKE, new_client

IDLE, CONNECTING, JOINING, RESTORING, OPEN, WAITING, CLOSED = Phase

LEADS_TO = {
    IDLE: {Step.START: CONNECTING, Step.ENDED: CLOSED},
    CONNECTING: {Step.OPENED: JOINING, Step.LOST: WAITING, Step.ENDED: CLOSED},
    JOINING: {Step.JOINED: RESTORING, Step.LOST: WAITING, Step.ENDED: CLOSED},
    RESTORING: {Step.RESTORED: OPEN, Step.LOST: WAITING, Step.ENDED: CLOSED},
    OPEN: {Step.LOST: WAITING, Step.ENDED: CLOSED},
    WAITING: {Step.DUE: CONNECTING, Step.ENDED: CLOSED},
    CLOSED: {},
}
PAIRS = list(itertools.product(Phase, Step))


def walk(client: ClientProtocol, step: Step, now: float) -> None:
    """Have a client take one step, in the way in which its shell would."""
    if step is Step.START:
        client.connect(now)
    elif step is Step.OPENED:
        client.transport_opened(HANDSHAKE, "websocket", now)
    elif step is Step.JOINED:
        client.join("/chat", "", None, now)  # without an endpoint to restore, there is no time between two steps
        client.receive(["1::"], now)
    elif step is Step.RESTORED:
        client.receive(["1::/chat"], now)
    elif step is Step.LOST and client.phase is CONNECTING:
        client.connect_failed(ConnectError("unreachable"), now)
    elif step is Step.LOST:
        client.transport_lost("gone", now)
    elif step is Step.DUE:
        client.handle_timeout(now + DELAY)
    else:
        client.disconnect()


def way_to(phase: Phase) -> list[Step]:
    """Return the shortest way from IDLE to a phase."""
    ways: dict[Phase, list[Step]] = {IDLE: []}
    reached = [IDLE]
    for before in reached:
        for step, after in LEADS_TO[before].items():
            if after not in ways:
                ways[after] = [*ways[before], step]
                reached.append(after)
    return ways[phase]


def walked_to(phase: Phase) -> ClientProtocol:
    client = new_client(wait_for_connection=True)
    for step in way_to(phase):
        walk(client, step, 0.0)
    assert client.phase is phase
    return client


@pytest.mark.parametrize(("phase", "step"), PAIRS, ids=lambda value: value.value)
def test_every_step_leads_where_it_says_or_is_an_error(phase, step):
    target = LEADS_TO[phase].get(step)
    if target is None:
        with pytest.raises(KeyError):
            TRANSITIONS[phase, step]
    else:
        assert TRANSITIONS[phase, step] is target


@pytest.mark.parametrize(("phase", "step"), TRANSITIONS, ids=lambda value: value.value)
def test_a_connection_takes_every_step_of_the_table(phase, step):
    client = walked_to(phase)
    walk(client, step, 0.0)
    assert client.phase is LEADS_TO[phase][step]


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.value)
def test_a_transport_is_wanted_in_the_linked_phases(phase):
    assert walked_to(phase).linked == (phase in LINKED) == (phase not in (IDLE, WAITING, CLOSED))


def test_a_whole_life_goes_through_all_phases():
    client, now = new_client(), 0.0
    steps = [Step.START, Step.OPENED, Step.JOINED, Step.RESTORED, Step.LOST, Step.DUE, Step.OPENED, Step.ENDED]
    phases = [client.phase]
    for step in steps:
        walk(client, step, now)
        phases.append(client.phase)
        now += DELAY
    assert phases == [IDLE, CONNECTING, JOINING, RESTORING, OPEN, WAITING, CONNECTING, JOINING, CLOSED]
