"""What is fuzzed: all that reads what a server sends, and what our own server reads of a client.

A target takes bytes. It names the exceptions that the reader may raise; any other is a bug.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sioclient.errors import ConnectError, LocalProtocolError, RemoteProtocolError
from sioclient.protocol.packets import MAX_ID, Malformed
from sioclient.protocol.revisions import revision1
from sioclient.protocol.revisions.framing1 import PageFraming
from sioclient.protocol.revisions.jsonp1 import decode_jsonp, jsonp_error
from sioclient.protocol.revisions.payload1 import decode_payload, encode_payload
from sioclient.server.bodies import POLLS
from sioclient.server.crossing import Sent, decode, encode
from sioclient.server.dialects import Dialects
from sioclient.server.enginebodies import read_post
from sioclient.server.enginesession import EngineSession
from sioclient.server.handshake import may_come_from
from sioclient.server.origins import names_of, read_allowed
from sioclient.server.proxies import client_address, read_address, read_networks
from sioclient.server.session import JoinAsked, LinkKind, ServerSession
from sioclient.server.sessionbase import Session
from sioclient.server.settings import Settings
from sioclient.transports.http1 import ResponseReader
from tests.protocol.driver import DELAY, come_back, event, open_client

_opening = revision1()


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def packet(data: bytes) -> None:
    """The packet decoder never raises, and no packet has an id beyond the largest."""
    frames = text_of(data).split("\n")
    for decoded in _opening.dialect.decoder()([*frames, data]):
        number = getattr(decoded, "id", None)
        assert isinstance(decoded, Malformed) or number is None or 0 <= number <= MAX_ID
    assert isinstance(decoded, Malformed)  # bytes are no frame of this revision


def payload(data: bytes) -> None:
    """The payload splitter raises RemoteProtocolError only; what we write ourselves it reads back."""
    text = text_of(data)
    with suppress(RemoteProtocolError):
        decode_payload(text)
    frames = [part for part in text.split("\n") if part]
    if len(frames) > 1:
        assert decode_payload(encode_payload(frames)) == frames


def handshake(data: bytes) -> None:
    """The handshake's reader raises ConnectError only, and believes in no session id that could change a URL."""
    status = 200 if not data or data[0] % 4 else 100 + data[0] * 2
    try:
        announced = _opening.read_handshake(status, text_of(data[1:]))
    except ConnectError:
        return
    assert 1 <= len(announced.session_id) <= 128
    assert not set(announced.session_id) & set("/?#% \r\n")
    for seconds in (announced.heartbeat_timeout, announced.close_timeout):
        assert seconds is None or 0 <= seconds <= 86_400


def jsonp(data: bytes) -> None:
    """The reader of JSONP raises RemoteProtocolError only."""
    text = text_of(data)
    jsonp_error(text)
    with suppress(RemoteProtocolError):
        assert isinstance(decode_jsonp(text), str)


def page(data: bytes) -> None:
    """The reader of htmlfile's page raises RemoteProtocolError only, and reads the same however it is cut."""

    def read(chunks: list[bytes]) -> list[str] | None:
        framing, frames = PageFraming(), []
        try:
            for chunk in chunks:
                frames += framing.feed(chunk)
        except RemoteProtocolError:
            return None
        return frames

    cut = data[0] if data else 0
    assert read([data]) == read([data[:cut], data[cut:]])


def response(data: bytes) -> None:
    """A response of HTTP is read, or is an error, however it is cut, and is never too much."""
    assert _read(data, len(data) or 1) == _read(data, 7)


def _read(data: bytes, size: int) -> tuple[object, ...]:
    """Read a response from parts of this size and the end of the stream."""
    parts = iter([*(data[at : at + size] for at in range(0, len(data), size)), b""])
    reader, read = ResponseReader(1000), None
    try:
        while read is None:
            read = reader.feed(next(parts))
    except OSError:
        return ()
    assert len(read.body) <= 1000 or 300 <= read.status < 400
    return read.status, read.body, read.headers, read.is_kept, read.retry_after


