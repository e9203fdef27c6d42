"""Words on the front page: typed, in the link, and beside a picture."""

import io
import re

import pytest
from streamlit.testing.v1 import AppTest
from visits import assert_answer, hits_of, html_of, open_page, upload

from core.config import MAX_WORDS, artifacts_dir
from core.training.garment.negatives import draw
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)


def typed(page: AppTest, words: str, button: str = WORDS.common.ask_words_go) -> AppTest:
    field = next(field for field in page.text_input if field.label == WORDS.common.ask_words)
    field.set_value(words)
    next(one for one in page.button if one.label == button).click().run()
    assert not page.exception
    return page


def test_words_are_searched_and_named_in_the_link() -> None:
    page = typed(open_page(), "  red dress ")
    hits = assert_answer(page, 5)
    assert page.query_params["q"] == "red dress"
    assert hits_of(open_page(q="red dress")) == hits
    typed(page, "white sneakers")
    page.button(key="back").click().run()
    assert hits_of(page) == hits


def test_an_example_is_one_click() -> None:
    page = open_page()
    page.button(key="example-1").click().run()
    assert_answer(page, 5)
    assert page.query_params["q"] == WORDS.common.examples[1]


@pytest.mark.parametrize("words", ["qqxz zzzk", "😀", "裙子", "%$ 123"])
def test_words_that_nobody_learned_get_a_kind_sentence(words: str) -> None:
    page = open_page(q=words)
    assert [info.value for info in page.info] == [WORDS.search.no_known_words]
    assert not hits_of(page)
    assert not page.error


def test_misspelt_words_are_corrected_unless_they_are_meant() -> None:
    page = typed(open_page(), "Red dres")
    assert hits_of(page) == hits_of(open_page(q="red dress"))
    said = WORDS.search.corrected.format(meant="red dress", typed="Red dres")
    assert said in [caption.value for caption in page.caption]
    page.button(key="as-typed-Red dres").click().run()
    assert page.query_params["q"] == '"Red dres"'
    captions = [caption.value for caption in page.caption]
    assert said not in captions
    assert WORDS.search.unknown_words.format(words="“dres”") in captions


def test_markup_is_words_and_length_has_a_limit() -> None:
    page = open_page(q="<b>red</b> dress")
    assert "&lt;b&gt;red&lt;/b&gt; dress" in html_of(page)
    assert "<b>red" not in html_of(page)
    page = open_page(q="dress " * 200)
    assert_answer(page, 5)
    assert len(next(field for field in page.text_input if field.label == WORDS.common.ask_words).value) <= MAX_WORDS
    assert not hits_of(typed(open_page(), "   "))


def test_words_beside_a_picture_are_in_the_link_and_change_the_answer() -> None:
    page = open_page(sample="shirt")
    plain = assert_answer(page, 5)
    next(field for field in page.text_input if field.label == WORDS.common.but).set_value("blue")
    next(one for one in page.button if one.label == WORDS.common.beside_go).click().run()
    changed = assert_answer(page, 5)
    assert changed != plain
    assert (page.query_params["sample"], page.query_params["but"]) == ("shirt", "blue")
    assert hits_of(open_page(sample="shirt", but="blue")) == changed
    assert re.search(r"Same colour, \w+: \d+% likely<", html_of(page))
    captions = [caption.value for caption in page.caption]
    assert WORDS.search.no_figures not in captions
    assert WORDS.common.but_said.format(words="blue") in captions
    page.button(key="beside-clear").click().run()
    assert hits_of(page) == plain
    assert "but" not in page.query_params


@pytest.mark.parametrize("asked", [{"sample": "dress", "but": "but blue"}, {"q": "red dress"}])
def test_a_colour_is_not_looked_for_among_grey_pictures(asked: dict[str, str]) -> None:
    page = open_page(**asked)
    assert all(id.startswith("clothing/") for _, id, _ in assert_answer(page, 5))
    captions = [caption.value for caption in page.caption]
    assert WORDS.search.no_colours.format(names="Fashion-MNIST") in captions
    assert any("searched 5,398 pieces" in caption for caption in captions)
    page.segmented_control(key="catalogue").set_value("fashion-mnist").run()
    assert all(id.startswith("fashion-mnist/") for _, id, _ in assert_answer(page, 5))
    assert not [caption.value for caption in page.caption if "left out" in caption.value]


@pytest.mark.parametrize("weight", ["-1", "2", "nan", "x", ""])
def test_a_weight_that_is_none_counts_as_not_given(weight: str) -> None:
    expected = hits_of(open_page(sample="shirt", less="striped"))
    assert hits_of(open_page(sample="shirt", less="striped", weight=weight)) == expected


def test_a_page_of_text_gets_a_hint_above_its_hits_and_a_sample_gets_none() -> None:
    buffer = io.BytesIO()
    list(draw(3, 7))[2].save(buffer, "PNG")
    page = upload(open_page(), "page.png", buffer.getvalue())
    assert [info.value for info in page.info] == [WORDS.search.not_fashion]
    assert_answer(page, 5)
    for name in WORDS.common.samples:
        assert not open_page(sample=name).info
