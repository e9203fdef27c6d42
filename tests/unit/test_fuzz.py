"""Readers of bytes from outside answer or refuse in a sentence, whatever is changed in what they read.

The changes are the same in every run. `make fuzz` looks further; what it finds is kept as a seed, and tried here.
"""

from __future__ import annotations

import pytest
from fuzzing import READERS, SEEDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

N_CHANGED = 150
#: What parsers stumble over: ends, signs, the largest numbers, and the marks of the formats themselves.
_ODD = [b"", b"\0", b"\xff" * 4, b"\xff\xff\xff\x7f", b"\r\n", b'"', b"%", b"-1", b"9" * 400, b"NaN", b"[" * 1000]
_ODD += [b"1e999", b"\xed\xa0\x80", b"../", b"PK\x03\x04", b"PK\x01\x02", b"\xff\xd8", b"{}", b"null", b"\xe2\x80\xae"]


@st.composite
def changed(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One of the seeds, of which some places are cut out, overwritten, doubled, or replaced by a part of another."""
    content = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 2, 4, 16, 256, 10**9])))
        other = draw(st.sampled_from(seeds))
        part = draw(
            st.one_of(st.sampled_from(_ODD), st.binary(max_size=4), st.just(other[start:]), st.just(content[:end]))
        )
        content = (content[:start] + part + content[end:])[:20_000]
    return content


# Where a form breaks off, Starlette leaves its temporary file for the garbage collector to close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", READERS)
def test_whatever_is_changed_it_answers_or_refuses_in_a_sentence(name):
    reader = READERS[name]
    seeds = reader.seeds(name)

    @settings(
        max_examples=N_CHANGED, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(changed(seeds))
    def attempt(content: bytes) -> None:
        reader.attempt(content)

    for seed in seeds:
        reader.attempt(seed)
    attempt()


@pytest.mark.parametrize("name", READERS)
def test_the_examples_are_what_their_reader_reads(name):
    """Else everything would be refused at the door, and nothing behind it tried."""
    reader, read = READERS[name], 0
    for example in reader.examples():
        try:
            reader.read(example)
            read += 1
        except reader.refusals:
            pass
    assert read >= 1


def test_what_is_kept_belongs_to_a_reader():
    assert {path.name for path in SEEDS.glob("*")} <= READERS.keys()
