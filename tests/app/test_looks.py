"""Kind, colour and pattern on the pages: on the cards, above them, in the filters, in the table."""

from __future__ import annotations

import csv
import io
import math
import re
from functools import partial

import pytest
import visits
from streamlit.testing.v1 import AppTest
from visits import assert_answer, hits_of, html_of, open_page

from core.config import artifacts_dir
from core.engine.looks.agreement import Agreement
from core.engine.looks.attributes import load_attributes
from core.engine.search.engine import Hit, SearchEngine
from core.engine.search.query import Filters, Query
from core.ui.browse.view import View, read, write
from core.ui.components import cards
from core.ui.components.pictures import Picture
from core.ui.search import results
from core.ui.search.summary import summary
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)

browse = partial(visits.open_page, "pages/1_Browse.py")
AGREES = {
    "kind": Agreement(("sneaker",), 0.966),
    "colour": Agreement(("white",), 0.5),
    "pattern": Agreement(("striped",), 0.12),
}
HIT = Hit(1, "clothing/1", "clothing", "Shoes", "Shoes", 0.5, 0.97, 0.96, 0, AGREES)
UNKNOWN = {"kind": Agreement(("sneaker",), math.nan), "colour": Agreement(("white",), math.nan)}
UNKNOWN_HIT = Hit(2, "own/1", "own", "", "<b>", 0.5, math.nan, 0.9, 0, UNKNOWN)


def texts_of(html: str) -> list[str]:
    return [text.strip() for text in re.findall(r">([^<>]+)<", html) if text.strip()]


def asked_of(page: AppTest, key: str) -> list[str]:
    return list(page.multiselect(key=key).value)


def positions(**wanted: list[str]) -> set[int]:
    return set(load_attributes("clothing").positions(SearchEngine().gallery("clothing").items, wanted).tolist())


def test_a_card_says_what_agrees_with_a_sign_a_word_and_a_figure() -> None:
    texts = texts_of(cards.hit_html(HIT, Picture()))
    assert texts == [
        "1", "Shoes", "Clothing photos",
        "✓", "sneaker", "97%", "Same kind, sneaker: 97% likely",
        "✓", "white", "50%", "Same colour, white: 50% likely",
        "✗", "striped", "12%", "Probably another pattern, striped: 12% likely the same",
        "Similarity", "0.500",
    ]  # fmt: skip


def test_what_cannot_be_told_has_no_line() -> None:
    html = cards.hit_html(UNKNOWN_HIT, Picture())
    assert "vt-agrees" not in html
    assert texts_of(html) == ["2", "&lt;b&gt;", "Your catalogue", "Similarity", "0.500"]


def test_the_page_shows_what_the_engine_says() -> None:
    page = open_page(sample="shirt")
    assert_answer(page, 5)
    answer = page.session_state["answer"][1]
    said = re.findall(r'<span class="vt-spoken">([^<]+)<', html_of(page))
    assert len(said) == sum(len(hit.agrees) for hit in answer.hits) > 5
    assert re.findall(r'vt-summary">([^<]+)<', html_of(page)) == [summary(strip.result) for strip in answer.strips]
    assert re.findall(r'vt-reads">([^<]+)<', html_of(page)) == ["Looks like a blue shirt, checked"]


def test_words_that_name_classes_agree_with_hits() -> None:
    page = open_page(q="red dress")
    assert re.search(r"Same kind, dress: \d+% likely<", html_of(page))
    assert re.search(r'vt-summary">[^<]*dress', html_of(page))
    assert 'class="vt-reads"' not in html_of(page)  # what is said in words need not be read


def test_a_picture_of_something_else_is_not_called_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchEngine, "shows_fashion", lambda *_: False)
    html = html_of(open_page(sample="shirt"))
    assert 'class="vt-hit"' in html
    assert 'class="vt-reads"' not in html
    assert set(re.findall(r'vt-summary">([^<]*)<', html)) == {""}  # only whose hits they are


