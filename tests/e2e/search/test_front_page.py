"""The front page in a real browser: a visitor drops a photo and reads five hits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import choose, pytestmark, until  # noqa: F401

from core.config import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page


def read_hits(page: Page) -> list[tuple[int, str, float]]:
    """The hits of the first strip."""
    cards = page.locator('[class*="st-key-strip-"]').first.locator(".vt-hit")
    return [
        (
            int(card.get_attribute("data-rank") or 0),
            card.get_attribute("data-id") or "",
            float(card.locator(".vt-similarity").inner_text()),
        )
        for card in cards.all()
    ]


def test_a_visitor_drops_a_photo_and_reads_five_hits(page: Page, server: str) -> None:
    page.goto(server)
    page.get_by_role("heading", level=1).wait_for()
    choose(page, ROOT / "samples" / "shirt.jpg")
    page.locator(".vt-hit").nth(4).wait_for()
    hits = read_hits(page)
    assert [rank for rank, _, _ in hits] == [1, 2, 3, 4, 5]
    similarities = [similarity for _, _, similarity in hits]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] > 0
    assert page.locator(".vt-query .vt-title").inner_text() == "shirt.jpg"
    for card in page.locator(".vt-hit .vt-picture").all():
        assert card.get_attribute("aria-label")
        assert re.match(r'url\("(data:image|https://)', card.evaluate("e => getComputedStyle(e).backgroundImage"))

    page.get_by_role("button", name="More like this").first.click()
    page.wait_for_url(re.compile(r"\?item="))
    page.get_by_role("button", name="Back to shirt.jpg").click()
    page.wait_for_url(re.compile(r"\?photo="))
    for rank, id, _ in hits:  # the cards are replaced one after the other
        page.locator(f'.vt-hit[data-rank="{rank}"][data-id="{id}"]').first.wait_for()
    until(page, "document.querySelectorAll('.vt-hit').length === 10")  # and no longer those before
    assert read_hits(page) == hits


def test_a_bad_file_gets_a_sentence_and_the_page_goes_on(page: Page, server: str, tmp_path: Path) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_text("this is only text")
    page.goto(server)
    choose(page, bad)
    alert = page.get_by_role("alert").first
    alert.wait_for()
    assert "notes.jpg: it is not a picture of an accepted type" in alert.inner_text()
    assert page.locator(".vt-hit").count() == 0
    page.get_by_role("button", name="Sneaker", exact=True).click()
    page.locator(".vt-hit").nth(4).wait_for()
    until(page, "document.querySelectorAll('[role=alert]').length === 0")


def test_the_samples_are_reached_and_pressed_by_keyboard(page: Page, server: str) -> None:
    page.goto(server)
    page.get_by_role("button", name="Dress", exact=True).wait_for()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Dress":
            break
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?sample=dress"))
    page.locator(".vt-hit").nth(4).wait_for()


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_is_wider_than_the_screen(page: Page, server: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server}/?sample=bag")
    page.locator(".vt-hit").nth(4).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = [card.bounding_box() for card in page.locator(".vt-hit").all()]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)


def test_browsing_opens_a_piece_by_link_and_by_click(page: Page, server: str) -> None:
    page.goto(f"{server}/Browse?item=fashion-mnist/test/00007")
    neighbours = page.locator('[data-testid="stMain"] .vt-picture')
    neighbours.nth(12).wait_for()  # the piece and its twelve neighbours
    assert neighbours.count() == 13
    before = page.url
    page.get_by_role("button", name="Shirt").first.click()
    page.wait_for_url(lambda url: url != before and "item=" in url)
    after = page.url
    page.reload()
    neighbours.nth(12).wait_for()
    assert page.url == after
    page.get_by_role("link", name="Search").click()
    page.get_by_text("Show it a photo.").wait_for()


def test_words_are_typed_and_the_link_is_shared(page: Page, server: str) -> None:
    page.goto(server)
    field = page.get_by_label("Or say it in words")
    field.fill("red dress")
    field.press("Enter")
    page.wait_for_url(re.compile(r"\?q=red(\+|%20)dress"))
    page.locator(".vt-hit").nth(4).wait_for()
    hits, link = read_hits(page), page.url
    page.goto(server)
    page.get_by_role("heading", level=1).wait_for()
    page.goto(link)
    page.locator(f'.vt-hit[data-rank="5"][data-id="{hits[4][1]}"]').wait_for()
    assert read_hits(page) == hits
