"""Words that name a colour, and where such words are looked for."""

from __future__ import annotations

import io
import math
from types import SimpleNamespace

import fakes
import pytest

from core.engine.catalogues import CATALOGUES
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import BuiltGallery
from core.engine.search.query import Filters, Query, Wording, names_colour
from core.own.catalogue import OwnCatalogue
from core.own.ingest.incoming import Incoming
from core.own.items import OWN
from core.own.search import OwnSearch

ITEM = fakes.make_items("fashion-mnist").row(7).id


@pytest.mark.parametrize("text", ["red", "a RED dress", "navy-blue", "dress,green", "multicoloured top"])
def test_a_colour_is_found_wherever_it_stands(text: str) -> None:
    assert names_colour(text)


@pytest.mark.parametrize("text", ["", "redo", "striped shirt", "tango", "black bag", "white", "grey", "silver", "裙子"])
def test_no_colour_is_found_where_there_is_none_that_grey_pictures_lack(text: str) -> None:
    assert not names_colour(text)


def test_only_words_that_are_wanted_count(engine: SearchEngine) -> None:
    def searched(k: int = 100, **said: str) -> tuple[set[str], tuple[str, ...]]:
        result = engine.search(Query(item=ITEM, k=k, wording=Wording(**said)))
        return {hit.catalogue for hit in result.hits}, result.left_out

    assert searched(but="red") == ({"clothing"}, ("fashion-mnist",))
    assert searched(less="red") == searched(but="striped") == searched() == (set(CATALOGUES), ())


def test_what_a_filter_names_is_searched(engine: SearchEngine) -> None:
    label = ("fashion-mnist", "Dress")
    for filters in (Filters(("fashion-mnist",)), Filters(labels=frozenset([label]))):
        result = engine.search(Query(text="red dress", k=3, filters=filters))
        assert ([hit.catalogue for hit in result.hits], result.left_out) == (["fashion-mnist"] * 3, ())
    both = engine.search(Query(text="red dress", k=100, filters=Filters(tuple(CATALOGUES))))
    assert (len(both.hits), both.left_out) == (fakes.N_FASHION_MNIST + fakes.N_CLOTHING, ())


@pytest.mark.parametrize(
    ("probability", "left_out"), [(0.4, ()), (0.6, ("fashion-mnist",)), (math.nan, ("fashion-mnist",))]
)
def test_the_right_kind_in_grey_comes_before_another_kind_in_colour(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, probability: float, left_out: tuple[str, ...]
) -> None:
    said = SimpleNamespace(same_kind=lambda similarity: probability, closer_than=lambda similarity: 0.5)
    monkeypatch.setattr(BuiltGallery, "meaning", lambda gallery, asked: said)
    result = engine.search(Query(text="red dress", k=100))
    assert (result.left_out, result.grey) == (left_out, () if left_out else ("fashion-mnist",))
    assert {hit.catalogue for hit in result.hits} == set(CATALOGUES) - set(left_out)


def test_the_order_among_pictures_in_colour_is_the_same(engine: SearchEngine) -> None:
    alone = engine.search(Query(text="red dress", k=9, filters=Filters(("clothing",)))).hits
    assert engine.search(Query(text="red dress", k=9)).hits == alone


def test_a_catalogue_of_ones_own_counts_as_having_colours(engine: SearchEngine) -> None:
    buffer = io.BytesIO()
    fakes.solid((90, 90, 90)).save(buffer, "PNG")
    own = OwnCatalogue(engine.embedder)
    list(own.add([Incoming("grey.png", "", buffer.getvalue())]))
    result = OwnSearch(engine, own).search(Query(text="red dress", k=100))
    assert {hit.catalogue for hit in result.hits} == {"clothing", OWN}
    assert result.left_out == ("fashion-mnist",)
