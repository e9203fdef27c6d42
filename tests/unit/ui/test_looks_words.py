"""What kinds, colours and patterns are called."""

from __future__ import annotations

import pytest

from core.engine.catalogues import CATALOGUES
from core.engine.looks.agreement import Agreement, Reading
from core.engine.looks.attributes import Attributes
from core.engine.looks.vocabulary import ATTRIBUTES, BROADER
from core.engine.looks.vocabulary import WORDS as VOCABULARY
from core.ui.components import looks
from core.ui.words import USUAL, words_in


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_every_class_has_its_words(attribute: str) -> None:
    words = getattr(words_in(USUAL).looks, attribute)
    assert words.keys() == VOCABULARY[attribute].keys()
    assert {len(forms) for forms in words.values()} <= ({3, 4} if attribute == "kind" else {1, 4})


def test_what_is_of_several_kinds_has_its_words() -> None:
    known = words_in(USUAL).looks.broader
    open_labels = {
        f"{catalogue.id}/{label}"
        for catalogue in CATALOGUES.values()
        for label, kinds in catalogue.kinds.items()
        if len(kinds) > 1 and kinds not in BROADER.values()
    }
    assert known.keys() == BROADER.keys() | open_labels


def test_a_class_is_called_by_its_word_its_broader_word_or_its_label() -> None:
    assert looks.name_of("kind", Agreement(("vest",), 1)) == "waistcoat"
    assert looks.name_of("kind", Agreement(("jacket", "coat", "vest"), 1)) == "coat or jacket"
    coat = Agreement(("jacket", "coat", "cardigan", "blazer"), 1)
    assert looks.name_of("kind", coat, "fashion-mnist/Coat") == "coat or jacket"
    assert looks.name_of("kind", Agreement(("boot",), 1), "fashion-mnist/Coat") == "boot"
    assert looks.name_of("kind", Agreement(("belt", "tie"), 1)) == "belt or tie"
    assert looks.name_of("kind", Agreement(("spoon",), 1)) == "spoon"
    assert looks.name_of("colour", Agreement(("multi",), 1)) == "multicoloured"
    assert looks.name_of("pattern", Agreement(("solid", "graphic"), 1)) == "plain or with a print"


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ({"kind": ("sneaker", 0.9), "colour": ("white", 0.7), "pattern": ("solid", 0.8)},
         "Looks like a white sneaker, plain"),
        ({"kind": ("skirt", 0.5), "colour": ("orange", 0.5), "pattern": ("solid", 0.49)}, "Looks like an orange skirt"),
        ({"kind": ("jeans", 0.9), "colour": ("blue", 0.7)}, "Looks like blue jeans"),
        ({"kind": ("undershirt", 0.9), "colour": ("white", 0.2)}, "Looks like an undershirt"),
        ({"kind": ("sneaker", 0.49), "colour": ("white", 0.9)}, ""),
        ({"colour": ("white", 0.9)}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_picture_is_read_in_a_sentence(reads: dict[str, tuple[str, float]], expected: str) -> None:
    assert looks.reads_as({name: Reading((one,), share) for name, (one, share) in reads.items()}) == expected


def test_what_some_item_is_known_to_have_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    none = frozenset[str]()
    rows = [("t-shirt", "red", ""), ("t-shirt", "white", "solid"), ("boot", "", "")]
    by_name = {
        str(n): {name: frozenset({one} - {""}) for name, one in zip(ATTRIBUTES, row, strict=True)}
        for n, row in enumerate(rows)
    }
    photos = Attributes({}, by_name)
    grey = Attributes({"Shoe": {"kind": frozenset({"boot"}), "colour": none, "pattern": none}}, {}, False)
    assert [photos.classes(name) for name in ATTRIBUTES] == [("boot", "t-shirt"), ("white", "red"), ("solid",)]
    assert [grey.classes(name) for name in ATTRIBUTES] == [("boot",), (), ()]
    monkeypatch.setattr(looks, "load_attributes", {"photos": photos, "grey": grey}.__getitem__)
    assert looks.offered("colour", ["grey", "photos"]) == ["white", "red"]
    assert looks.offered("colour", ["grey"]) == []
    assert looks.without(["colour"], ["grey", "photos"]) == ["grey"]
    assert looks.without([], ["grey", "photos"]) == []
