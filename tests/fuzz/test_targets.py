"""Every target holds for its corpus and for whatever hypothesis makes of it; atheris goes on from there: make fuzz."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import CORPUS
from tests.fuzz.targets import TARGETS

PIECES = st.sampled_from(
    [b"5:::", b"3:", b"6:::1+", b"1::/chat", b"0::", b"7:::1+0", b"\xef\xbf\xbd", b"4", b"[", b"{", b'"name":"x"', b'"',
     b"io.j[0](", b");", b"<script>_(", b"</script>", b"\\", b":60:60:", b"\n", b"\xed\xa0\x80", b"\xff", b"\x00", b" "]
)  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus(name):
    seeds = sorted((CORPUS / name).iterdir())
    assert len(seeds) >= 5
    for seed in seeds:
        TARGETS[name](seed.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_like_it(name):
    @settings(max_examples=100, deadline=None)
    @given(st.one_of(st.binary(), st.lists(PIECES | st.binary(max_size=4)).map(b"".join)))
    def holds(data):
        TARGETS[name](data)

    holds()
