"""One vocabulary for three data sets: which labels mean the same, which differ, and what they are called."""

from __future__ import annotations

import itertools

import pytest

from core.engine.catalogues import CATALOGUES
from core.training.data import captions
from core.training.data.captions import (
    CLOTHING_TYPE,
    DIFFERENT,
    FASHION_MNIST_TYPE,
    PRODUCT_TYPE,
    SAME,
    TYPES,
    UNKNOWN,
    colour_of,
    product_captions,
    relation,
    words_for,
)


def test_every_garment_of_both_catalogues_has_a_kind_with_words():
    assert list(FASHION_MNIST_TYPE) == list(CATALOGUES["fashion-mnist"].classes)
    assert set(CLOTHING_TYPE) == set(CATALOGUES["clothing"].classes) - CATALOGUES["clothing"].no_garment
    for kind in (*FASHION_MNIST_TYPE.values(), *CLOTHING_TYPE.values(), *PRODUCT_TYPE.values()):
        assert kind in TYPES


def test_no_data_set_calls_two_of_its_own_classes_the_same():
    assert len(set(FASHION_MNIST_TYPE.values())) == 10
    assert len(set(CLOTHING_TYPE.values())) == 17


def test_broader_kinds_exist_and_have_none_above_them():
    for broader, words in TYPES.values():
        assert broader == "" or TYPES[broader][0] == ""
        assert words
        assert all(word == word.lower() for word in words)


def test_groups_name_only_kinds_that_some_data_set_has():
    known = set(TYPES) | {"Kurtas", "Kurtis", "Nightdress", "Capris", "Lounge Pants", "Churidar"}
    known |= {"Wallets", "Mobile Pouch", "Waist Pouch"}
    assert {kind for group in captions._GROUPS for kind in group} <= known


@pytest.mark.parametrize(
    ("a", "b", "within", "across"),
    [
        ("dress", "dress", SAME, SAME),
        ("t-shirt", "t-shirt or top", DIFFERENT, SAME),  # the broader kind contains it
        ("jeans", "trousers (any)", DIFFERENT, SAME),
        ("jeans", "track pants", DIFFERENT, UNKNOWN),  # another shop may not tell them apart
        ("shirt", "polo shirt", DIFFERENT, UNKNOWN),
        ("dress", "bag (any)", DIFFERENT, DIFFERENT),
        ("sneakers", "bag (any)", DIFFERENT, DIFFERENT),
        ("hat", "Watches", DIFFERENT, DIFFERENT),  # a label without an entry is a kind of its own
        ("Watches", "Watches", SAME, SAME),
    ],
)
def test_relations_by_hand(a, b, within, across):
    assert relation(a, b, True) == relation(b, a, True) == within
    assert relation(a, b, False) == relation(b, a, False) == across


def test_a_relation_is_symmetric_and_one_data_set_decides_for_itself():
    for a, b in itertools.product(TYPES, repeat=2):
        assert relation(a, b, False) == relation(b, a, False)
        assert relation(a, b, True) == (SAME if a == b else DIFFERENT)


def test_a_kind_is_named_by_its_words_or_by_its_label():
    assert words_for("jeans") == ("jeans", "denim trousers", "pair of jeans")
    assert words_for("Nightdress") == ("nightdress",)


def row(**changes: str) -> dict[str, str]:
    known = {"articleType": "Shirts", "baseColour": "Navy Blue", "productDisplayName": "Turtle  Check Men\tShirt "}
    return known | changes


def test_a_product_has_a_short_caption_and_its_name():
    assert product_captions(row()) == ("navy blue shirt", "turtle check men shirt")
    assert product_captions(row(articleType="Watches", baseColour="NA"))[0] == "watches"


@pytest.mark.parametrize(
    ("base", "colour"), [("Red", "red"), (" Navy Blue ", "navy blue"), ("NA", ""), ("na ", ""), ("", "")]
)
def test_a_colour_is_lower_case_or_unknown(base, colour):
    assert colour_of(row(baseColour=base)) == colour
