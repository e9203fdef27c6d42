"""What the labels of three data sets mean, in one vocabulary of words.

The same thing has three names: Fashion-MNIST's `Trouser`, the clothing dataset's `Pants` and the product
photos' `Jeans` overlap without being equal. `TYPES` gives each kind its words, and which broader kind it
belongs to; `relation` tells the loss whether two labels are the same kind, different, or not comparable.
"""

from __future__ import annotations

import random

FASHION_MNIST_TYPE = {
    "T-shirt/top": "t-shirt or top",
    "Trouser": "trousers (any)",
    "Pullover": "pullover (any)",
    "Dress": "dress",
    "Coat": "coat",
    "Sandal": "sandals (any)",
    "Shirt": "shirt (any)",
    "Sneaker": "sneakers",
    "Bag": "bag (any)",
    "Ankle boot": "ankle boots",
}
CLOTHING_TYPE = {
    "T-Shirt": "t-shirt",
    "Longsleeve": "long-sleeved top",
    "Pants": "trousers (any)",
    "Shoes": "shoes (any)",
    "Shirt": "shirt",
    "Dress": "dress",
    "Outwear": "outerwear (any)",
    "Shorts": "shorts",
    "Hat": "hat",
    "Skirt": "skirt",
    "Polo": "polo shirt",
    "Undershirt": "undershirt",
    "Blazer": "blazer",
    "Hoodie": "hoodie",
    "Body": "baby bodysuit",
    "Top": "top",
    "Blouse": "blouse",
}
PRODUCT_TYPE = {
    "Tshirts": "t-shirt",
    "Shirts": "shirt",
    "Casual Shoes": "sneakers",
    "Sports Shoes": "sneakers",
    "Tops": "top",
    "Tunics": "tunic",
    "Sunglasses": "sunglasses",
    "Heels": "high heels",
    "Sweaters": "sweater",
    "Sandals": "sandals",
    "Sports Sandals": "sandals",
    "Flip Flops": "flip-flops",
    "Sweatshirts": "sweatshirt",
    "Trousers": "trousers",
    "Formal Shoes": "formal shoes",
    "Flats": "flat shoes",
    "Jackets": "jacket",
    "Rain Jacket": "jacket",
    "Blazers": "blazer",
    "Innerwear Vests": "undershirt",
    "Shorts": "shorts",
    "Caps": "hat",
    "Hat": "hat",
    "Track Pants": "track pants",
    "Jeans": "jeans",
    "Leggings": "leggings",
    "Jeggings": "leggings",
    "Skirts": "skirt",
    "Dresses": "dress",
    "Handbags": "handbag",
    "Backpacks": "backpack",
    "Clutches": "clutch bag",
    "Laptop Bag": "laptop bag",
    "Duffel Bag": "duffel bag",
    "Messenger Bag": "messenger bag",
    "Rucksacks": "backpack",
    "Trolley Bag": "trolley bag",
}

#: kind -> (the broader kind it is part of or "", words for it). A kind that is not here is named by its label.
TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "t-shirt": ("t-shirt or top", ("t-shirt", "tee", "tshirt")),
    "top": ("t-shirt or top", ("top", "women's top")),
    "t-shirt or top": ("", ("t-shirt", "top", "t-shirt or top")),
    "trousers": ("trousers (any)", ("trousers", "pair of trousers", "formal trousers")),
    "jeans": ("trousers (any)", ("jeans", "denim trousers", "pair of jeans")),
    "track pants": ("trousers (any)", ("track pants", "sweatpants", "jogging trousers")),
    "leggings": ("trousers (any)", ("leggings", "tights")),
    "trousers (any)": ("", ("trousers", "pants", "pair of pants")),
    "sweater": ("pullover (any)", ("sweater", "pullover", "jumper")),
    "sweatshirt": ("pullover (any)", ("sweatshirt", "fleece pullover")),
    "hoodie": ("pullover (any)", ("hoodie", "hooded sweatshirt")),
    "long-sleeved top": ("pullover (any)", ("long-sleeved top", "longsleeve", "long sleeve shirt")),
    "pullover (any)": ("", ("pullover", "sweater", "jumper")),
    "shirt": ("shirt (any)", ("shirt", "button-up shirt", "dress shirt")),
    "blouse": ("shirt (any)", ("blouse",)),
    "shirt (any)": ("", ("shirt",)),
    "dress": ("", ("dress", "gown", "frock")),
    "coat": ("outerwear (any)", ("coat", "overcoat")),
    "jacket": ("outerwear (any)", ("jacket",)),
    "outerwear (any)": ("", ("outerwear", "jacket", "coat")),
    "blazer": ("", ("blazer", "suit jacket")),
    "sneakers": ("shoes (any)", ("sneakers", "trainers", "running shoes", "sneaker", "casual shoes")),
    "ankle boots": ("shoes (any)", ("ankle boots", "boots", "ankle boot")),
    "formal shoes": ("shoes (any)", ("formal shoes", "leather shoes", "oxford shoes")),
    "flat shoes": ("shoes (any)", ("flat shoes", "ballerinas", "flats")),
    "shoes (any)": ("", ("shoes", "pair of shoes", "footwear")),
    "sandals": ("sandals (any)", ("sandals", "sandal")),
    "high heels": ("sandals (any)", ("high heels", "heels", "women's heels")),
    "flip-flops": ("sandals (any)", ("flip-flops", "slippers")),
    "sandals (any)": ("", ("sandals", "sandal", "open shoes")),
    "handbag": ("bag (any)", ("handbag", "purse", "women's bag")),
    "backpack": ("bag (any)", ("backpack", "rucksack")),
    "clutch bag": ("bag (any)", ("clutch bag", "clutch", "evening bag")),
    "laptop bag": ("bag (any)", ("laptop bag", "briefcase")),
    "duffel bag": ("bag (any)", ("duffel bag", "gym bag", "travel bag")),
    "messenger bag": ("bag (any)", ("messenger bag", "shoulder bag")),
    "trolley bag": ("bag (any)", ("trolley bag", "suitcase")),
    "bag (any)": ("", ("bag", "handbag")),
    "shorts": ("", ("shorts", "pair of shorts")),
    "hat": ("", ("hat", "cap")),
    "skirt": ("", ("skirt",)),
    "polo shirt": ("", ("polo shirt", "polo")),
    "undershirt": ("", ("undershirt", "tank top", "vest")),
    "baby bodysuit": ("", ("baby bodysuit", "bodysuit", "romper")),
    "tunic": ("", ("tunic", "long top")),
    "sunglasses": ("", ("sunglasses", "shades")),
}

