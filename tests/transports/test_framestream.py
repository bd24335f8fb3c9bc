"""FrameReader and FrameWriter, over a stream whose every read and write the test decides."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sioclient.transports import framestream
from sioclient.transports.base import Traffic
from sioclient.transports.framestream import FrameReader, FrameWriter
from tests.interrupts import Interrupt
from tests.servers_py import BINARY, PING, Task, frame, soon
from tests.transports.conftest import Chunks
from tests.transports.test_frames import unmask

LIMIT = 2**20


def reader_of(stream: Any) -> FrameReader:
    return FrameReader(stream, LIMIT, Traffic())


def writer_of(stream: Any) -> FrameWriter:
    return FrameWriter(stream)


def test_messages_are_read_until_there_is_one() -> None:
    reader = reader_of(Chunks([frame("abc")[:2], frame("abc")[2:] + frame("d")]))
    assert reader.messages() == ["abc", "d"]


def test_messages_that_came_with_others_need_no_reading() -> None:
    reader = reader_of(Chunks([frame("") * 1500]))
    assert [len(reader.messages()), len(reader.messages())] == [1000, 500]


def test_a_large_message_is_read_into_a_buffer_of_its_size() -> None:
    stream, data = Chunks([]), frame("x" * 200_000)
    stream.chunks = [data[:10_000], data[10_000:150_000], data[150_000:]]
    assert reader_of(stream).messages() == ["x" * 200_000]
    assert stream.asked == [2**14, len(data) - 10_000, len(data) - 150_000]


def test_a_wake_in_the_middle_loses_nothing() -> None:
    data = frame("x" * 200_000)
    reader = reader_of(Chunks([data[:1], b"", data[1:40_000], b"", data[40_000:]]))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            reader.messages()
    assert reader.messages() == ["x" * 200_000]


@pytest.mark.parametrize("begun", [b"", frame("x")[:1], frame("x" * 70_000)[:-1]])
def test_the_end_of_the_stream_is_an_error(begun: bytes) -> None:
    with pytest.raises(ConnectionResetError, match="closed the connection"):
        reader_of(Chunks([begun] if begun else [])).messages()


# Taking what has come, if somebody sees to it


class Sees:
    """Sees to messages, or does not."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.seen: list[Any] = []

    def __call__(self, messages: list[Any]) -> bool:
        self.seen.append(messages)
        return self.answer


def test_messages_that_are_seen_to_are_taken() -> None:
    reader = reader_of(Chunks([frame("a") + frame("b"), frame("c"), frame("d")]))
    sees = Sees(True)
    assert [reader.take(sees), reader.take(sees)] == [True, True]
    assert sees.seen == [["a", "b"], ["c"]]
    assert reader.messages() == ["d"]
    assert reader.take(sees) is None


def test_messages_that_nobody_sees_to_stay() -> None:
    reader, sees = reader_of(Chunks([frame("a") + frame("b")])), Sees(False)
    assert [reader.take(sees), reader.take(sees)] == [False, False]
    assert sees.seen == [["a", "b"]] * 2
    assert reader.messages() == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        frame("abc")[:2],
        frame("a") + frame("b")[:1],
        frame("x" * 70_000),  # more than is looked at
        frame("a", PING),
        frame("a") + frame("b", PING),
        frame("a", BINARY),
        frame("a") + frame("b", BINARY),
        frame("x" * (LIMIT + 1))[:100],
        b"\x81\x01\xff",
    ],
    ids=lambda data: repr(data[:10]),
)
def test_what_is_more_than_whole_messages_is_left_alone(data: bytes) -> None:
    stream, sees = Chunks([data]), Sees(True)
    assert reader_of(stream).take(sees) is False
    assert (sees.seen, stream.chunks) == ([], [data])


@pytest.mark.parametrize("begun", [frame("abc")[:2], frame("x" * 70_000)[:-1]])
def test_in_the_middle_of_a_message_nothing_is_looked_at(begun: bytes) -> None:
    reader, sees = reader_of(Chunks([begun, b"", frame("abc")])), Sees(True)
    with pytest.raises(TimeoutError):
        reader.messages()
    assert reader.take(sees) is False
    assert sees.seen == []


def test_ctrl_c_within_leaves_everything() -> None:
    stream = Chunks([frame("a"), frame("b")])
    reader = reader_of(stream)

    def interrupted(messages: list[Any]) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reader.take(interrupted)
    sees = Sees(True)
    assert reader.take(sees)
    assert sees.seen == [["a"]]
    assert reader.messages() == ["b"]


# Frames of others


def test_bytes_of_other_frames_are_read_as_they_are() -> None:
    other = frame("x" * 10, BINARY)
    reader = reader_of(Chunks([frame("a") + other[:3], other[3:]]))
    assert reader.messages() == ["a"]
    assert reader.messages() == []
    assert [reader.read(2), reader.read(100), reader.read(100)] == [other[:2], other[2:3], other[3:]]


def test_the_last_ping_of_a_read_gets_its_pong_before_the_next_read() -> None:
    pongs: list[bytes] = []
    stream = Chunks([frame("a", PING) * 1000 + frame("b", PING), frame("c", PING) + frame("text") + frame("d", PING)])
    reader = reader_of(stream)
    reader.pong = lambda data: pongs.append(data + str(len(stream.asked)).encode())
    assert reader.messages() == ["text"]
    assert pongs == [b"b1", b"d2"]


