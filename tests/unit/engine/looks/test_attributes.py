"""What is known of items: by their labels, and by looking at their pictures."""

from __future__ import annotations

from pathlib import Path

import fakes
import numpy as np
import pytest

from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import load_items
from core.engine.files.manifest import artifacts_dir
from core.engine.files.paths import attributes_file
from core.engine.looks.attributes import NOTHING, SLEEVES, check_classes, load_attributes, of_row, sleeves_of
from core.engine.looks.vocabulary import WORDS
from core.errors import ArtifactError, UnknownNameError

shipped = pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built")


def test_a_row_says_what_it_says() -> None:
    said = of_row({"kind": "boot", "colour": "unclear", "pattern": "solid"})
    assert said == {"kind": {"boot"}, "colour": frozenset(), "pattern": {"solid"}}
    assert of_row({"kind": "other", "colour": "", "pattern": "unclear"}) == NOTHING
    assert {"handbag", "backpack"} < of_row({"kind": "bag", "colour": "red", "pattern": "solid"})["kind"]


def test_labels_leave_kinds_open_and_grey_pictures_show_no_colour(tiny_artifacts: Path) -> None:
    grey = load_attributes("fashion-mnist")
    known = grey.of("fashion-mnist/test/00003", "Trouser")
    assert known == {
        "kind": {"jeans", "trousers", "leggings", "joggers"},
        "colour": frozenset(),
        "pattern": frozenset(),
    }
    assert [grey.can_be_read(name) for name in ("kind", "colour", "pattern")] == [True, False, False]
    own = load_attributes("own")
    assert own.of("own/1", "Trouser") == NOTHING
    assert own.can_be_read("colour")


def test_every_class_of_a_catalogue_is_in_the_vocabulary() -> None:
    kinds = [kinds for record in CATALOGUES.values() for kinds in record.kinds.values()]
    assert set(WORDS["kind"]) > frozenset().union(*kinds) > {"boot"}
    assert CATALOGUES["fashion-mnist"].kinds.keys() == CATALOGUES["fashion-mnist"].classes.keys()


def test_what_pictures_show_is_read_if_the_manifest_names_it(tiny_artifacts: Path) -> None:
    name = fakes.make_items("clothing").row(5).id
    assert load_attributes("clothing").of(name, "Dress") == NOTHING
    fakes.add_looks()
    known = load_attributes("clothing").of(name, "Dress")
    assert known == {"kind": frozenset(), "colour": {"blue"}, "pattern": {"striped"}}


def test_a_damaged_table_is_refused(tiny_artifacts: Path) -> None:
    fakes.add_looks()
    path = attributes_file("clothing")
    path.write_bytes(path.read_bytes().replace(b"boot", b"coat", 1))
    with pytest.raises(ArtifactError, match=r"clothing-attributes\.csv is damaged"):
        load_attributes("clothing")


def test_items_are_found_by_what_they_show(tiny_artifacts: Path) -> None:
    fakes.add_looks()
    clothing, items = load_attributes("clothing"), load_items("clothing")
    assert clothing.positions(items, {"pattern": {"striped"}}).tolist() == [0, 5, 10, 15, 20, 25]
    both = {"pattern": {"striped"}, "colour": {"red", "green"}}
    assert clothing.positions(items, both).tolist() == [0, 10, 20]
    assert clothing.positions(items, {"kind": {"boot"}}).tolist() == list(range(1, 30, 3))
    grey, pieces = load_attributes("fashion-mnist"), load_items("fashion-mnist")
    assert grey.positions(pieces, {"colour": {"red"}}).tolist() == []
    assert grey.positions(pieces, {"kind": {"boot"}}).tolist() == [9, 19, 29, 39]
    assert grey.positions(pieces, {"kind": {"jeans"}}).dtype == np.int64
    assert grey.positions(pieces, {"kind": {"jeans"}}).size == 0  # a trouser may be jeans, and may not


def test_classes_are_checked() -> None:
    assert check_classes("colour", ["red", "navy", "red"]) == {"red", "navy"}
    with pytest.raises(UnknownNameError, match=r"There is no pattern named 'plain'\. Known: animal, camouflage, "):
        check_classes("pattern", ["solid", "plain"])


@shipped
def test_what_ships_knows_every_photo_in_the_words_of_the_vocabulary() -> None:
    clothing, items = load_attributes("clothing"), load_items("clothing")
    known = [clothing.of(item.id, item.label) for item in map(items.row, range(len(items)))]
    assert len(clothing.by_name) == len(items) == 5398
    for name, words in WORDS.items():
        assert frozenset().union(*(one[name] for one in known)) <= set(words)
        assert np.mean([len(one[name]) == 1 for one in known]) > 0.98


@shipped
def test_sleeves_are_known_of_what_has_them() -> None:
    sleeves, clothing = sleeves_of("clothing"), load_attributes("clothing")
    assert set(sleeves.values()) == set(SLEEVES)
    kinds = {name: clothing.by_name[name]["kind"] for name in sleeves}
    assert all(kinds[name] != {"jeans"} and kinds[name] != {"sneaker"} for name in sleeves)
    assert {sleeves[name] for name, kind in kinds.items() if kind == {"undershirt"}} == {"sleeveless"}
    assert sleeves_of("fashion-mnist") == {}
