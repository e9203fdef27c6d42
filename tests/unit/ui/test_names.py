"""What pieces are called."""

from __future__ import annotations

from core.engine.catalogues.items import load_items
from core.ui.visit.session import called
from core.ui.words import WORDS


def test_a_photo_that_its_data_set_left_unsorted_is_called_by_the_kind_that_it_shows():
    items = load_items("clothing")
    unsorted = [items.row(n) for n, label in enumerate(items.columns["label"]) if label == "Not sure"]
    names = [called(item) for item in unsorted]
    assert len(names) > 200
    assert sum(name == WORDS.looks.classes["clothing/Not sure"] for name in names) < 10
    assert {"Dress", "Waistcoat", "Cardigan"} <= set(names)


def test_a_photo_that_has_a_class_is_called_by_it():
    items = load_items("clothing")
    dress = items.row(items.columns["label"].index("Dress"))
    assert called(dress) == WORDS.looks.classes["clothing/Dress"]
