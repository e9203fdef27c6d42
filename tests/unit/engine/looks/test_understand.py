"""What visitors type, against what they mean, phrase by phrase."""

from __future__ import annotations

import time
from collections.abc import Container

import pytest

from core.config import artifacts_dir
from core.engine.embedders.learned import ANY_WORD
from core.engine.looks.letters import distance
from core.engine.looks.vocabulary import ALIKE, BROADER, ORDINARY, WORDS
from core.engine.looks.wording import labels_of, understand

#: What a model of few words has learned, "stripped" and "leather" among them.
LEARNED = frozenset({"stripped", "leather", "sleeveless", "moccasin", "dr", "color"})
SHOES = BROADER["shoes"]

#: phrase -> kinds, colours, patterns.
PHRASES: dict[str, tuple[set[str], set[str], set[str]]] = {
    "red dress": ({"dress"}, {"red"}, set()),
    "Red Dresses": ({"dress"}, {"red"}, set()),
    "sneaker": ({"sneaker"}, set(), set()),
    "white trainers": ({"sneaker"}, {"white"}, set()),
    "a trainer": ({"sneaker"}, set(), set()),
    "running shoes": ({"sneaker"}, set(), set()),
    "shoes": (set(SHOES), set(), set()),
    "a shoe": (set(SHOES), set(), set()),
    "black footwear": (set(SHOES), {"black"}, set()),
    "brown ankle boots": ({"boot"}, {"brown"}, set()),
    "high heels": ({"heel"}, set(), set()),
    "ballet flats": ({"flat"}, set(), set()),
    "flat shoes": ({"flat"}, set(), set()),
    "yellow sandals": ({"sandal"}, {"yellow"}, set()),
    "flip-flops": ({"flip-flop"}, set(), set()),
    "flip flop": ({"flip-flop"}, set(), set()),
    "flipflops": ({"flip-flop"}, set(), set()),
    "leather shoes": ({"formal"}, set(), set()),
    "dress shoes": ({"formal"}, set(), set()),
    "dress shirt": ({"shirt"}, set(), set()),
    "t-shirt": ({"t-shirt"}, set(), set()),
    "black T-shirts": ({"t-shirt"}, {"black"}, set()),
    "grey t shirt": ({"t-shirt"}, {"grey"}, set()),
    "gray tshirt": ({"t-shirt"}, {"grey"}, set()),
    "plain white tee": ({"t-shirt"}, {"white"}, {"solid"}),
    "tee shirt": ({"t-shirt"}, set(), set()),
    "long sleeve t-shirt": ({"longsleeve"}, set(), set()),
    "polo": ({"polo"}, set(), set()),
    "striped shirt": ({"shirt"}, set(), {"striped"}),
    "shirt with stripes": ({"shirt"}, set(), {"striped"}),
    "checked shirt": ({"shirt"}, set(), {"checked"}),
    "plaid skirt": ({"skirt"}, set(), {"checked"}),
    "tartan skirt": ({"skirt"}, set(), {"checked"}),
    "checkered scarf": ({"scarf"}, set(), {"checked"}),
    "polka dot blouse": ({"blouse"}, set(), {"dotted"}),
    "polka-dot dress": ({"dress"}, set(), {"dotted"}),
    "floral dress": ({"dress"}, set(), {"floral"}),
    "skirt with flowers": ({"skirt"}, set(), {"floral"}),
    "leopard print coat": ({"coat"}, set(), {"animal"}),
    "animal print leggings": ({"leggings"}, set(), {"animal"}),
    "camo jacket": ({"jacket"}, set(), {"camouflage"}),
    "colour block sweater": ({"sweater"}, set(), {"colourblock"}),
    "color-block sweater": ({"sweater"}, set(), {"colourblock"}),
    "two-tone hoodie": ({"hoodie"}, set(), {"colourblock"}),
    "lace top": ({"top"}, set(), {"textured"}),
    "green jumper": ({"sweater"}, {"green"}, set()),
    "olive cardigan": ({"cardigan"}, {"green"}, set()),
    "navy blue trousers": ({"trousers"}, {"navy"}, set()),
    "dark-blue jeans": ({"jeans"}, {"navy"}, set()),
    "light blue jean": ({"jeans"}, {"blue"}, set()),
    "pants": (set(BROADER["pants"]), set(), set()),
    "khaki shorts": ({"shorts"}, {"green"}, set()),
    "short dress": ({"dress"}, set(), set()),
    "tight black skirt": ({"skirt"}, {"black"}, set()),
    "burgundy blazer": ({"blazer"}, {"red"}, set()),
    "multicolored socks": ({"socks"}, {"multi"}, set()),
    "beige trench coat": ({"coat"}, {"beige"}, set()),
    "vest": ({"undershirt"}, set(), set()),
    "waistcoat": ({"vest"}, set(), set()),
    "pink baseball caps": ({"cap"}, {"pink"}, set()),
    "knitted hat": ({"beanie"}, set(), set()),
    "headwear": ({"cap", "beanie", "hat"}, set(), set()),
    "bags": (set(BROADER["bag"]), set(), set()),
    "women's bag": ({"handbag"}, set(), set()),
    "purple rucksacks": ({"backpack"}, {"purple"}, set()),
    "shoulder bag": ({"messenger bag"}, set(), set()),
    "dress and boots": ({"dress", "boot"}, set(), set()),
    "orange summer thing": (set(), {"orange"}, set()),
    "something lovely": (set(), set(), set()),
}


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_asks_for_these_classes(phrase: str) -> None:
    expected = dict(zip(("kind", "colour", "pattern"), PHRASES[phrase], strict=True))
    labels = understand(phrase, ANY_WORD).labels
    assert labels == {attribute: classes for attribute, classes in expected.items() if classes}
    assert all(isinstance(classes, frozenset) for classes in labels.values())


