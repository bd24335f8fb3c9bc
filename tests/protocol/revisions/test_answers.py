from __future__ import annotations

import pytest

from sioclient.protocol.revisions import answers


@pytest.mark.parametrize("text", ["B1SIjBHFbBGrJL8Eo2Wn", "254751301858362052", "a-_.~", "x" * 128, "..."])
def test_what_a_session_may_be_called(text):
    assert answers.is_session_id(text)


@pytest.mark.parametrize(
    "text", ["", "x" * 129, "a/b", "a?b", "a#b", "a%b", "a b", "a\n", "\u00e9", ".", "..", "a{", None, 5]
)
def test_what_no_session_is_called(text):
    assert not answers.is_session_id(text)


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ('0{"sid":"x"}', "4"),
        ('97:0{"sid"', "3"),
        ('\0\t\7\xff0{"sid"', "3"),
        ('\0\t\7\ufffd0{"sid"', "3"),
        ("sid:60:60:websocket", None),
        ("", None),
        ("0", None),
    ],
)
def test_who_opens_a_session_like_this(text, engine):
    assert answers.engine_revision(text) == engine


def test_refusals_are_told_apart():
    unsupported = '{"code":5,"message":"Unsupported protocol version"}'
    python = '"The client is using an unsupported version of the Socket.IO or Engine.IO protocols"'
    unknown = '{"code":0,"message":"Transport unknown"}'
    assert answers.is_unsupported(unsupported)
    assert answers.is_unsupported(python)
    assert not answers.is_unsupported(unknown)
    assert all(map(answers.is_engine_refusal, (unsupported, python, unknown)))
    assert not answers.is_engine_refusal("Cannot GET")
    assert answers.has_no_polling(unknown)
    assert answers.has_no_polling('"Invalid transport"')
    assert not answers.has_no_polling(unsupported)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Welcome to socket.io.", True),
        ("sid:60:60:websocket,htmlfile", True),
        ("sid:::", True),
        ("hello", False),
        ("a:b:c", False),
    ],
)
def test_the_first_revision(text, is_one):
    assert answers.is_revision_1(text) is is_one


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "auth="), (404, "resource="), (302, "redirects"), (500, "its log")]
)
def test_a_refusal_says_what_to_do(status, advice):
    error = answers.rejected(status, "x" * 300)
    assert advice in str(error)
    assert error.status == status
    assert len(str(error)) < 400


def test_an_error_names_both_sides():
    error = answers.wrong_revision("3", "revision 5", "97:0{" + "x" * 300)
    assert "Engine.IO 3 (socket.io 1.x or 2.x)" in str(error)
    assert "revision 5" in str(error)
    assert len(str(error)) < 500
    assert not error.retryable
    assert not answers.not_socketio("x").retryable
