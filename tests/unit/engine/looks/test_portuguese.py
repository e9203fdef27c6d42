"""What visitors ask for in Portuguese, against what they ask for in English."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from core.config import artifacts_dir
from core.engine.embedders.learned import ANY_WORD, shipped_words
from core.engine.looks.letters import plain, words_of
from core.engine.looks.portuguese import _TABLE, _dictionary
from core.engine.looks.wording import understand
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Query
from core.jobs.evaluate.looks import PHRASES

SAID: dict[str, str] = tomllib.loads(Path(__file__).with_name("phrases_pt.toml").read_text("utf-8"))["phrases"]
#: What the model that ships has learned, in part.
LEARNED = frozenset(
    {
        "jeans",
        "cap",
        "top",
        "blazer",
        "short",
        "bermuda",
        "casual",
        "de",
        "do",
        "da",
        "no",
        "na",
        "os",
        "as",
        "um",
        "la",
    }
    | {"and", "with", "without", "nike", "long", "women", "sleeveless", "pockets", "buttons", "golden", "summer"}
)
shipped = pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built")


@pytest.mark.parametrize("phrase", SAID)
def test_a_phrase_is_said_in_english(phrase: str) -> None:
    understood = understand(phrase, LEARNED)
    assert (understood.translated, understood.text) == (True, SAID[phrase])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Vestidos Vermelhos!", "red dress"),
        ("VESTIDO VERMELHO", "red dress"),
        ("um vestido vermelho para mim", "red mim dress"),  # what nobody knows stays, and is named
        ("camisa", "shirt"),
        ("azul", "blue"),
        ("mas azul", "blue"),
        ("listrado", "striped"),
        ("boné", "cap"),  # its accent tells
        ("saia e blusa", "skirt and blouse"),
        ("vestido ou saia", "dress or skirt"),
        ("camisa com bolso preto", "shirt with black pockets"),
        ("camisa com bolso", "shirt with pockets"),
        ("vestido sem mangas", "sleeveless dress"),
        ("vestido sem botões", "dress without buttons"),
        ("bolsa preta de couro feminina", "women's black leather bag"),
        ("jaqueta jeans azul", "blue denim jacket"),
        ("vestidinho rosa", "pink dress"),
        ("bolsinha", "bag"),
        ("macacões azuis", "blue jumpsuit"),
        ("cachecóis", "scarf"),
        ("botões", "buttons"),
        ("tênis nike branco", "white nike sneakers"),
        ("vestido camisa azul", "blue shirt dress"),
        ("top preto", "black top"),
        ("bermuda azul-marinho", "navy blue shorts"),
    ],
)
def test_plurals_genders_and_the_order_of_words_are_those_of_english(typed: str, meant: str) -> None:
    assert understand(typed, LEARNED).text == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("vestdo vermelho", "red dress"),
        ("vestido vermlho", "red dress"),
        ("camiza azul", "blue shirt"),
        ("calsa jeans azul", "blue jeans"),
        ("sandalha preta", "black sandals"),
    ],
)
def test_misspelt_words_beside_others_are_understood(typed: str, meant: str) -> None:
    assert understand(typed, LEARNED).text == meant


@pytest.mark.parametrize(
    "typed", ["top", "blazer", "short jeans", "bermuda", "casual", "polo", "la", "no", "de", "", "裙子"]
)
def test_what_is_english_too_does_not_make_a_text_portuguese(typed: str) -> None:
    assert not understand(typed, LEARNED).translated


def test_what_is_in_quotation_marks_is_not_translated() -> None:
    understood = understand('"vestido vermelho"', LEARNED)
    assert (understood.text, understood.translated, understood.unknown) == (
        "vestido vermelho", False, ("vestido", "vermelho"),
    )  # fmt: skip


def test_what_is_not_in_the_dictionary_is_named() -> None:
    understood = understand("vestido qqxz vermelho", LEARNED)
    assert (understood.text, understood.unknown) == ("red qqxz dress", ("qqxz",))


def test_a_backbone_that_tells_nothing_of_what_it_learned_is_asked_in_english_too() -> None:
    assert understand("vestido vermelho", ANY_WORD).text == "red dress"
    assert not understand("red dress", ANY_WORD).translated


def test_a_phrase_is_in_one_table_once() -> None:
    for table, meanings in _TABLE.items():
        phrases = [tuple(map(plain, words_of(phrase))) for said in meanings.values() for phrase in said]
        if table != "elsewhere":
            assert [phrase for phrase, n in Counter(phrases).items() if n > 1] == [], table


@shipped
def test_nothing_english_is_taken_for_portuguese() -> None:
    """The phrases by which the model is evaluated, all words of the vocabulary, and all words that it has learned."""
    for text in PHRASES:
        assert not understand(text).translated, text
    assert not [word for word in shipped_words() if understand(word).translated]


def test_what_the_model_has_not_learned_is_named_as_it_was_typed() -> None:
    velvet = understand("vestido de veludo vermelho", LEARNED)
    assert (velvet.text, velvet.unknown) == ("red veludo dress", ("veludo",))
    assert understand("vestido de veludo vermelho", LEARNED | {"velvet"}).text == "red velvet dress"


@shipped
def test_portuguese_finds_what_english_finds() -> None:
    engine = SearchEngine()
    found = {text: [hit.id for hit in engine.search(Query(text=text)).hits] for text in {*SAID, *SAID.values()}}
    assert all(found[phrase] == found[english] for phrase, english in SAID.items())


@shipped
def test_a_text_is_understood_in_no_time() -> None:
    understand("vestido")
    started = time.perf_counter()
    for _ in range(50):
        understand("vestido vermlho longo com bolinhas azuis e manga comprida")
    assert (time.perf_counter() - started) / 50 < 0.02
    assert len(_dictionary()[0]) > 300
