"""Pushing a query away from hits on the front page: chips, links, and items that are not here."""

import io

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from visits import assert_answer, hits_of, open_page

from core.config import MAX_LESS_ITEMS, artifacts_dir
from core.engine.search.process import engine
from core.errors import sentence
from core.own.catalogue import OwnCatalogue
from core.own.ingest.incoming import Incoming
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)


def ids_of(page: AppTest) -> list[str]:
    return [id for _, id, _ in hits_of(page)]


def chips_of(page: AppTest) -> list[str]:
    return [button.label for button in page.button if str(button.key).startswith("unless-")]


def test_a_hit_is_pushed_away_and_taken_back() -> None:
    page = open_page(sample="dress")
    plain = ids_of(page)
    page.button(key=f"less-{plain[1]}").click().run()
    pushed = assert_answer(page, 5)
    assert plain[1] not in ids_of(page)
    assert page.query_params["less_items"] == plain[1]
    assert len(chips_of(page)) == 1
    assert WORDS.search.no_figures not in [caption.value for caption in page.caption]
    page.button(key=f"less-{pushed[0][1]}").click().run()
    assert page.query_params["less_items"] == f"{plain[1]},{pushed[0][1]}"
    twice = assert_answer(page, 5)
    assert hits_of(open_page(sample="dress", less_items=f"{plain[1]},{pushed[0][1]}")) == twice
    page.button(key="back").click().run()
    assert hits_of(page) == pushed
    page.button(key=f"unless-{plain[1]}").click().run()
    assert ids_of(page) == plain
    assert "less_items" not in page.query_params
    assert not chips_of(page)


def test_a_chip_names_its_piece_and_words_beside_it_stay() -> None:
    item = "fashion-mnist/train/00042"
    page = open_page(sample="shirt", but="striped", less_items=item)
    title = engine().gallery("fashion-mnist").items.row(42).title
    assert chips_of(page) == [rf"Less like: {title} \#00042"]  # as Markdown reads it
    page.button(key="beside-clear").click().run()
    assert ("but" in page.query_params, page.query_params["less_items"]) == (False, item)
    next(field for field in page.text_input if field.label == WORDS.common.but).set_value("striped")
    next(one for one in page.button if one.label == WORDS.common.beside_go).click().run()
    assert (page.query_params["but"], page.query_params["less_items"]) == ("striped", item)


def test_there_is_a_limit_and_the_page_says_so() -> None:
    items = [f"fashion-mnist/train/{n:05d}" for n in range(MAX_LESS_ITEMS + 2)]
    page = open_page(q="dress", less_items=",".join([*items[:2], *items]))
    assert [button.key for button in page.button if str(button.key).startswith("unless-")] == [
        f"unless-{id}" for id in items[:MAX_LESS_ITEMS]
    ]
    assert all(page.button(key=f"less-{id}").disabled for id in ids_of(page))


@pytest.mark.parametrize(
    ("id", "sentence"),
    [
        ("clothing/none", str(sentence("ui.unknown-item", id="clothing/none"))),
        ("nowhere/1", str(sentence("ui.unknown-item", id="nowhere/1"))),
        ("own/1", str(sentence("ui.elsewhere"))),
        ("x" * 500, str(sentence("ui.unknown-item", id="x" * 60))),
    ],
)
def test_an_unknown_piece_is_one_sentence_beside_the_answer(id: str, sentence: str) -> None:
    page = open_page(sample="dress", less_items=id)
    assert [warning.value for warning in page.warning] == [sentence]
    assert hits_of(page) == hits_of(open_page(sample="dress"))
    page.button(key=f"unless-{id}").click().run()
    assert not page.warning
    assert "less_items" not in page.query_params


def test_a_piece_of_ones_own_can_be_pushed_away_in_its_visit() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 60), (20, 60, 160)).save(buffer, "PNG")
    own = OwnCatalogue(engine().embedder)
    list(own.add([Incoming("blue [x].png", "", buffer.getvalue())]))
    page = open_page(q="dress")
    page.session_state["own"] = own
    page.query_params["less_items"] = "own/1"
    page.run()
    assert not page.exception
    assert not page.warning
    assert "own/1" not in ids_of(page)
    assert chips_of(page) == [r"Less like: blue \[x\].png \#1"]