def test_a_ping_that_others_have_read_gets_its_pong_before_the_next_read() -> None:
    pongs: list[bytes] = []
    other = frame("x" * 10, BINARY)
    reader = reader_of(Chunks([other[:3], other[3:]]))
    reader.pong = pongs.append
    reader.messages()
    reader.read(2)
    reader.pinged(b"a")
    reader.pinged(b"b")
    assert pongs == []
    assert (reader.read(1), pongs) == (b"x", [])
    assert (reader.read(9), pongs) == (b"x" * 9, [b"b"])
    reader.reply()
    assert pongs == [b"b"]


def test_more_is_read_at_a_time_while_much_comes() -> None:
    stream = Chunks([frame("x" * 100) * 10_000, frame("y" * 100)])
    reader = reader_of(stream)
    received: list[str | bytes] = []
    while len(received) < 10_001:
        received += reader.messages()
    assert stream.asked[:4] == [2**14, 2**16, 2**18, 2**18]
    assert stream.asked[-1] == 2**14


def test_a_control_frame_during_a_message_is_written_behind_it() -> None:
    class Meanwhile(Chunks):
        def send(self, data: bytes | memoryview, patience: float) -> int:
            if len(self.written) == 1:
                writer.write_control(b"first pong")
                writer.write_control(b"last pong")
            return super().send(data, patience)

    stream = Meanwhile([])
    writer = writer_of(stream)
    writer.write_control(b"at once")
    writer.write(["message"])
    assert [stream.written[0], *stream.written[2:]] == [b"at once", b"last pong"]
    assert unmask(stream.written[1]) == ["message"]


def test_a_control_frame_of_two_threads_is_written_once() -> None:
    stream = Chunks([])
    writer = writer_of(stream)

    class Late:
        """A lock that is had only when the other thread has written already."""

        def acquire(self, blocking: bool) -> bool:
            writer._control.clear()
            return True

        def release(self) -> None:
            """Do nothing."""

        def _is_owned(self) -> bool:
            return False

    writer._lock = Late()  # type: ignore[assignment]
    writer.write_control(b"pong")
    assert stream.written == []


def test_a_control_frame_is_left_to_another_thread_that_writes() -> None:
    stream = Chunks([])
    writer = writer_of(stream)
    with writer._lock:
        Task(writer.write_control, b"pong").result()
        writer.write_control(b"last pong")
    assert stream.written == []
    writer.write(["x"])
    assert stream.written[-1] == b"last pong"


def test_what_the_stream_does_not_take_at_once_follows() -> None:
    stream = Chunks([])  # which takes a thousand bytes at a time
    writer_of(stream).write(["x" * 2500])
    assert len(stream.written) == 3
    assert unmask(b"".join(stream.written)) == ["x" * 2500]


@pytest.mark.parametrize("room", [[0], [1000, 0], [1000, 1000, 0], [700, 0]])
def test_what_the_peer_does_not_take_is_left_to_finish(room: list[int]) -> None:
    stream = Chunks([])
    stream.room = room
    writer = writer_of(stream)
    assert not writer.write(["x" * 2500, "y" * 200_000])
    taken = len(stream.written)
    writer.write_control(b"pong")
    assert len(stream.written) == taken, "a pong in the middle of a message"
    assert writer.finish(soon())
    assert stream.written.pop() == b"pong"
    assert unmask(b"".join(stream.written)) == ["x" * 2500, "y" * 200_000]


def test_finish_without_a_rest_writes_nothing() -> None:
    stream = Chunks([])
    assert writer_of(stream).finish(soon())
    assert stream.written == []


def test_finish_ends_at_its_deadline_though_some_is_taken() -> None:
    stream = Chunks([])
    stream.room = [0]
    writer = writer_of(stream)
    assert not writer.write(["x" * 10_000])
    assert not writer.finish(time.monotonic())
    assert len(stream.written) == 1


def test_without_progress_finish_waits_until_its_deadline_and_gives_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(framestream, "MOST_STALL", 0.2)
    stream = Chunks([])
    stream.room = [1000, *[0] * 10_000]
    writer = writer_of(stream)
    assert not writer.write(["x" * 10_000])
    assert not writer.finish(time.monotonic() + 0.01)
    with pytest.raises(TimeoutError, match=r"has taken nothing for 0\.2 s"):
        Task(writer.finish, soon()).result()
    assert len(stream.written) == 1


def test_ctrl_c_at_any_place_of_a_write_leaves_no_lock_taken() -> None:
    number, raised_at = 0, ""
    while raised_at is not None:
        stream = Chunks([])
        writer = writer_of(stream)
        writer._control.append(b"a pong that waits")
        interrupt = Interrupt(number)
        interrupt.run(lambda: writer.write(["x"]))  # noqa: B023
        Task(writer.write, ["y"]).result()
        Task(writer.write_control, b"pong").result()
        assert stream.written[-1] == b"pong", interrupt.raised_at
        number, raised_at = number + 1, interrupt.raised_at
    assert number > 5
