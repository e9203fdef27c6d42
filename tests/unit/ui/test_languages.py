"""Which language a visit is in, and how numbers are written in it."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors.filling import Filler, Text
from core.ui.words import fitting, language, speaking


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("pt-BR", "pt_br"), ("pt", "pt_br"), ("pt-PT", "pt_br"), ("PT-br", "pt_br"), ("pt_BR", "pt_br"),
        ("en", "en"), ("en-GB", "en"), ("pt-BR,pt;q=0.9,en;q=0.8", "pt_br"), ("pt,en;q=0.9", "pt_br"), ("en,pt", "en"),
        ("ptx", ""), ("es-PT", ""), ("de", ""), ("", ""), ("-", ""), ("../en", ""), ("pt" * 10_000, ""),
    ],
)  # fmt: skip
def test_only_its_own_names_choose_a_language(wanted: str, expected: str) -> None:
    assert fitting(wanted) == expected


def test_outside_of_a_page_english_is_spoken_unless_asked_otherwise() -> None:
    assert language() == "en"
    with speaking("pt-BR"):
        assert language() == "pt_br"
    with speaking("de"):
        assert language() == "en"
    assert language() == "en"


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("{n:,} peças", 75_398, "75.398 peças"),
        ("{n:.3f}", 0.8731, "0,873"),
        ("{n:,.1f}", 1234.5, "1.234,5"),
        ("{n:.0%}", 0.5, "50%"),
        ("{n:.2f}", np.float32(0.25), "0,25"),
        ("{n}", "a.b,c", "a.b,c"),  # a name stays as it is
        ("{n!r}", "v1.0", "'v1.0'"),
        ("{{n}} {n}", True, "{n} True"),
    ],
)
def test_numbers_are_written_as_the_language_does(text: str, value: object, expected: str) -> None:
    assert Text.of(text, Filler("1.234,5")).format(n=value) == expected
    assert Text.of(text, Filler("1,234.5")).format(n=value) == text.format(n=value)