#: Kinds that are near each other: across data sets they are neither pulled together nor pushed apart,
#: because one set's label says nothing about the other's finer distinction.
_GROUPS = (
    {"t-shirt", "top", "t-shirt or top", "undershirt", "polo shirt", "tunic", "blouse", "shirt", "shirt (any)",
     "long-sleeved top", "pullover (any)", "sweater", "sweatshirt", "hoodie", "baby bodysuit", "Kurtas", "Kurtis"},
    {"pullover (any)", "sweater", "sweatshirt", "hoodie", "coat", "jacket", "outerwear (any)", "blazer",
     "long-sleeved top", "shirt (any)"},
    {"dress", "tunic", "Nightdress", "Kurtas", "Kurtis", "skirt"},
    {"sneakers", "ankle boots", "formal shoes", "flat shoes", "shoes (any)", "sandals", "high heels", "flip-flops",
     "sandals (any)"},
    {"trousers", "jeans", "track pants", "leggings", "trousers (any)", "Capris", "Lounge Pants", "Churidar"},
    {"handbag", "backpack", "clutch bag", "laptop bag", "duffel bag", "messenger bag", "trolley bag", "bag (any)",
     "Wallets", "Mobile Pouch", "Waist Pouch"},
)  # fmt: skip

SAME, DIFFERENT, UNKNOWN = 1, 0, -1


def relation(kind_a: str, kind_b: str, same_source: bool) -> int:
    """Whether two kinds are the same (1), different (0), or not comparable (-1).

    Within one data set its own labels decide. Across data sets a kind equals the broader kind that
    contains it, and kinds of one group are not comparable.
    """
    if kind_a == kind_b:
        return SAME
    if same_source:
        return DIFFERENT
    if _broader(kind_a) == kind_b or _broader(kind_b) == kind_a:
        return SAME
    if any(kind_a in group and kind_b in group for group in _GROUPS):
        return UNKNOWN
    return DIFFERENT


def _broader(kind: str) -> str:
    return TYPES.get(kind, ("", ()))[0]


def words_for(kind: str) -> tuple[str, ...]:
    """The words that name a kind, the most usual first."""
    known = TYPES.get(kind)
    return known[1] if known else (kind.lower(),)


_TEMPLATES = (
    "{}",
    "{}",
    "a photo of a {}",
    "a {}",
    "a picture of {}",
    "{} for sale",
    "one {}, product photo",
)


def type_caption(kind: str, rng: random.Random) -> str:
    """A caption that names the kind and nothing else."""
    return rng.choice(_TEMPLATES).format(rng.choice(words_for(kind)))


def product_captions(row: dict[str, str]) -> tuple[str, str]:
    """A product's two captions from its `styles.csv` row: (colour and kind, its full name), lower case."""
    kind = PRODUCT_TYPE.get(row["articleType"], row["articleType"])
    colour = colour_of(row)
    short = f"{colour} {words_for(kind)[0]}".strip()
    name = " ".join(row["productDisplayName"].lower().split())
    return short, name


def colour_of(row: dict[str, str]) -> str:
    """A product's base colour in lower case, "" where the data set has none."""
    colour = row["baseColour"].strip().lower()
    return "" if colour in ("na", "") else colour
