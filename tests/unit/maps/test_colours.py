"""The colours of the maps: far enough apart for everybody, and from the page; every class looks like no other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from core.config import ROOT
from core.engine.catalogues import CATALOGUES
from core.maps.points import KINDS, LOOKS
from core.ui.maps import colours
from core.ui.maps.colours import FAMILIES, GREY, PAINTS, SHAPES, class_names, colouring
from core.ui.maps.view import COLOURS
from core.ui.words import WORDS

#: How people see who lack one kind of cone: linear RGB -> linear RGB. Source: Machado and others 2009, severity 1.
SEEN = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
#: Linear RGB -> cones -> Oklab. Source: Ottosson 2020.
CONES = np.array(
    [[0.41222147, 0.53633254, 0.05144599], [0.21190350, 0.68069954, 0.10739696], [0.08830246, 0.28171884, 0.62997870]]
)
OKLAB = np.array(
    [
        [0.21045426, 0.79361779, -0.00407205],
        [1.97799850, -2.42859221, 0.45059371],
        [0.02590404, 0.78277177, -0.80867577],
    ]
)
PAGES = {"light": "#fbfaf7", "dark": "#161412"}  # .streamlit/config.toml
OKABE_ITO = ("#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7")


def linear(colour: str) -> np.ndarray:
    share = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def closest(palette: list[str], seen: np.ndarray) -> float:
    """How far the two closest colours are apart, in Oklab."""
    lab = [OKLAB @ np.cbrt(CONES @ (np.asarray(seen) @ linear(colour)).clip(0, 1)) for colour in palette]
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(lab, 2))


def contrast(first: str, second: str) -> float:
    light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05 for colour in (first, second))
    return light[1] / light[0]


@pytest.mark.parametrize("who", SEEN)
def test_families_are_told_apart_with_any_cones(who: str) -> None:
    palette = [*FAMILIES.values(), GREY]
    assert closest(palette, SEEN[who]) > 0.09
    assert min(closest(list(OKABE_ITO), seen) for seen in SEEN.values()) == pytest.approx(0.076, abs=0.001)


@pytest.mark.parametrize("page", PAGES)
def test_families_stand_out_from_the_page(page: str) -> None:
    assert f'backgroundColor = "{PAGES[page]}"' in (ROOT / ".streamlit/config.toml").read_text()
    least = {"light": 2, "dark": 2.8}[page]
    assert all(contrast(colour, PAGES[page]) > least for colour in (*FAMILIES.values(), GREY))


def test_no_two_classes_look_the_same_and_families_agree_across_catalogues() -> None:
    groups = colouring("class").groups
    assert len({(group.colour, group.shape) for group in groups}) == len(groups) == len(KINDS)
    by_id = {kind.id: group for kind, group in zip(KINDS, groups, strict=True)}
    first, second = by_id["fashion-mnist/Trouser"], by_id["clothing/Pants"]
    assert (first.name, first.colour) == (second.name, second.colour)
    assert first.shape != second.shape
    assert {first.heading, second.heading} == {first.label.split(" · ")[1], second.label.split(" · ")[1]}
    assert all(family in FAMILIES for record in CATALOGUES.values() for family in record.families.values())


def test_classes_that_name_no_garment_are_grey_and_not_written_on_the_map() -> None:
    groups = {kind.id: group for kind, group in zip(KINDS, colouring("class").groups, strict=True)}
    none = [groups[f"clothing/{label}"] for label in ("Not sure", "Other", "Skip")]
    assert [(group.colour, group.label) for group in none] == [(GREY, "")] * 3
    assert sum(not group.label for group in groups.values()) == 3


def test_names_say_the_catalogue_only_where_two_have_the_same() -> None:
    names = class_names()
    assert len(set(names)) == len(names)
    assert "Hat" in names and "Dress · Fashion-MNIST" in names and "Dress" not in names


def test_a_class_without_a_family_gets_a_colour_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {id: replace(record, families={"Dress": "no such family"}) for id, record in CATALOGUES.items()}
    monkeypatch.setattr(colours, "CATALOGUES", bare)
    groups = colouring("class").groups
    assert {group.colour for group in groups} == {*FAMILIES.values(), GREY}


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colouring_has_names_for_all_that_it_counts(colour: str) -> None:
    groups = colouring(colour).groups
    assert all(group.name and group.shape in SHAPES for group in groups)
    if colour in LOOKS:
        assert len(groups) == len(LOOKS[colour]) + 1
        assert [group.hidden for group in groups] == [False] * len(LOOKS[colour]) + [True]
        assert groups[-1].name == WORDS.maps.not_known
    assert set(WORDS.maps.colours) == set(COLOURS)


def test_paints_that_are_alike_without_red_or_green_cones_have_other_shapes() -> None:
    assert set(PAINTS) == set(LOOKS["colour"])
    for (first, shape), (second, other) in combinations(PAINTS.values(), 2):
        alike = min(closest([first, second], SEEN[who]) for who in ("no red cones", "no green cones")) < 0.09
        assert shape != other or not alike, (first, second)