def test_colours_and_patterns_are_filtered_and_in_the_link() -> None:
    page = open_page(sample="shirt", colours=["red", "navy"], patterns="checked")
    expected = Filters(colours=frozenset({"red", "navy"}), patterns=frozenset({"checked"}))
    photo = page.session_state["answer"][1].whole.embedding
    ids = [hit.id for hit in SearchEngine().search(Query(embedding=photo, filters=expected)).hits]
    assert [id for _, id, _ in assert_answer(page, 5)] == ids
    assert {SearchEngine().gallery("clothing").items.position(id) for id in ids} <= positions(
        colour=["red", "navy"], pattern=["checked"]
    )
    captions = [caption.value for caption in page.caption]
    assert WORDS.looks.left_out.format(names="Fashion-MNIST") in captions
    assert any("searched 5,398 pieces" in caption for caption in captions)
    page.multiselect(key="colours").unselect("navy").unselect("red").run()
    page.multiselect(key="patterns").unselect("checked").run()
    assert hits_of(page) == hits_of(open_page(sample="shirt"))
    assert not [caption for caption in page.caption if "Left out" in caption.value]


def test_a_colour_that_is_none_is_ignored_with_a_sentence() -> None:
    page = open_page(sample="shirt", colours=["reddish", ""], patterns="")
    assert [info.value for info in page.info] == [WORDS.looks.bad_colours.format(value="reddish")]
    assert hits_of(page) == hits_of(open_page(sample="shirt"))


def test_colours_are_offered_only_where_they_are_known() -> None:
    page = open_page(sample="shirt", catalogue=WORDS.common.catalogues["fashion-mnist"])
    assert [box.key for box in page.multiselect] == ["kinds"]
    page = browse(catalogue="fashion-mnist")
    assert [box.key for box in page.multiselect] == ["browse-kinds"]


def test_browse_shows_what_is_of_a_colour_and_a_pattern() -> None:
    page = browse(colours="navy,red", patterns="striped", size="96")
    assert (asked_of(page, "browse-colours"), asked_of(page, "browse-patterns")) == (["red", "navy"], ["striped"])
    expected = sorted(positions(colour=["navy", "red"], pattern=["striped"]))
    items = SearchEngine().gallery("clothing").items
    shown = re.findall(r'<article class="vt-tile" data-id="([^"]+)"', html_of(page))
    assert shown == items.frame["id"].iloc[expected[:96]].tolist()
    assert WORDS.looks.left_out.format(names="Fashion-MNIST") in [caption.value for caption in page.caption]
    page.multiselect(key="browse-colours").unselect("navy").run()
    assert dict(page.query_params) in (
        {"colours": "red", "patterns": "striped", "size": "96"},
        {"colours": ["red"], "patterns": ["striped"], "size": ["96"]},
    )
    page.segmented_control(key="browse-catalogue").set_value("fashion-mnist").run()
    assert {"colours", "patterns"}.isdisjoint(page.query_params)  # nobody knows them there


@pytest.mark.parametrize(
    ("query", "expected", "n"),
    [
        ({"colours": "red,red,navy"}, View(colours=("red", "navy")), 0),
        ({"colours": "reddish,red", "patterns": "x"}, View(colours=("red",)), 2),
        ({"catalogue": "fashion-mnist", "colours": "red"}, View("fashion-mnist"), 1),
        ({"colours": ""}, View(), 0),
    ],
)
def test_a_link_to_colours_is_read_and_written(query: dict[str, str], expected: View, n: int) -> None:
    view, notes = read(query)
    assert (view, len(notes)) == (expected, n)
    assert read(write(view)) == (view, [])


def test_neighbours_of_a_piece_say_what_agrees() -> None:
    html = html_of(browse(item="fashion-mnist/train/00000"))
    said = re.findall(r'vt-spoken">([^<]+)<', html)
    assert len(said) >= 12
    assert sum("kind, boot: " in one for one in said) >= 10


def test_the_table_has_kind_colour_and_pattern() -> None:
    first, second = list(csv.DictReader(io.StringIO(results.hits_csv([HIT, UNKNOWN_HIT]))))
    looks = ("kind", "same_kind", "colour", "same_colour", "pattern", "same_pattern")
    assert [first[name] for name in looks] == ["sneaker", "0.966000", "white", "0.500000", "striped", "0.120000"]
    assert [second[name] for name in looks] == ["sneaker", "", "white", "", "", ""]
    assert (first["closer_than"], second["closer_than"]) == ("0.970000", "")
