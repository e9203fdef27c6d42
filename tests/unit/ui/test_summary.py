"""The sentence above the hits, from hits made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.engine.looks.agreement import Agreement, Reading
from core.engine.search.engine import Hit, SearchResult
from core.ui.search.summary import number, summary

SHIRTS = ("t-shirt", "longsleeve", "polo", "shirt", "blouse", "top")
BAGS = ("handbag", "backpack", "clutch bag", "laptop bag", "duffel bag", "messenger bag", "trolley bag")


def hit(label: str = "", catalogue: str = "clothing", **agrees: tuple[str | tuple[str, ...], float]) -> Hit:
    told = {name: Agreement((of,) if isinstance(of, str) else of, share) for name, (of, share) in agrees.items()}
    return Hit(1, f"{catalogue}/1", catalogue, label, "Title", 0.5, math.nan, math.nan, 0, told)


def said(hits: list[Hit], **reads: tuple[str | tuple[str, ...], float]) -> str:
    told = {name: Reading((of,) if isinstance(of, str) else of, share) for name, (of, share) in reads.items()}
    return summary(SearchResult(hits, {}, np.zeros(2, np.float32), reads=told))


def sneaker(colour: str, share: float, kind: float = 0.9) -> Hit:
    return hit(kind=("sneaker", kind), colour=(colour, share), pattern=("solid", 0.9))


WHITE, RED = sneaker("white", 0.8), sneaker("red", 0.1)
BOOT = hit(kind=("boot", 0.04), colour=("white", 0.8))
ASKED = {"kind": ("sneaker", 0.9), "colour": ("white", 0.8), "pattern": ("solid", 0.9)}


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([WHITE] * 5, "All five are white sneakers."),
        ([WHITE] * 2, "Both are white sneakers."),
        ([WHITE] * 3 + [RED] * 2, "Five sneakers, three of them white."),
        ([RED] * 4, "Four sneakers, none of them white."),
        ([WHITE] * 4 + [BOOT], "Four of five are white sneakers."),
        ([WHITE, RED, RED, BOOT], "Three of four are sneakers, one of them white."),
        ([RED, BOOT, BOOT], "One of three is a sneaker, not white."),
        ([WHITE, BOOT], "One of two is a white sneaker."),
        ([WHITE], "One white sneaker."),
        ([RED], "One sneaker, not white."),
        ([BOOT] * 3, "Nothing here looks much like it; the closest are boots."),
        ([BOOT], "Nothing here looks much like it; the closest is a boot."),
        ([BOOT, hit(kind=("sari", 0.01))], "Nothing here looks much like it; the closest is a boot."),
        ([WHITE] * 12, "All 12 are white sneakers."),
        ([], ""),
    ],
)
def test_kind_and_colour_are_counted(hits: list[Hit], expected: str) -> None:
    assert said(hits, **ASKED) == expected


def test_half_is_enough_and_less_is_not() -> None:
    assert said([sneaker("white", 0.5, 0.5)], **ASKED) == "One white sneaker."
    assert said([sneaker("white", 0.49, 0.5)], **ASKED) == "One sneaker, not white."
    assert said([sneaker("white", 0.5, 0.49)], **ASKED).startswith("Nothing here")


def test_a_pattern_is_said_where_the_query_has_one() -> None:
    striped, plain = (
        hit(kind=("shirt", 0.9), colour=("blue", 0.7), pattern=(of, share))
        for of, share in (("striped", 0.8), ("solid", 0.1))
    )
    asked: dict[str, tuple[str, float]] = {"kind": ("shirt", 0.9), "pattern": ("striped", 0.8)}
    hits = [striped, striped, plain, plain, plain]
    assert said(hits, **asked) == "Five shirts, two of them striped."
    assert said(hits, **asked, colour=("blue", 0.7)) == "Five blue shirts, two of them striped."
    assert said([striped] * 5, **asked, colour=("blue", 0.7)) == "All five are blue striped shirts."
    assert said(hits, **asked, colour=("red", 0.4)) == "Five shirts, two of them striped."  # too unsure to be said
    assert said(hits, **(asked | {"pattern": ("striped", 0.4)})) == "All five are shirts."


def test_of_grey_pictures_nobody_says_that_none_is_red() -> None:
    grey = hit("Sneaker", "fashion-mnist", kind=("sneaker", 0.9))
    assert said([grey] * 5, **ASKED) == "All five are sneakers."
    assert said([WHITE, *[grey] * 4], **ASKED) == "Five sneakers, one of them white."
    assert said([RED, *[grey] * 4], **ASKED) == "All five are sneakers."


def test_pieces_of_several_kinds_have_the_narrowest_word_for_all() -> None:
    wide = hit("Shirt", "fashion-mnist", kind=(SHIRTS, 0.9))
    bag = hit("Bag", "fashion-mnist", kind=(BAGS, 0.9))
    shoes = hit("Shoes", kind=(("sneaker", "boot", "heel", "flat", "sandal", "flip-flop", "formal"), 0.95))
    assert said([wide] * 3, kind=("shirt", 0.9)) == "All three are shirts or tops."
    assert said([wide, hit(kind=("shirt", 0.9))], kind=("shirt", 0.9)) == "Both are shirts or tops."
    assert said([bag] * 3, kind=(BAGS, 0.9)) == "All three are bags."
    assert said([hit(kind=("handbag", 0.9)), hit(kind=("backpack", 0.9))], kind=(BAGS, 0.9)) == "Both are bags."
    assert said([WHITE, shoes], kind=("sneaker", 0.9)) == "Both are shoes."
    assert said([hit("Ankle boot", "fashion-mnist", kind=("boot", 0.9))] * 3, kind=("boot", 0.9)) == (
        "All three are boots."
    )
    odd = [hit(kind=("belt", 0.6)), hit(kind=("sari", 0.6))]
    assert said(odd, kind=(("belt", "sari"), 0.9)) == "Both are pieces of this kind."


def test_what_comes_in_pairs_is_counted_in_pairs() -> None:
    blue, black = (hit(kind=("jeans", 0.9), colour=(of, share)) for of, share in (("blue", 0.8), ("black", 0.1)))
    asked: dict[str, tuple[str, float]] = {"kind": ("jeans", 0.9), "colour": ("blue", 0.8)}
    assert said([blue] * 5, **asked) == "All five are blue jeans."
    assert said([blue, black, black], **asked) == "Three pairs of jeans, one of them blue."


def test_without_known_kinds_nothing_is_said() -> None:
    assert said([WHITE, hit()], **ASKED) == ""
    assert said([hit(kind=("sneaker", math.nan))] * 5) == ""


def test_a_query_that_is_hard_to_tell_is_called_so() -> None:
    unsure = {"kind": ("sneaker", 0.4)}
    assert said([sneaker("white", 0.8, 0.4)] * 3, **unsure) == "Hard to say what this is; the closest are sneakers."
    assert said([sneaker("white", 0.8, 0.4)], **unsure) == "Hard to say what this is; the closest is a sneaker."


def test_several_colours_that_words_name_are_said_together() -> None:
    asked = {"kind": ("sneaker", 0.9), "colour": (("white", "red"), 0.8)}
    both = [WHITE, sneaker("red", 0.6)]
    assert said(both, **asked) == "Two sneakers, all of them white or red."


def test_numbers_to_ten_are_words() -> None:
    assert [number(n) for n in (1, 10, 11)] == ["one", "ten", "11"]