def receive(data: bytes) -> None:
    """The whole way of what is received: nothing is raised, and the connection ends or can still be used."""
    client = open_client(attempts=None)
    client.join("/chat", "", 10.0, 0.0)
    client.push(event("x", id=1), 0.0, waiter="waiter", timeout=5.0)
    client.frames_to_send()
    now = 0.0
    for part in data.split(b"\n"):
        try:
            frames = decode_payload(text_of(part))
        except RemoteProtocolError:
            client.transport_lost("protocol error", now)
        else:
            client.receive(frames, now)
        client.frames_to_send()
        client.notices()
        if client.session is None and client.lifecycle.error is None and client.deadline() is not None:
            now += DELAY
            come_back(client, now, "1::")
    client.disconnect()
    assert client.deadline() is None
    assert len(client.acks) == 0


_settings = Settings()
_dialects = Dialects(_settings)


def serve(data: bytes) -> None:
    """Whatever a client sends, over a stream or in a body of a POST, nothing is raised out of the server's session."""
    session = ServerSession(_dialects.old, _settings, 0.0)
    session.attach(LinkKind.STREAM if data[:1] < b"a" else LinkKind.POLL, 0.0)
    for number, part in enumerate(data.split(b"\xfe")):  # a byte that no text has
        way = ("xhr-polling", "jsonp-polling", "stream")[number % 3]
        frames = (
            [text_of(part)] if way == "stream" else [frame for frame in POLLS[way].decode(part) if frame is not None]
        )
        session.receive(frames, 0.0)
        for notice in session.notices():
            _respond(session, notice)
        for frame in session.frames_to_send(0.0):
            assert isinstance(frame, str)
        if session.link is LinkKind.NONE:
            session.attach(LinkKind.POLL, 0.0)
    session.drop()
    assert session.is_over


def _respond(session: Session, notice: object) -> None:
    """Do what an application may do about a notice."""
    endpoint = getattr(notice, "endpoint", "")
    if isinstance(notice, JoinAsked):
        session.refuse(endpoint) if len(endpoint) % 4 == 3 else session.accept(endpoint)
    elif getattr(notice, "wants_data", False):
        session.acknowledge(notice, [endpoint])  # type: ignore[arg-type]
    session.report("an error", endpoint)


def serve_later(data: bytes) -> None:
    """Whatever a client of a later generation sends, nothing is raised out of its session, and a body is refused."""
    dialect = _dialects.later[4 + len(data) % 2]
    session = EngineSession(dialect, _settings, 0.0, "id")
    session.attach(LinkKind.STREAM if data[:1] < b"a" else LinkKind.POLL, 0.0)
    for number, part in enumerate(data.split(b"\xfe")):  # a byte that no text has
        with suppress(ValueError):
            way = number % 4
            frames = [text_of(part), part][way : way + 1] if way < 2 else read_post(dialect, part, is_form=way == 3)
            session.receive([frame for frame in frames if frame is not None], 0.0)
        for notice in session.notices():
            _respond(session, notice)
        session.frames_to_send(0.0)
        session.attach(LinkKind.POLL, 0.0)
    session.drop()
    assert session.is_over


_trusted = read_networks(("127.0.0.1", "10.0.0.0/8"))


def headers(data: bytes) -> None:
    """What a request says of where it comes from is an address, or an origin, or nothing."""
    text = data.decode("latin-1")
    for name in ("X-Forwarded-For", "Forwarded"):
        assert read_address(client_address("127.0.0.1", {name: text}, _trusted)) is not None
    assert may_come_from({"Origin": text}, ("*",))
    assert not may_come_from({"Origin": text}, ("nobody.example:1",)) or "nobody.example" in text.lower()
    with suppress(ValueError):
        assert read_allowed(text) == "*" or names_of(text) is not None


def crossing(data: bytes) -> None:
    """What a stranger publishes for the processes of a server is malformed, or the same again once it is written."""
    try:
        sender, crossed = decode(data)
    except ValueError:
        return
    assert decode(encode(sender, crossed).encode()) == (sender, crossed)
    if isinstance(crossed, Sent):
        for dialect in (_dialects.old, *_dialects.later.values()):
            with suppress(LocalProtocolError):
                dialect.encode(crossed.packet)


TARGETS: dict[str, Callable[[bytes], None]] = {
    function.__name__: function
    for function in (packet, payload, handshake, jsonp, page, response, receive, serve, serve_later, headers, crossing)
}
