"""How points are coloured: which group each belongs to, and how the groups look, in the browser and in the legend.

Thirty classes are more than anybody tells apart by colour, so a class has the colour of its family (what it broadly
is, the same in all catalogues) and a shape of its own in it: a T-shirt is as yellow in one catalogue as in the other,
a disc here and a square there. The ten colours and the grey were searched for: by how far the two closest of them are
apart as people with any kind of colour blindness see them, among colours that stand out from the page, light and dark.
They are 0.09 apart (Oklab; the usual six of Okabe and Ito: 0.08); `tests/unit/maps/test_colours.py` measures it.

Source: Machado, Oliveira and Fernandes 2009 (colour blindness); Ottosson 2020 (Oklab).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import cycle

from core.engine.catalogues import CATALOGUES
from core.maps.points import KINDS, LOOKS
from core.ui.components.looks import look
from core.ui.visit import session
from core.ui.words import WORDS

SHAPES = ("circle", "square", "diamond", "triangle", "cross", "x")
GREY = "#8c8c8c"
#: Those that mix on the maps are the farthest apart.
FAMILIES = {
    "t-shirts": "#bcb517",
    "shirts": "#757ffc",
    "pullovers": "#51c189",
    "coats": "#bf3a00",
    "dresses": "#f78bf7",
    "trousers": "#7d00f6",
    "sandals": "#bd7c00",
    "sneakers": "#8a5a7b",
    "boots": "#e536cc",
    "accessories": "#ae0db2",
}
#: Colours as what they are called; those that are alike to the colour blind have other shapes.
PAINTS = {
    "white": ("#ffffff", "circle"),
    "beige": ("#d8c08f", "square"),
    "red": ("#d11f2f", "diamond"),
    "green": ("#2e8b3d", "triangle"),
    "grey": (GREY, "cross"),
    "navy": ("#1c2f6b", "square"),
    "blue": ("#3f86e0", "circle"),
    "multi": ("#e536cc", "x"),
    "black": ("#111111", "diamond"),
    "brown": ("#7a4a24", "circle"),
    "pink": ("#f29bc1", "triangle"),
    "orange": ("#f28500", "square"),
    "yellow": ("#f4d000", "diamond"),
    "purple": ("#7d3fb2", "triangle"),
}
#: What says which group a point is in: an array of the map, or of all items.
BY_CLASS, BY_PREDICTED, BY_CATALOGUE, BY_WRONG, BY_ITEM = "own", "predicted", "catalogue", "wrong", "item"


@dataclass(frozen=True)
class Group:
    """Points that look alike.

    Attributes:
        name: In the legend.
        colour: As #rrggbb.
        shape: One of `SHAPES`.
        heading: What it stands under in the legend, "" for nothing.
        label: What is written where most of its points lie, "" for nothing.
        hidden: Whether it is not drawn until somebody wants it.
    """

    name: str
    colour: str
    shape: str = SHAPES[0]
    heading: str = ""
    label: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Colouring:
    """One way to colour the points.

    Attributes:
        by: One of the constants above.
        groups: In the order of what `by` counts.
        rim: Whether points have a rim in the colour of the text, so that white and black ones are seen.
        dense: Whether how many points lie together is drawn in place of the points.
    """

    by: str
    groups: tuple[Group, ...]
    rim: bool = False
    dense: bool = False


def colouring(colour: str) -> Colouring:
    """What one of `view.COLOURS` means, in the language of the visit."""
    if colour in LOOKS:
        groups = (*_classes_of(colour), Group(WORDS.maps.not_known, GREY, hidden=True))
        return Colouring(BY_ITEM, groups, rim=colour == "colour")
    if colour == "catalogue":
        looks = zip(cycle(("#757ffc", "#bf3a00", "#51c189")), cycle(SHAPES))
        names = map(session.title_of, CATALOGUES)
        return Colouring(BY_CATALOGUE, tuple(Group(name, *look) for name, look in zip(names, looks, strict=False)))
    if colour == "wrong":
        same, other = WORDS.maps.sides
        return Colouring(BY_WRONG, (Group(same, GREY), Group(other, "#bf3a00", "x")))
    if colour == "density":
        return Colouring(BY_CLASS, _classes(), dense=True)
    return Colouring(BY_PREDICTED if colour == "predicted" else BY_CLASS, _classes())


def _classes() -> tuple[Group, ...]:
    """All classes, in the order of `KINDS`; those that name no garment are grey, and not written on the map."""
    seen, spare, groups = Counter[str](), cycle(FAMILIES.values()), []
    for kind, name in zip(KINDS, class_names(), strict=True):
        record = CATALOGUES[kind.catalogue]
        none = kind.label in record.no_garment
        colour = GREY if none else FAMILIES.get(record.families.get(kind.label, "")) or next(spare)
        shape = SHAPES[seen[colour] % len(SHAPES)]
        seen[colour] += 1
        groups.append(
            Group(session.class_title(*kind), colour, shape, session.title_of(kind.catalogue), "" if none else name)
        )
    return tuple(groups)


def class_names() -> list[str]:
    """What classes are called where nothing else tells catalogues apart, in the order of `KINDS`."""
    titles = [session.class_title(*kind) for kind in KINDS]
    often = Counter(titles)
    return [
        f"{title} · {session.title_of(kind.catalogue)}" if often[title] > 1 else title
        for kind, title in zip(KINDS, titles, strict=True)
    ]


def _classes_of(attribute: str) -> list[Group]:
    if attribute == "sleeves":
        colours = ("#51c189", "#bcb517", "#e536cc", "#7d00f6")
        looks = zip(LOOKS[attribute], colours, SHAPES, strict=False)
        return [Group(WORDS.maps.sleeves[one], colour, shape) for one, colour, shape in looks]
    if attribute == "colour":
        return [Group(_named(attribute, one), *PAINTS[one]) for one in LOOKS[attribute]]
    looks = zip(LOOKS[attribute], (GREY, *FAMILIES.values()), cycle(SHAPES), strict=False)
    return [Group(_named(attribute, one), colour, shape) for one, colour, shape in looks]


def _named(attribute: str, one: str) -> str:
    name = look(attribute, one)
    return name[:1].upper() + name[1:]
