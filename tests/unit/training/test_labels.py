"""Labels as sets of classes, the texts that name them, and which texts are right for which pictures."""

from __future__ import annotations

import random

import numpy as np
import pytest

from core.engine.looks.vocabulary import BROADER, WORDS
from core.training.data import labels
from core.training.data.labels import of_product, text_for
from core.training.data.samples import Sample
from core.training.fit.batches import LabelCodes, texts_of


def product(**changes: str) -> dict[str, str]:
    known = {"articleType": "Shirts", "baseColour": "Navy Blue", "productDisplayName": "Turtle Check Men Shirt"}
    return known | changes


@pytest.mark.parametrize(
    ("row", "kind", "colour", "pattern"),
    [
        (product(), {"shirt"}, {"navy"}, {"checked"}),
        (product(articleType="Watches", baseColour="NA", productDisplayName="Casio Watch"), {"watch"}, set(), set()),
        (product(articleType="Tshirts", productDisplayName="Nike Polo T-shirt"), {"polo"}, {"navy"}, set()),
        (product(articleType="Tshirts", productDisplayName="Nike Solid Tee"), {"t-shirt"}, {"navy"}, {"solid"}),
        (product(articleType="Lip Care", baseColour="Rose"), {"lip care"}, {"pink"}, {"checked"}),
        (
            product(articleType="Flats", baseColour="Off White"),
            {"flat", "sandal", "flip-flop"},
            {"white", "beige"},
            None,
        ),
    ],
)
def test_a_product_says_what_it_may_be(row, kind, colour, pattern):
    found = of_product(row)
    assert found["kind"] == kind
    assert found["colour"] == colour
    if pattern is not None:
        assert found["pattern"] == pattern


def test_every_class_that_a_label_means_is_in_the_vocabulary():
    for table, attribute in (("products", "kind"), ("colours", "colour"), ("pattern-names", "pattern")):
        for some in labels._TABLE[table].values():
            assert some
            assert set(some) <= set(WORDS[attribute])


def test_a_text_names_only_what_is_known():
    rng = random.Random(0)
    known = {"kind": frozenset({"skirt"}), "colour": frozenset({"red"}), "pattern": frozenset({"checked", "striped"})}
    texts = [text_for(known, rng) for _ in range(200)]
    assert {frozenset(asked) for _, asked in texts} == {frozenset({"kind"}), frozenset({"kind", "colour"})}
    for text, asked in texts:
        assert "skirt" in text
        assert ("colour" in asked) == ("red" in text or "burgundy" in text)
    assert text_for({"kind": frozenset(), "colour": frozenset({"blue"})}, rng)[1] == {"colour": {"blue"}}
    assert text_for({"kind": frozenset({"sneaker", "boot"})}, rng)[1]["kind"] == BROADER["shoes"]
    assert text_for({}, rng)[1] == {}


def sample(kind: set[str], colour: set[str] = frozenset(), name: str = "", part: str = "train") -> Sample:
    said = {"kind": frozenset(kind), "colour": frozenset(colour)}
    return Sample("products", name or "x", "", part, ("", name) if name else (), labels=said)


def test_a_relation_is_sure_only_where_the_labels_are():
    samples = [
        sample({"sneaker"}, {"white"}),
        sample({"sneaker", "boot"}, {"white", "beige"}),
        sample({"dress"}, {"red"}),
        sample({"sneaker"}),
        sample({"sneaker"}, {"white"}, part="test"),
    ]
    asked = [
        {"kind": frozenset({"sneaker"})},
        {"kind": frozenset({"sneaker", "boot"})},
        {"kind": frozenset({"sneaker"}), "colour": frozenset({"white"})},
    ]
    assert LabelCodes(samples).relate(np.arange(5), asked).tolist() == [
        [1, 1, 1],
        [-1, 1, -1],
        [0, 0, 0],
        [1, 1, -1],
        [-1, -1, -1],  # what is kept aside has no labels here
    ]


def test_a_name_is_right_for_its_own_picture_alone():
    samples = [sample({"dress"}, {"red"}, f"red dress {i % 2}") for i in range(4)]
    codes = LabelCodes(samples)
    names = set()
    for seed in range(40):
        texts = texts_of(samples, np.array([3, 0, 2]), codes, random.Random(seed))
        assert texts.relation.shape == (3, len(texts.texts))
        for column, text in enumerate(texts.texts):
            if text.startswith("red dress ") and text[-1].isdigit():
                names.add(text)
                expected = [[1, 0, 0], [0, 1, 1]][text == "red dress 0"]
                said = [int(right) for right in texts.relation[:, column]]
                assert all(not right or wanted for right, wanted in zip(said, expected, strict=True))
                assert any(said)
            else:
                assert texts.relation[:, column].tolist() == [1, 1, 1]
    assert names == {"red dress 0", "red dress 1"}
