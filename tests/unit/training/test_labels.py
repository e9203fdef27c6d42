"""What the labels of product photos say, as sets of classes."""

from __future__ import annotations

import pytest

from core.engine.looks.vocabulary import WORDS
from core.training.data import labels
from core.training.data.labels import of_product


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
