"""What the log shows of packets: escaped, cut, and without secrets."""

from __future__ import annotations

import logging

import pytest

from sioclient.fronts.packetlog import MOST_SHOWN, PacketLog, shown


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ('42["sum",1,2]', '42["sum",1,2]'),
        ("43[3]", "43[3]"),
        ('44{"message":"no"}', '44{"message":"no"}'),
        ("5:1+::{}", "5:1+::{}"),
        ("3:::%s \x1b[31m\r\n\x00\u202e\ud800", r"3:::%s \x1b[31m\r\n\x00\u202e\ud800"),
        (b"\x01\x02", r"2 bytes: b'\x01\x02'"),
        ("", ""),
    ],
)
def test_packet_is_shown_in_printable_characters(frame, text):
    assert shown(frame) == text


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ('0{"sid":"SECRET","upgrades":[]}', '0{"sid":"***","upgrades":[]}'),
        ('0{"upgrades":[],"sid": "SECRET"}', '0{"upgrades":[],"sid": "***"}'),
        ('40{"token":"SECRET"}', "40***"),
        ('40{"token":"a\nSECRET"}', "40***"),
        ('40/chat,{"token":"SECRET"}', "40/chat,***"),
        ("40/chat?token=SECRET,", "40/chat?***"),
        ("40/?token=SECRET", "40/?***"),
        ('40{"sid":"SECRET","pid":"SECRET"}', "40***"),
        ("1::/chat:?token=SECRET", "1::/chat:?***"),
        ("1::?token=SECRET:SECRET", "1::?***"),
        (b"\x82\xa4type\x00\xa4data\x81\xa5token\xa6SECRET", "26 bytes"),
        ('0{"sid":"' + "SECRET" * 1000, '0{"sid":"***'),
    ],
)
def test_secrets_of_joins_and_session_ids_are_masked(frame, text):
    assert shown(frame) == text


@pytest.mark.parametrize("frame", ["40", "40/chat", "40/chat,", "41/chat,", "1::", "1::/chat", '42["40{"]', "0", "0::"])
def test_packet_without_secrets_is_shown_whole(frame):
    assert shown(frame) == frame


@pytest.mark.parametrize("frame", ["x" * 201, "x" * 10**6, "\0" * 201, b"x" * 10**6])
def test_long_packet_is_cut(frame):
    assert MOST_SHOWN <= len(shown(frame)) <= MOST_SHOWN + len("1000000 bytes")


def test_packet_of_just_that_length_is_not_cut():
    assert shown("x" * MOST_SHOWN) == "x" * MOST_SHOWN


class Raising(logging.Handler):
    def __init__(self, problem):
        super().__init__()
        self.problem = problem

    def emit(self, record):
        raise self.problem


@pytest.mark.parametrize(("is_for_caller", "problem"), [(False, KeyboardInterrupt()), (False, ValueError())])
def test_what_a_handler_of_the_log_raises_changes_nothing(is_for_caller, problem):
    logger = logging.Logger("mine")
    logger.addHandler(Raising(problem))
    PacketLog(logger, lambda problem: is_for_caller).show("<", ["3:::x"])


def test_ctrl_c_passes():
    logger = logging.Logger("mine")
    logger.addHandler(Raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        PacketLog(logger, lambda problem: True).show("<", ["3:::x"])


@pytest.mark.parametrize(("level", "is_on"), [(logging.DEBUG, True), (logging.INFO, False)])
def test_packets_are_shown_at_debug_only(level, is_on):
    logger = logging.Logger("mine")
    logger.setLevel(level)
    assert PacketLog(logger, lambda problem: True).is_on() is is_on


def test_each_frame_is_shown_with_its_direction(caplog):
    caplog.set_level(logging.DEBUG, "mine")
    PacketLog(logging.getLogger("mine"), lambda problem: True).show(">", ["3:::a", b"b"])
    assert caplog.messages == ["> 3:::a", "> 1 bytes: b'b'"]
