"""The catalogues that can be shown: what they are called, what their classes mean, and who made them.

The items themselves are in `items.ItemTable`. Where they and their pictures come from is known by a catalogue's reader
(`reader.Reader`), which `photos` looks up: another catalogue is one record here and one reader there, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import UnknownNameError


@dataclass(frozen=True)
class Catalogue:
    """One catalogue, as a visitor meets it.

    Attributes:
        id: The name in item ids, file names and links.
        title: The name for readers.
        n_items: How many items it has, all splits together.
        classes: The data set's own label → plain words, in the data set's order of classes.
        licence: Of the pictures, as an SPDX identifier.
        source: Where the pictures are published.
        description: One plain sentence.
        has_colours: Whether its pictures are in colour.
        pixelated: Whether its pictures have so few pixels that these are meant to be seen.
        no_garment: Labels that name no garment; an evaluation asks no questions about them.
        n_compared: Training items, drawn by chance, among which backbones are compared; 0 for all that show a garment.
    """

    id: str
    title: str
    n_items: int
    classes: dict[str, str] = field(hash=False)
    licence: str
    source: str
    description: str
    has_colours: bool = True
    pixelated: bool = False
    no_garment: frozenset[str] = frozenset()
    n_compared: int = 0


#: Keys in the order of the class numbers 0 to 9.
_FASHION_MNIST_CLASSES = {
    "T-shirt/top": "T-shirt or top",
    "Trouser": "Trousers",
    "Pullover": "Pullover",
    "Dress": "Dress",
    "Coat": "Coat",
    "Sandal": "Sandal",
    "Shirt": "Shirt",
    "Sneaker": "Sneaker",
    "Bag": "Bag",
    "Ankle boot": "Ankle boot",
}

#: Keys from the most to the least frequent; the three that name no garment come last.
_CLOTHING_CLASSES = {
    "T-Shirt": "T-shirt",
    "Longsleeve": "Long-sleeved top",
    "Pants": "Trousers",
    "Shoes": "Shoes",
    "Shirt": "Shirt",
    "Dress": "Dress",
    "Outwear": "Coat or jacket",
    "Shorts": "Shorts",
    "Hat": "Hat",
    "Skirt": "Skirt",
    "Polo": "Polo shirt",
    "Undershirt": "Undershirt",
    "Blazer": "Blazer",
    "Hoodie": "Hoodie",
    "Body": "Bodysuit",
    "Top": "Top",
    "Blouse": "Blouse",
    "Not sure": "Unsorted",
    "Other": "Something else",
    "Skip": "Left out",
}

CATALOGUES: dict[str, Catalogue] = {
    catalogue.id: catalogue
    for catalogue in (
        Catalogue(
            id="fashion-mnist",
            title="Fashion-MNIST",
            n_items=70_000,
            classes=_FASHION_MNIST_CLASSES,
            licence="MIT",
            source="https://github.com/zalandoresearch/fashion-mnist",
            description="Small grey product pictures from an online shop, in ten classes.",
            has_colours=False,
            pixelated=True,
            n_compared=10_000,
        ),
        Catalogue(
            id="clothing",
            title="Clothing dataset",
            n_items=5_398,
            classes=_CLOTHING_CLASSES,
            licence="CC0-1.0",
            source="https://github.com/alexeygrigorev/clothing-dataset",
            description="Colour photos of clothes that people took at home, in twenty classes.",
            no_garment=frozenset({"Not sure", "Other", "Skip"}),
        ),
    )
}


def get(id: str) -> Catalogue:
    """Return the catalogue with this id.

    Raises:
        UnknownNameError: No catalogue has this id; lists those that exist.
    """
    try:
        return CATALOGUES[id]
    except KeyError:
        raise UnknownNameError("catalogue", id, CATALOGUES) from None


def like_photos() -> Catalogue:
    """The catalogue whose pictures are most like those that visitors bring: the first one in colour."""
    return next(catalogue for catalogue in CATALOGUES.values() if catalogue.has_colours)
