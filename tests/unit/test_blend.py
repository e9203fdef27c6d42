"""Words added to a query and taken away from it, by hand and through the engine."""

from __future__ import annotations

import math

import fakes
import numpy as np
import pytest

from core.blend import NOTHING_SAID, Wording, blend
from core.search import SearchEngine

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


def test_words_pull_the_hits_towards_their_colour(engine: SearchEngine) -> None:
    query = fakes.FakeEmbedder(fakes.fake_record()).embed_images([fakes.solid((200, 60, 60))])[0]
    blue = engine.embedder.embed_texts(["blue"])[0]

    def blueness(wording: Wording | None) -> float:
        result = engine.search_embedding(query, 5, wording=wording)
        rows = np.stack([engine.embedding_of(hit.id) for hit in result.hits])
        return float((rows @ blue).mean())

    assert blueness(Wording(less="blue")) < blueness(None) < blueness(Wording(but="blue"))
    assert blueness(Wording(but="blue", weight=0.0)) == blueness(None)
    default = engine.search_embedding(query, 5, wording=Wording(but="blue"))
    fitted = engine.search_embedding(query, 5, wording=Wording(but="blue", weight=fakes.WEIGHT))
    assert [hit.id for hit in default.hits] == [hit.id for hit in fitted.hits]


def test_what_a_blend_means_is_not_known_but_what_words_mean_is(engine: SearchEngine) -> None:
    blended = engine.search_texts("red", 3, wording=Wording(less="blue")).hits
    assert all(math.isnan(hit.same_kind) and math.isnan(hit.closer_than) for hit in blended)
    plain = engine.search_texts("red", 3).hits
    assert [hit.same_kind for hit in plain] == [
        engine.gallery(hit.catalogue).of_queries["text"].same_kind(hit.similarity) for hit in plain
    ]


@pytest.mark.parametrize(("rgb", "fashion"), [((255, 0, 0), False), ((200, 90, 70), True), ((20, 20, 90), True)])
def test_a_picture_of_something_else_is_told(engine: SearchEngine, rgb: tuple[int, int, int], fashion: bool) -> None:
    assert engine.shows_fashion(engine.embedder.embed_images([fakes.solid(rgb)])[0]) is fashion
