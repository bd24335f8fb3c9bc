"""What the owner of a connection has to do with it, over a server in memory."""

from __future__ import annotations

import logging
import re
import time

import pytest

from sioclient.errors import ConnectionLost
from sioclient.fronts.ownership import end_when_forgotten, waiting_for_end
from sioclient.fronts.steps import run_steps
from sioclient.protocol.notices import Ended
from tests.memory import make_connection
from tests.servers_py import Task
from tests.waiting import ended

pytestmark = pytest.mark.usefixtures("no_thread_left")


def wait_for_end(current, seconds):
    return run_steps(waiting_for_end(current, seconds, time.monotonic))


class Owner:
    """Whoever holds a connection."""


def test_forgotten_connection_ends_with_a_warning(connection, notices, caplog):
    owner = Owner()
    end_when_forgotten(owner, connection, "http://h/")
    connection.open()
    owners = [owner]
    del owner
    with pytest.warns(ResourceWarning, match="was never disconnected"):
        owners.clear()
    ended(connection)
    ((name, level, told),) = caplog.record_tuples
    assert (name, level) == ("sioclient", logging.WARNING)
    assert re.search(r"^Owner\('http://h/.*was never disconnected.*with block.*variable", told)
    assert notices.of(Ended)


@pytest.mark.parametrize("forked", [False, True])
def test_forgotten_connection_that_is_not_open_needs_no_warning(forked, server, notices):
    connection, owner = make_connection(server, notices), Owner()
    end_when_forgotten(owner, connection, "http://h/")
    if forked:
        connection.forget()
    del owner  # a warning would be an error


def test_wait_goes_on_with_the_connection_that_comes_next(connection, server, notices):
    following = make_connection(server, notices)
    connections = [connection, following]
    connection.open()
    waiting = Task(wait_for_end, lambda: connections[0], None)
    waiting.wait_until_blocked()
    connections.pop(0)
    connection.disconnect()
    waiting.wait_until_blocked()
    assert not waiting.done
    following.open()
    assert wait_for_end(lambda: connections[0], 0.05) is None
    assert not waiting.done
    following.disconnect()
    assert waiting.result() == "client"


def test_wait_goes_on_after_an_error_if_there_is_another_connection(server, notices):
    failing = make_connection(server, notices, max_reconnection_attempts=0)
    following = make_connection(server, notices)
    failing.open()
    server.push(ConnectionLost("cut"))
    with pytest.raises(ConnectionError, match="cut"):
        wait_for_end(lambda: failing, None)
    following.open()
    connections = [failing, failing, following, following, following]
    assert wait_for_end(lambda: connections.pop(0), 0.05) is None
    following.disconnect()
