"""The words of a question as a search takes them: corrected, and without figures where none was learned."""

from __future__ import annotations

import math
from collections.abc import Container

import fakes
import numpy as np
import pytest

from core.engine.search.answers import as_json, notices
from core.engine.search.calibration import TEXT
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import BuiltGallery
from core.engine.search.query import Query, Wording
from core.engine.search.words import NOTHING_HEARD, Heard, hear, listed, quoted

ITEM = fakes.make_items("fashion-mnist").row(7).id


def nothing() -> Container[str]:
    return frozenset()


def nobody() -> Container[str]:
    raise AssertionError("there are no words to ask about")


def test_a_question_without_words_stays_as_it_is() -> None:
    for query in (Query(item=ITEM), Query(embedding=np.ones(4, np.float32)), Query(photo=b"x")):
        assert hear(query, nobody) == (query, NOTHING_HEARD)


def test_all_words_of_a_question_are_heard() -> None:
    query, heard = hear(Query(text="red dres", k=3, wording=Wording(less="stiped qqxz", weight=0.4)), nothing)
    assert (query.text, query.wording, query.k) == ("red dress", Wording(less="striped qqxz", weight=0.4), 3)
    assert heard == Heard((("red dres", "red dress"), ("stiped qqxz", "striped qqxz")), ("qqxz",), understood=True)
    query, heard = hear(Query(item=ITEM, wording=Wording(but="but bleu")), nothing)
    assert (query.item, query.text, query.wording.added) == (ITEM, "", "blue")


def test_what_is_quoted_is_taken_as_typed() -> None:
    query, heard = hear(Query(text=quoted("red dres")), nothing)
    assert (query.text, heard) == ("red dres", Heard((), ("dres",)))
    assert listed(("dres", "qqxz")) == "“dres”, “qqxz”"


def test_the_corrected_words_are_searched_for(engine: SearchEngine) -> None:
    typed, right = (engine.search(Query(text=text, k=9)) for text in ("yelow", "yellow"))
    assert typed.hits == right.hits
    assert np.array_equal(typed.embedding, right.embedding)
    assert typed.left_out == right.left_out == ("fashion-mnist",)  # "yelow" names a colour, too
    assert str(notices(typed)[0]).startswith("Searched for “yellow” in place of “yelow”")
    assert len(notices(typed)) == len(notices(right)) + 1


def test_what_nobody_learned_has_no_figures(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    calibration = engine.gallery("clothing").calibration
    meaning = {TEXT: calibration}.get
    monkeypatch.setattr(BuiltGallery, "meaning", lambda gallery, asked: meaning(asked))
    for text in ("qqxz zzzk", "裙子", "😀", "%$ 123"):
        result = engine.search(Query(text=text))
        assert len(result.hits) == 5
        assert all(math.isnan(hit.closer_than) and math.isnan(hit.same_kind) for hit in result.hits)
        content = as_json("fake", text, result)
        assert [hit["same_kind"] for hit in content["hits"]] == [None] * 5
        assert [notice.code for notice in notices(result)] == ["engine.no-known-words"]
    result = engine.search(Query(text="red qqxz"))
    assert not any(math.isnan(hit.same_kind) for hit in result.hits)
    assert "“qqxz”" in str(notices(result)[0])
