"""The table of rooms."""

from __future__ import annotations

from sioclient.server.rooms import Rooms


def test_members_in_the_order_of_arrival():
    rooms = Rooms()
    for name in ("ada", "grace"):
        rooms.enter(name, "/chat")
        rooms.enter(name, "/chat", "kitchen")
    rooms.enter("ada", "/chat", "kitchen")
    assert list(rooms.members("/chat")) == list(rooms.members("/chat", "kitchen")) == ["ada", "grace"]
    assert list(rooms.members("")) == list(rooms.members("/chat", "hall")) == []


def test_leaving_a_room_keeps_the_others():
    rooms = Rooms()
    rooms.enter("ada", "", "kitchen")
    rooms.enter("ada", "", "hall")
    rooms.enter("grace", "", "kitchen")
    rooms.leave("ada", "", "kitchen")
    rooms.leave("ada", "", "nowhere")
    rooms.leave("nobody", "", "kitchen")
    assert (list(rooms.members("", "kitchen")), list(rooms.members("", "hall"))) == (["grace"], ["ada"])


def test_nothing_is_left_of_a_member_that_left():
    rooms = Rooms()
    rooms.enter("ada", "")
    rooms.enter("ada", "", "kitchen")
    rooms.leave_all("ada")
    rooms.leave_all("ada")
    assert (rooms._members, rooms._rooms) == ({}, {})