def test_every_word_of_the_vocabulary_asks_for_its_class() -> None:
    for attribute, classes in WORDS.items():
        for one, phrases in classes.items():
            assert all(one in understand(phrase, LEARNED).labels[attribute] for phrase in phrases), one
    for word, kinds in BROADER.items():
        assert kinds <= understand(word, LEARNED).labels["kind"]
    for word, same in ALIKE.items():
        assert understand(word, ANY_WORD).labels == understand(same, ANY_WORD).labels


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Red dres", "red dress"),
        ("sneekers", "sneakers"),
        ("wite shrit", "white shirt"),  # a letter dropped; two exchanged
        ("bleu jens", "blue jeans"),
        ("lether jaket", "leather jacket"),
        ("camoflage", "camouflage"),
        ("lethre", "leather"),  # two edits in a word that is long enough
        ("sleavless", "sleeveless"),
        ("checkered hoodys", "checked hoodie"),
        ("yelow, sandels!", "yellow, sandals!"),
        ("<b>yelow</b>", "<b>yellow</b>"),
    ],
)
def test_misspelt_words_are_corrected(typed: str, meant: str) -> None:
    understood = understand(typed, LEARNED)
    assert understood.text == meant
    assert understood.corrected
    assert understood.unknown == ()


@pytest.mark.parametrize(
    "typed",
    [
        "Red Dress",
        "stripped shirt",  # a word that was learned
        "moccasins",  # in the plural, too
        "rde",  # too short
        "jekat",  # too short for two edits
        "tleavless",  # nobody misspells the first letter and another one
        "sirt",  # a shirt or a skirt?
        "skorts",  # skirts or shorts?
        "501 12345",
        "qqxz",
        "dress" * 20,
        "裙子 😀 %$",
        "",
    ],
)
def test_other_words_stay_as_they_are_typed(typed: str) -> None:
    understood = understand(typed, LEARNED)
    assert (understood.text, understood.corrected) == (typed, ())


@pytest.mark.parametrize("learned", [LEARNED, ANY_WORD, frozenset[str]()])
def test_words_of_ordinary_english_are_nobodys_misspelling(learned: Container[str]) -> None:
    words = """bone goat people hair garden bridge kitchen table window river mountain horse chicken butter bottle
    pencil church teacher doctor nurse weather money letter paper spider flag lake boat train truck beans pans plant
    stone star moon cloud rocket wheel hammer singer"""
    understood = understand(words, learned)
    assert (understood.text, understood.corrected, understood.labels) == (words, (), {})
    assert learned is ANY_WORD or understood.unknown == tuple(words.split())


def test_no_ordinary_word_is_one_of_the_vocabulary_or_said_otherwise() -> None:
    assert [word for word in sorted(ORDINARY) if labels_of(word)] == []


def test_stripped_is_striped_where_nobody_learned_it() -> None:
    assert understand("stripped shirt", frozenset()).corrected == (("stripped", "striped"),)


def test_only_words_that_were_learned_are_put_beside_the_vocabulary() -> None:
    assert understand("turqoise", frozenset({"turquoise"})).text == "turquoise"
    assert understand("turqoise", frozenset()).unknown == ("turqoise",)


def test_what_is_in_quotation_marks_is_taken_as_typed() -> None:
    for typed in ('"Red dres"', " “Red dres” "):
        understood = understand(typed, LEARNED)
        assert (understood.text, understood.corrected, understood.unknown) == ("Red dres", (), ("dres",))
    assert understand('""', LEARNED).text == '""'


@pytest.mark.parametrize(
    ("typed", "known", "unknown"),
    [
        ("qqxz zzzk", (), ("qqxz", "zzzk")),
        ("red qqxz", ("red",), ("qqxz",)),
        ("the qqxz with a", (), ("qqxz",)),  # little words tell nothing
        ("dres", ("dress",), ()),
        ("navies", ("navies",), ()),  # a plural of navy
        ("drs", (), ("drs",)),  # "dr" was learned, but is no singular
        ("😀 %$ 123 &amp; x", (), ()),
        ("裙子", (), ("裙子",)),
    ],
)
def test_words_are_known_or_not(typed: str, known: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    understood = understand(typed, LEARNED)
    assert (understood.known, understood.unknown) == (known, unknown)


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [("", "", 0), ("a", "", 1), ("dres", "dress", 1), ("bleu", "blue", 1), ("boot", "boat", 1), ("abc", "ca", 3)],
)
def test_edits_are_counted(first: str, second: str, edits: int) -> None:
    assert distance(first, second) == distance(second, first) == edits


@pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built")
def test_the_model_that_ships_tells_what_it_has_learned() -> None:
    assert understand("Red dres in sneekers").corrected == (("dres", "dress"), ("sneekers", "sneakers"))
    assert understand("stripped leather turquoise").corrected == ()
    assert understand("xylophone quantum").known == ()
    started = time.perf_counter()
    for _ in range(50):
        understand("navy blue dress with polka dots")
    assert (time.perf_counter() - started) / 50 < 0.01  # under 1 ms, where nothing else wants the processor
