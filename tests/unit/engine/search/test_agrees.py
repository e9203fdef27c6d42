"""What the engine says of each hit and of the query: kind, colour, pattern."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import fakes
import numpy as np
import pytest

from core.engine.catalogues import CATALOGUES
from core.engine.looks.agreement import Agreement, Reading
from core.engine.search.answers import as_json
from core.engine.search.engine import Hit, SearchEngine
from core.engine.search.query import Filters, Query, Wording
from core.own.catalogue import OwnCatalogue
from core.own.items import OwnItem
from core.own.search import OwnSearch

RED = np.array([1, 0, 0, 0], np.float32)
#: As far as what is written down is rounded.
near = partial(pytest.approx, abs=1e-4)
HOME, GREY = Filters(("clothing",)), Filters(("fashion-mnist",))
#: What the fake's heads say of pure red.
SURE = math.exp(8) / (math.exp(8) + 2)


@pytest.fixture(autouse=True)
def _looks(tiny_artifacts: Path) -> None:
    fakes.add_looks()


def number(hit: Hit) -> int:
    return int(hit.id.rpartition("-")[2], 16)


def test_a_photo_is_read_and_each_hit_says_what_agrees(engine: SearchEngine) -> None:
    result = engine.search(Query(embedding=RED, k=30, filters=HOME))
    assert {name: told.classes for name, told in result.reads.items()} == {
        "kind": ("t-shirt",),
        "colour": ("red",),
        "pattern": ("solid",),
    }
    assert [told.probability for told in result.reads.values()] == near([0.75, SURE, 0.8])
    assert len(result.hits) == 30
    for hit in result.hits:
        row = fakes.clothing_row(number(hit))
        assert {name: hit.agrees[name].classes for name in ("colour", "pattern")} == {
            name: (row[name],) for name in ("colour", "pattern")
        }
        assert hit.agrees["colour"].probability == near({"red": SURE, "blue": (1 - SURE) / 2}[row["colour"]])
        assert hit.agrees["pattern"].probability == near({"solid": 0.8, "striped": 0.2}[row["pattern"]])
        # Of every third item nobody knows the kind, so it is read like the query: 1/4² + 3/4².
        kinds = {"boot": ("boot", 0.25), "t-shirt": ("t-shirt", 0.75), "unclear": ("t-shirt", 0.625)}
        classes, probability = kinds[row["kind"]]
        assert hit.agrees["kind"].classes == (classes,)
        assert hit.agrees["kind"].probability == hit.same_kind == near(probability)


def test_grey_pictures_agree_in_kind_alone(engine: SearchEngine) -> None:
    for hit in engine.search(Query(embedding=RED, k=10, filters=GREY)).hits:
        assert hit.agrees.keys() == {"kind"}
        probability = {"Ankle boot": 0.25, "T-shirt/top": 0.75, "Shirt": 0.75}.get(hit.label, 0.0)
        assert hit.agrees["kind"].probability == near(probability)


def test_an_item_asks_for_what_is_known_of_it(engine: SearchEngine) -> None:
    ids = fakes.make_items("clothing").frame["id"]
    result = engine.search(Query(item=ids[1], k=29, filters=HOME))  # a blue boot, plain
    assert result.reads == {
        "kind": Reading(("boot",), near(0.9)),
        "colour": Reading(("blue",), near(0.8)),
        "pattern": Reading(("solid",), near(0.7)),
    }
    for hit in result.hits:
        row = fakes.clothing_row(number(hit))
        assert hit.agrees["colour"].probability == near({"blue": 0.8, "red": 0.1}[row["colour"]])
        kind = {"boot": 0.9, "t-shirt": 0.1, "unclear": 0.25}[row["kind"]]
        assert hit.agrees["kind"].probability == near(kind)
    assert engine.search(Query(item=ids[2], k=1)).reads["kind"].probability == near(0.75)  # it is read
    grey = fakes.make_items("fashion-mnist").row(9).id
    assert engine.search(Query(item=grey, k=1)).reads == {"kind": Reading(("boot",), near(0.9))}


def test_words_ask_for_what_they_name(engine: SearchEngine) -> None:
    result = engine.search(Query(text="red", k=5))
    assert result.reads == {"colour": Reading(("red",), near(0.8))}
    for hit in result.hits:
        colour = fakes.clothing_row(number(hit))["colour"]
        assert hit.agrees["colour"].probability == near({"red": 0.8, "blue": 0.1}[colour])
        assert math.isnan(hit.agrees["kind"].probability)
        table = engine.gallery("clothing").of_queries["text"]
        assert hit.same_kind == table.same_kind(hit.similarity)
    nothing = engine.search(Query(text="pockets", k=5))
    assert nothing.reads == {}
    assert all(math.isnan(told.probability) for hit in nothing.hits for told in hit.agrees.values())


def test_words_beside_a_photo_count_instead_of_it(engine: SearchEngine) -> None:
    reads = engine.search(Query(embedding=RED, wording=Wording(but="blue"))).reads
    assert reads["colour"] == Reading(("blue",), near(0.8))
    assert reads["kind"].classes == ("t-shirt",)
    blended = engine.search(Query(embedding=RED, filters=HOME, wording=Wording(but="blue"))).hits
    assert all(math.isnan(hit.same_kind) and not math.isnan(hit.agrees["kind"].probability) for hit in blended)
    assert "colour" not in engine.search(Query(embedding=RED, wording=Wording(less="blue"))).reads
    assert engine.search(Query(embedding=RED, wording=Wording(but="with pockets"))).reads["colour"].classes == ("red",)
    pushed = engine.search(Query(embedding=RED, wording=Wording(less_items=(fakes.make_items("clothing").row(1).id,))))
    assert pushed.reads["colour"].probability == near(SURE)


def test_an_item_of_ones_own_is_read_from_its_picture(engine: SearchEngine) -> None:
    own = OwnCatalogue(engine.embedder)
    own.restore([OwnItem("own/1", "red.png", "", "red.png", 20, 20, "", "", {}, b"")], RED[None])
    (hit,) = OwnSearch(engine, own).search(Query(embedding=RED, filters=Filters(("own",)))).hits
    other = (1 - SURE) / 2
    expected = {"kind": (("t-shirt",), 0.625), "colour": (("red",), SURE**2 + 2 * other**2)}
    for name, (classes, probability) in (expected | {"pattern": (("solid",), 0.68)}).items():
        assert hit.agrees[name] == Agreement(classes, near(probability))


def test_filters_find_all_of_a_colour_and_nothing_else(engine: SearchEngine) -> None:
    def found(**wanted: frozenset[str]) -> set[int]:
        return {number(hit) for hit in engine.search(Query(embedding=RED, k=100, filters=Filters(**wanted))).hits}

    red, striped = frozenset({"red"}), frozenset({"striped"})
    assert found(colours=red) == set(range(0, 30, 2))
    assert found(colours=red, patterns=striped) == {0, 10, 20}
    assert found(colours=red | {"blue"}) == set(range(30))
    first = frozenset({("clothing", next(iter(CATALOGUES["clothing"].classes)))})  # labels go round: items 0 and 20
    assert found(labels=first, patterns=striped) == found(labels=first, colours=red) == {0, 20}
    assert found(labels=first, colours=frozenset({"blue"})) == set()
    assert found(colours=frozenset({"green"})) == set()


def test_the_answer_as_json(engine: SearchEngine) -> None:
    result = engine.search(Query(embedding=RED, k=40, filters=HOME))
    answer = as_json("vitrine-clip", "a.jpg", result)
    assert answer["reads"]["kind"] == {"class": "t-shirt", "probability": 0.75}
    (boot,) = (hit for hit in answer["hits"] if hit["id"].endswith("000001"))
    assert boot["agrees"]["kind"] == {"class": "boot", "probability": 0.25}
    bare = SearchEngine("vitrine-clip", lambda backbone, catalogue: engine.gallery(catalogue))
    told = as_json("vitrine-clip", "a.jpg", bare.search(Query(embedding=RED, k=40, filters=HOME)))
    (boot,) = (hit for hit in told["hits"] if hit["id"].endswith("000001"))
    assert (told["reads"], boot["agrees"]["kind"]) == ({}, {"class": "boot", "probability": None})
