"""The protocol of looks, on embeddings whose neighbours are known by hand."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from core.engine.images.augment import SIZE, as_by_phone
from core.engine.looks.wording import labels_of
from core.jobs.evaluate import looks
from core.jobs.evaluate.looks import Side
from core.jobs.evaluate.products import Products
from core.jobs.evaluate.protocols import Record
from core.training.data.samples import Sample


def directions(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


@pytest.fixture
def record() -> Record:
    return Record("fake", lambda line: None)


def side() -> Side:
    """One query at 0° of sender a; its closest is the same sender's, then two other sneakers and four boots."""
    kinds = np.array(["sneaker", "sneaker", "sneaker", "sneaker", "boot", "boot", "boot", "boot", "dress"])
    return Side(
        data=SimpleNamespace(embeddings=directions(0, 1, 2, 3, 4, 5, 6, 7, 0.5)),
        label=np.array(["Shoes"] * 8 + ["Dress"]),
        seen={"kind": kinds, "colour": kinds, "pattern": kinds},
        sender=np.array(["a", "a", *"bcdefgh"]),
        queries=np.array([0]),
        gallery=np.arange(9),
    )


def test_hits_of_the_same_sender_never_count(record):
    some, shoes = side(), np.array([True] * 8 + [False])

    def agree(query: np.ndarray, found: np.ndarray) -> np.ndarray:
        return some.seen["kind"][query] == some.seen["kind"][found]

    looks._precision(some, "shoes_P@5", shoes, agree, record, among=shoes)
    looks._precision(some, "all_P@5", shoes, agree, record)
    looks._precision(some, "none_P@5", ~shoes, agree, record)
    assert [(one["metric"], one["value"], one["n"]) for one in record.results] == [
        ("shoes_P@5", 0.4, 1),  # two sneakers of others, three boots
        ("all_P@5", 0.4, 1),  # the dress takes a boot's place
    ]


def product(key: str, article: str, shade: str, pattern: set[str], kind: str = "sneaker") -> Sample:
    labels = {"kind": frozenset({kind}), "colour": frozenset(), "pattern": frozenset(pattern)}
    facts = {"article": article, "shade": shade, "gender": "Men"}
    return Sample("products", key, kind, "test", labels=labels, facts=facts)


def test_products_are_judged_by_type_colour_gender_and_word(record):
    samples = [
        product("q", "Shirts", "Red", {"striped"}),
        product("1", "Shirts", "Red", {"striped"}),
        product("2", "Shirts", "Red", set()),
        product("3", "Shirts", "Blue", {"checked"}),
        product("4", "Tops", "Red", {"striped"}),
        product("5", "Tops", "Blue", set()),
        product("far", "Shirts", "Red", {"striped"}),
    ]
    looks._products(Products(samples, directions(0, 1, 2, 3, 4, 5, 90), 1), record)
    assert {one["metric"]: one["value"] for one in record.results} == {
        "type_P@5": 0.6,
        "product_colour_P@5": 0.6,
        "type_colour_gender_P@5": 0.4,
        "pattern_word_P@5": 0.4,
    }


def test_a_product_of_one_shoe_kind_is_asked_among_the_shoes(record):
    samples = [product("a", "Sports Shoes", "Red", set()), product("b", "Shirts", "Red", set(), "shirt")]
    shoes = np.array([True] * 8 + [False])
    looks._shoes_of_products(side(), Products(samples, directions(0, 90), 2), shoes, record)
    (found,) = record.results
    assert (found["metric"], found["value"], found["n"]) == ("shoes_of_products_P@5", 0.8, 1)


def test_phrases_are_judged_by_what_they_name(record, monkeypatch):
    monkeypatch.setattr(looks, "PHRASES", ["boots", "red shoes", "pockets"])
    some = side()
    some.seen["colour"] = np.array(["red"] * 5 + ["blue"] * 4)
    embedder = SimpleNamespace(embed_texts=lambda phrases: directions(8, -1, 90)[: len(phrases)])
    monkeypatch.setattr(looks, "ATTRIBUTES", ("kind", "colour"))
    looks._words(embedder, some, record)
    assert [(one["metric"], one["value"], one["n"]) for one in record.results] == [
        ("words_kind_P@5", 0.8, 2),  # four boots and a sneaker; four shoes and a dress
        ("words_colour_P@5", 0.8, 1),
    ]


def test_every_phrase_names_a_kind_and_what_it_looks_like():
    asked = [labels_of(phrase) for phrase in looks.PHRASES]
    assert len(set(looks.PHRASES)) == 64
    assert all("kind" in labels and len(labels) > 1 for labels in asked)


def test_a_photo_taken_again_shows_the_same_thing_in_another_place():
    picture, behind = Image.new("RGB", (300, 400), (200, 30, 30)), Image.new("RGB", (50, 50), (20, 20, 220))
    again = [as_by_phone(picture, behind, random.Random(seed)) for seed in (1, 1, 2)]
    pixels = [np.asarray(one).astype(int) for one in again]
    assert {one.size for one in again} == {(2 * SIZE, 2 * SIZE)}
    assert np.array_equal(pixels[0], pixels[1])
    assert not np.array_equal(pixels[0], pixels[2])
    for one in pixels:
        assert one[SIZE, SIZE, 0] > one[SIZE, SIZE, 2] + 50  # red in the middle
        assert one[SIZE, 2, 2] > one[SIZE, 2, 0] + 50  # blue at the side
