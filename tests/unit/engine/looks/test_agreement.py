"""What agrees between a query and an item, by hand."""

from __future__ import annotations

import math

import fakes
import numpy as np
import pytest

from core.engine.looks.agreement import (
    Agreement,
    Reading,
    Subject,
    agreements,
    of_labels,
    of_picture,
    read,
)
from core.engine.looks.attributes import NOTHING, Attributes
from core.engine.looks.reading import Head, Looks

BLIND = np.zeros((4, 2), np.float32)
HEAD = Head(("boot", "cap", "jeans", "shorts"), BLIND, np.log(np.array([1, 2, 3, 4], np.float32)), 1.0, 0.7)
LOOKS = Looks({"kind": HEAD})
ANY = np.array([0.6, 0.8], np.float32)
PHOTO = Subject({"kind": {"boot": 0.5, "cap": 0.3, "jeans": 0.2}})


def kind(*classes: str) -> dict[str, frozenset[str]]:
    return {**NOTHING, "kind": frozenset(classes)}


def share(subject: Subject, *classes: str, seen: dict[str, float] | None = None) -> float:
    return agreements(subject, kind(*classes), {"kind": seen} if seen else {})["kind"].probability


def test_a_photo_agrees_with_an_item_by_the_probability_of_its_classes() -> None:
    assert share(PHOTO, "boot") == 0.5
    assert share(PHOTO, "boot", "jeans") == pytest.approx(0.7)
    assert share(PHOTO, "jeans", "sari") == pytest.approx(0.2)  # what is not read has nothing
    assert share(PHOTO, "sari") == 0


def test_a_photo_agrees_with_another_by_what_both_probably_show() -> None:
    assert share(PHOTO, seen={"boot": 0.1, "cap": 0.9}) == pytest.approx(0.5 * 0.1 + 0.3 * 0.9)
    assert agreements(PHOTO, NOTHING, {"kind": {"boot": 0.1, "cap": 0.9}})["kind"].classes == ("cap",)


def test_known_classes_have_what_two_people_agree_on_and_the_rest_is_spread() -> None:
    asked = of_labels(kind("boot"), LOOKS)
    assert share(asked, "boot") == 0.7
    assert share(asked, "cap") == pytest.approx(0.1)
    assert share(asked, "cap", "jeans") == pytest.approx(0.2)
    several = of_labels(kind("boot", "cap"), LOOKS)
    assert share(several, "cap") == pytest.approx(0.7)  # each of what is asked for will do
    assert share(several, "boot", "cap") == pytest.approx(0.7)
    assert share(several, "cap", "jeans") == pytest.approx(0.35 + 0.15)
    assert share(several, "shorts") == pytest.approx(0.15)
    assert share(of_labels(kind("sari"), LOOKS), "sari") == pytest.approx(0.7)  # also of what cannot be read


def test_known_classes_agree_with_what_a_picture_probably_shows() -> None:
    seen = {"boot": 0.1, "cap": 0.6, "jeans": 0.3}
    assert share(of_labels(kind("boot"), LOOKS), seen=seen) == pytest.approx(0.1)
    assert share(of_labels(kind("boot", "jeans"), LOOKS), seen=seen) == pytest.approx(0.4)


def test_what_cannot_be_told_is_not_a_number_and_what_is_unknown_is_left_out() -> None:
    assert math.isnan(share(Subject(), "boot"))
    assert math.isnan(share(of_labels(kind("boot"), None), "boot"))
    assert agreements(PHOTO, NOTHING, {}) == {}
    found = agreements(PHOTO, {**kind("cap"), "colour": frozenset({"red"})}, {})
    assert found["kind"] == Agreement(("cap",), 0.3)
    assert found["colour"].classes == ("red",)
    assert math.isnan(found["colour"].probability)


def test_a_picture_is_read() -> None:
    expected = {"boot": 0.1, "cap": 0.2, "jeans": 0.3, "shorts": 0.4}
    assert read(ANY, LOOKS)["kind"] == pytest.approx(expected, abs=1e-6)
    subject = of_picture(ANY, LOOKS)
    assert subject.reads()["kind"].classes == ("shorts",)
    assert subject.reads()["kind"].probability == pytest.approx(0.4, abs=1e-6)
    assert of_picture(ANY, None).reads() == {}


def test_of_a_grey_picture_no_colour_is_read() -> None:
    red = np.array([1, 0, 0, 0], np.float32)
    assert list(of_picture(red, fakes.looks()).reads()) == ["kind", "colour", "pattern"]
    assert list(of_picture(red, fakes.looks(), Attributes({}, {}, has_colours=False)).reads()) == ["kind"]


def test_what_labels_name_is_read_as_they_say_it() -> None:
    assert of_labels(kind("cap", "boot"), LOOKS).reads() == {"kind": Reading(("boot", "cap"), pytest.approx(0.7))}


def test_words_count_instead_of_what_was_there_and_what_is_less_is_open() -> None:
    red = np.array([1, 0, 0, 0], np.float32)
    photo, blue = of_picture(red, fakes.looks()), {"colour": frozenset({"blue"})}
    changed = photo.with_words(blue, {"pattern": frozenset({"solid"})}, fakes.looks())
    assert {name: told.classes for name, told in changed.reads().items()} == {"kind": ("t-shirt",), "colour": ("blue",)}
    assert changed.reads()["colour"].probability == 0.8
    stated = of_labels({"colour": frozenset({"red"})}, fakes.looks())
    assert stated.with_words({}, {"colour": frozenset({"red"})}, fakes.looks()) == Subject()


def test_classes_are_named() -> None:
    assert Reading(("boot",), 1).name == "boot"
    assert Reading(("jeans", "trousers"), 1).name == "jeans or trousers"
    bags = ("handbag", "backpack", "clutch bag", "laptop bag", "duffel bag", "messenger bag", "trolley bag")
    assert Reading(bags, 1).name == "bag"
