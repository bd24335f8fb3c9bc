"""Certificates, good and bad, an environment without proxies, and a stream that is none."""

from __future__ import annotations

import datetime
import ssl
import time
from pathlib import Path

import pytest
import trustme

from sioclient.transports.base import Transport
from tests.servers_py import soon

_LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)


class Authority:
    """A certificate authority of the tests, and the servers' contexts that it vouches for, or does not."""

    def __init__(self, folder: Path) -> None:
        self._ca, self._stranger = trustme.CA(), trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        self.client_file = str(folder / "client.pem")
        self._ca.cert_pem.write_to_path(self.ca_file)
        self._ca.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(self.client_file)
        self.good = self._server(self._ca.issue_cert("localhost", "127.0.0.1"))
        self.other_host = self._server(self._ca.issue_cert("elsewhere.example"))
        self.expired = self._server(
            self._ca.issue_cert("localhost", "127.0.0.1", not_before=_LONG_AGO, not_after=_LONG_AGO.replace(day=2))
        )
        self.self_signed = self._server(self._stranger.issue_cert("localhost", "127.0.0.1"))

    def only(self, version: ssl.TLSVersion) -> ssl.SSLContext:
        context = self._server(self._ca.issue_cert("localhost", "127.0.0.1"))
        context.minimum_version = context.maximum_version = version
        return context

    def wants_certificate(self) -> ssl.SSLContext:
        """Return the context of a server that serves those only who show a certificate."""
        # TLS 1.2: in 1.3, the client learns of a refusal only after its handshake.
        context = self.only(ssl.TLSVersion.TLSv1_2)
        context.verify_mode = ssl.CERT_REQUIRED
        self._ca.configure_trust(context)
        return context

    def named(self, name: str) -> ssl.SSLContext:
        """Return the context of a server of that name."""
        return self._server(self._ca.issue_cert(name))

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    def _server(self, certificate: trustme.LeafCert) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def sent(transport: Transport, frames: list[str | bytes]) -> None:
    """Send frames, and return when the server has responded."""
    assert transport.prepare(soon())
    transport.send(frames)
    assert transport.finish(soon())


class Chunks:
    """A stream whose reads return what a test has cut; an empty chunk is a wake.

    A write takes a thousand bytes, or as many as the next number in ``room``; nothing takes the time of its patience.
    """

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks
        self.room: list[int] = []
        self.asked: list[int] = []
        self.written: list[bytes] = []

    def recv(self, size: int) -> bytes:
        self.asked.append(size)
        chunk = self.chunks.pop(0) if self.chunks else None
        if chunk == b"":
            raise TimeoutError
        if chunk is not None and len(chunk) > size:
            self.chunks.insert(0, chunk[size:])
        return (chunk or b"")[:size]

    def peek(self, size: int) -> bytes | None:
        return self.chunks[0][:size] if self.chunks else None

    def skip(self, count: int, received: int) -> None:
        assert received == 0
        self.recv(count)

    def recv_into(self, buffer: memoryview) -> int:
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes | memoryview, patience: float) -> int:
        room = self.room.pop(0) if self.room else 1000
        if room:
            self.written.append(bytes(data[:room]))
        else:
            time.sleep(patience)
        return min(room, len(data))

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[self.send(data, 0) :]
