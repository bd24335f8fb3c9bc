"""Options as they are typed become options of SocketIO; secrets may come from files and the environment."""

from __future__ import annotations

import io
import sys

import pytest

from sioclient.cli.failures import UsageError
from sioclient.cli.options import (
    TRANSPORTS,
    add_address_options,
    add_connection_options,
    address_options,
    auth_of,
    connection_options,
    url_of,
)
from sioclient.cli.parser import Parser
from sioclient.options import TRANSPORTS as NAMES
from sioclient.options import make_options


@pytest.fixture
def typed():
    def parse(*words, several=False):
        parser = Parser("try", "", "", "", "")
        add_connection_options(parser, several_namespaces=several)
        return parser.parse(list(words))

    return parse


ALWAYS = {"connect_timeout": 10, "trailing_slash": True, "max_reconnection_attempts": 1}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["-H", "A: b: c", "-H", "X:y"], {"headers": {"A": "b: c", "X": "y"}}),
        (["-q", "a=b=c", "-q", "d=", "-q", "d=2", "-q", "d=3"], {"params": {"a": "b=c", "d": ["", "2", "3"]}}),
        (["--cookie", "a=b; c=d=e", "--cookie", "f=g"], {"cookies": {"a": "b", "c": "d=e", "f": "g"}}),
        (["-u", "ada:secret:x"], {"auth": ("ada", "secret:x")}),
        (["-x", "proxy:3128"], {"proxies": {"http": "http://proxy:3128", "https": "http://proxy:3128"}}),
        (["-x", "socks5h://p"], {"proxies": {"http": "socks5h://p", "https": "socks5h://p"}}),
        (["-k"], {"verify": False}),
        (["--cacert", "ca.pem"], {"verify": "ca.pem"}),
        (["--cert", "c.pem"], {"cert": "c.pem"}),
        (["--cert", "c.pem", "--key", "k.pem"], {"cert": ("c.pem", "k.pem")}),
        (["-t", "websocket"], {"transports": ["websocket"]}),
        (["-t", "polling,htmlfile", "-t", "websocket"], {"transports": ["polling", "htmlfile", "websocket"]}),
        (["--revision", "5", "--parser", "msgpack"], {"revision": 5, "parser": "msgpack"}),
        (["--path", "/my/socket.io/"], {"resource": "my/socket.io"}),
        (["--no-trailing-slash", "--timeout", "2.5"], {"trailing_slash": False, "connect_timeout": 2.5}),
        (["--retry"], {"wait_for_connection": True, "max_reconnection_attempts": None}),
        (["--retry=3"], {"wait_for_connection": True, "max_reconnection_attempts": 3}),
    ],
)
def test_options_have_their_names_in_python(typed, words, expected):
    found = connection_options(typed(*words))
    assert found == {**ALWAYS, **expected}
    make_options({**found, "verify": found.get("verify") is not False, "cert": None})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-H", "A"], "-H must be 'NAME: VALUE'"),
        (["-q", "=x"], "-q must be NAME=VALUE"),
        (["--cookie", "x"], "--cookie must be NAME=VALUE"),
        (["--key", "x"], "--key needs --cert"),
        (["-k", "--cacert", "x"], "leave --cacert out"),
        (["-H", "@nosuch"], "@nosuch cannot be read"),
    ],
)
def test_what_they_cannot_be_is_said(typed, words, message):
    with pytest.raises(UsageError, match=message):
        connection_options(typed(*words))


def test_errors_do_not_show_what_may_be_a_secret(typed):
    with pytest.raises(UsageError, match=r"^-q must be NAME=VALUE$"):
        connection_options(typed("-q", "s3cret"))
    with pytest.raises(UsageError, match="--auth") as caught:
        auth_of(typed("--auth", "s3cret"))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("word", ["--retry=x", "--retry=-1"])
def test_a_number_of_retries_is_checked(typed, word):
    with pytest.raises(UsageError, match="--retry: must be a whole number"):
        typed(word)


def test_secrets_come_from_files(typed, tmp_path):
    (tmp_path / "headers").write_text("Authorization: Bearer x\n\nX-Y: z\n")
    (tmp_path / "auth").write_text('{"token": "x"}\n')
    (tmp_path / "user").write_text("ada:secret\n")
    words = ["-H", f"@{tmp_path}/headers", "--auth", f"@{tmp_path}/auth", "-u", f"@{tmp_path}/user"]
    found = connection_options(typed(*words))
    assert found["headers"] == {"Authorization": "Bearer x", "X-Y": "z"}
    assert found["auth"] == ("ada", "secret")
    assert auth_of(typed(*words)) == {"token": "x"}


def test_secrets_come_from_the_environment(typed, monkeypatch):
    monkeypatch.setenv("SIOCLIENT_HEADER", "A: b\nC: d")
    monkeypatch.setenv("SIOCLIENT_QUERY", "token=x")
    monkeypatch.setenv("SIOCLIENT_COOKIE", "a=b")
    monkeypatch.setenv("SIOCLIENT_USER", "ada:secret")
    monkeypatch.setenv("SIOCLIENT_PROXY", "p:1")
    monkeypatch.setenv("SIOCLIENT_AUTH", '{"token": "x"}')
    found = connection_options(typed("-H", "C: typed"))
    assert found["headers"] == {"A": "b", "C": "typed"}
    assert (found["params"], found["cookies"], found["auth"]) == ({"token": "x"}, {"a": "b"}, ("ada", "secret"))
    assert found["proxies"]["http"] == "http://p:1"
    assert auth_of(typed()) == {"token": "x"}
    assert auth_of(typed("--auth", '{"token": "y"}')) == {"token": "y"}


@pytest.mark.parametrize("word", ["token", "[1]", "5"])
def test_auth_must_be_an_object(typed, word):
    with pytest.raises(UsageError, match="--auth must be an object of JSON"):
        auth_of(typed("--auth", word))
    assert auth_of(typed()) is None


def test_a_password_is_asked_for_at_a_terminal(typed, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert connection_options(typed("-u", "ada"))["auth"] == ("ada", "")
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"{prompt}secret")
    assert connection_options(typed("-u", "ada"))["auth"] == ("ada", "Password of ada: secret")
    assert connection_options(typed("-u", "ada:"))["auth"] == ("ada", "")


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        *((":8000", "localhost:8000"), ("8000", "localhost:8000"), (":8000/app", "localhost:8000/app")),
        *(("example.com", "example.com"), ("http://x:1/y", "http://x:1/y"), ("::1", "::1")),
    ],
)
def test_a_port_alone_is_one_of_this_machine(typed, url):
    assert url_of(typed) == url


def test_namespaces_may_be_one_or_several(typed):
    assert typed("-n", "/a").namespace == "/a"
    assert typed("-n", "/a", "-n", "/b", several=True).namespace == ["/a", "/b"]


def test_detect_has_the_options_of_an_address_alone():
    parser = Parser("try", "", "", "", "")
    add_address_options(parser)
    assert address_options(parser.parse(["-k"])) == {"connect_timeout": 10, "trailing_slash": True, "verify": False}
    with pytest.raises(UsageError, match="there is no option -n"):
        parser.parse(["-n", "/chat"])


def test_the_transports_are_those_of_the_library():
    assert set(TRANSPORTS) == {*NAMES, "polling"}
