"""Words added to a query and taken away from it, by hand and through the engine."""

from __future__ import annotations

import math

import fakes
import numpy as np
import pytest

from core.engine.search.engine import SearchEngine
from core.engine.search.query import NOTHING_SAID, Query, Wording, blend, push_away
from core.errors import UnknownNameError
from core.own.catalogue import OwnCatalogue
from core.own.items import OwnItem
from core.own.search import OwnSearch

X, Y, Z = np.eye(3, dtype=np.float32)


def test_a_blend_by_hand() -> None:
    np.testing.assert_allclose(blend(X, Y, None, 0.5), np.array([1, 1, 0]) / math.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(blend(X, Y, Z, 0.5), np.array([1, 1, -1]) / math.sqrt(3), atol=1e-6)
    np.testing.assert_allclose(blend(X, None, Z, 0.2), np.array([0.8, 0, -0.2]) / math.sqrt(0.68), atol=1e-6)
    np.testing.assert_array_equal(blend(X, Y, Z, 0), X)
    np.testing.assert_array_equal(blend(X, Y, None, 1), Y)
    np.testing.assert_array_equal(blend(X, None, X, 0.5), X)  # nothing would be left
    assert blend(X, Y, None, 0.3).dtype == np.float32


def test_only_words_are_a_wording() -> None:
    assert not NOTHING_SAID
    assert not Wording(weight=0.3)
    assert Wording(but="blue")
    assert Wording(less="blue")
    assert Wording(less_items=("clothing/1",))


@pytest.mark.parametrize(
    ("typed", "added"),
    [
        ("blue", "blue"),
        ("but blue", "blue"),
        ("But… in blue", "in blue"),
        ("button", "button"),
        ("but", "but"),
        ("blue but long", "blue but long"),
        ("", ""),
    ],
)
def test_a_but_that_is_typed_again_says_nothing(typed: str, added: str) -> None:
    assert Wording(typed).added == added


def test_a_push_by_hand() -> None:
    np.testing.assert_allclose(push_away(X, Y[None], 0.5), np.array([1, -0.5, 0]) / math.sqrt(1.25), atol=1e-6)
    np.testing.assert_allclose(push_away(X, np.stack([Y, Z]), 1), np.array([1, -0.5, -0.5]) / math.sqrt(1.5), atol=1e-6)
    np.testing.assert_array_equal(push_away(X, Y[None], 0), X)
    np.testing.assert_array_equal(push_away(X, X[None], 1), X)  # nothing would be left
    assert push_away(X, Y[None]).dtype == np.float32


def test_an_item_that_is_wanted_less_is_not_found_and_takes_its_like_along(engine: SearchEngine) -> None:
    query = engine.embedder.embed_images([fakes.solid((150, 90, 90))])[0]
    plain = engine.search(Query(embedding=query, k=100)).hits
    disliked = plain[2]
    pushed = engine.search(Query(embedding=query, k=100, wording=Wording(less_items=(disliked.id,))))
    assert {hit.id for hit in plain} - {hit.id for hit in pushed.hits} == {disliked.id}
    row = engine.embedding_of(disliked.id)
    np.testing.assert_allclose(pushed.embedding, push_away(query, row[None]), atol=1e-6)
    by_hand = sorted((hit.id for hit in pushed.hits), key=lambda id: -float(engine.embedding_of(id) @ pushed.embedding))
    assert [hit.id for hit in pushed.hits][:10] == by_hand[:10] != [hit.id for hit in plain if hit != disliked][:10]
    assert all(math.isnan(hit.same_kind) for hit in pushed.hits)
    assert len(engine.search(Query(embedding=query, k=5, wording=Wording(less_items=(disliked.id,)))).hits) == 5
    with pytest.raises(UnknownNameError):
        engine.search(Query(embedding=query, wording=Wording(less_items=("clothing/none",))))


def test_words_and_items_are_taken_away_together(engine: SearchEngine) -> None:
    item = engine.search(Query(text="red", k=1)).hits[0].id
    said = Wording(less="blue", weight=0.5, less_items=(item,))
    red, blue = engine.embedder.embed_texts(["red", "blue"])
    expected = push_away(blend(red, None, blue, 0.5), engine.embedding_of(item)[None])
    np.testing.assert_allclose(engine.blended(red, said), expected, atol=1e-6)


def test_an_item_of_ones_own_can_be_wanted_less(engine: SearchEngine) -> None:
    own = OwnCatalogue(engine.embedder)
    row = engine.embedder.embed_images([fakes.solid((10, 90, 10))])
    own.restore([OwnItem("own/1", "green.png", "", "green.png", 20, 20, "", "", {}, b"")], row)
    wording = Wording(less_items=("own/1",))
    red = engine.embedder.embed_texts(["red"])[0]
    np.testing.assert_allclose(OwnSearch(engine, own).blended(red, wording), push_away(red, row), atol=1e-6)
    with pytest.raises(UnknownNameError):  # the engine that all share knows nothing of it
        engine.blended(red, wording)


def test_words_pull_the_hits_towards_their_colour(engine: SearchEngine) -> None:
    query = fakes.FakeEmbedder(fakes.fake_record()).embed_images([fakes.solid((200, 60, 60))])[0]
    blue = engine.embedder.embed_texts(["blue"])[0]

    def blueness(wording: Wording) -> float:
        result = engine.search(Query(embedding=query, k=5, wording=wording))
        rows = np.stack([engine.embedding_of(hit.id) for hit in result.hits])
        return float((rows @ blue).mean())

    assert blueness(Wording(less="blue")) < blueness(NOTHING_SAID) < blueness(Wording(but="blue"))
    assert blueness(Wording(but="blue", weight=0.0)) == blueness(NOTHING_SAID)
    default = engine.search(Query(embedding=query, k=5, wording=Wording(but="blue")))
    fitted = engine.search(Query(embedding=query, k=5, wording=Wording(but="blue", weight=fakes.WEIGHT)))
    assert [hit.id for hit in default.hits] == [hit.id for hit in fitted.hits]


def test_what_a_blend_means_is_not_known_but_what_words_mean_is(engine: SearchEngine) -> None:
    blended = engine.search(Query(text="red", k=3, wording=Wording(less="blue"))).hits
    assert all(math.isnan(hit.same_kind) and math.isnan(hit.closer_than) for hit in blended)
    plain = engine.search(Query(text="red", k=3)).hits
    assert [hit.same_kind for hit in plain] == [
        engine.gallery(hit.catalogue).of_queries["text"].same_kind(hit.similarity) for hit in plain
    ]


@pytest.mark.parametrize(("rgb", "fashion"), [((255, 0, 0), False), ((200, 90, 70), True), ((20, 20, 90), True)])
def test_a_picture_of_something_else_is_told(engine: SearchEngine, rgb: tuple[int, int, int], fashion: bool) -> None:
    assert engine.shows_fashion(engine.embedder.embed_images([fakes.solid(rgb)])[0]) is fashion
