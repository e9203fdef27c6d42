"""A part of a photo on the pages, driven without a browser."""

from __future__ import annotations

import re

import pytest
from visits import assert_answer, hits_of, html_of, open_page, upload

from core.config import ROOT, artifacts_dir
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)

PART = "0.25,0.1,0.75,0.6"


def test_a_link_shows_the_part_and_the_chip_takes_it_back() -> None:
    whole, page = open_page(sample="dress"), open_page(sample="dress", region=PART)
    hits = assert_answer(page, 5)
    assert hits != hits_of(whole)
    assert 'class="vt-part" style="left:25.0%;top:10.0%;width:50.0%;height:50.0%;"' in html_of(page)
    assert "The part from 25 to 75 % across and 10 to 60 % down." in html_of(page)
    page.button(key="no-region").click().run()
    assert hits_of(page) == hits_of(whole)
    assert "region" not in page.query_params
    page.button(key="back").click().run()
    assert hits_of(page) == hits
    assert page.query_params["region"] == PART


def test_a_part_goes_with_start_over_and_with_another_query() -> None:
    page = open_page(sample="dress", region=PART)
    page.button(key="sample-shirt").click().run()
    assert "region" not in page.query_params
    page.button(key="back").click().run()
    page.button(key="start-over").click().run()
    assert not page.query_params


def test_words_beside_a_part_leave_it_as_it_is() -> None:
    page = open_page(sample="dress", region=PART, but="blue")
    page.button(key="beside-clear").click().run()
    assert page.query_params["region"] == PART


@pytest.mark.parametrize(
    ("region", "sentence"), [("0.5,0.5,0.52,0.9", "too small"), ("everything", "four numbers"), ("0,0,7,1", "four")]
)
def test_what_is_no_part_is_refused_in_a_sentence_and_can_be_taken_away(region: str, sentence: str) -> None:
    page = open_page(sample="dress", region=region)
    assert sentence in page.error[0].value
    page.button(key="no-region").click().run()
    assert_answer(page, 5)


def test_an_item_or_words_have_no_part() -> None:
    assert "region" not in open_page(q="red dress", region="x").error
    assert_answer(open_page(q="red dress", region="x"), 5)


def test_a_photo_that_came_before_the_last_one_still_has_its_parts() -> None:
    page = upload(open_page(), "shirt.jpg", (ROOT / "samples" / "shirt.jpg").read_bytes())
    link = str(page.query_params["photo"])
    page.button(key="sample-dress").click().run()
    page.query_params.clear()
    page.query_params["photo"], page.query_params["region"] = link, PART
    page.run()
    assert_answer(page, 5)


def test_compare_asks_with_the_part_and_says_how_the_command_line_does() -> None:
    page = open_page("pages/3_Compare.py", sample="dress", region=PART, **{"with": ["vitrine-clip", "raw-pixels"]})
    for _ in range(40):
        if page.code:
            break
        page.run()
    assert re.search(rf"samples/dress.jpg --region {PART} --backbones", page.code[0].value)
    assert WORDS.common.part_where.split()[0] in html_of(page)
