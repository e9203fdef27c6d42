"""A catalogue of one's own in a real browser: two visitors, a cancelled upload, a hostile archive."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import choose, pytestmark, settle, until, visitors  # noqa: F401
from PIL import Image, ImageDraw

from core.errors import sentence
from core.ui.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    Open = Callable[[], Page]


def archive(path: Path, name: str, n: int, hue: int) -> Path:
    """An archive of n small pictures of one hue, in two folders."""
    with zipfile.ZipFile(path, "w") as out:
        for number in range(n):
            image = Image.new("RGB", (96, 96), f"hsl({hue}, 70%, {30 + 50 * number // n}%)")
            ImageDraw.Draw(image).ellipse((10, 10, 20 + 70 * number // n, 80), fill="white")
            content = io.BytesIO()
            image.save(content, "JPEG")
            out.writestr(f"{name}-{number % 2}/{name}-{number:04}.jpg", content.getvalue())
    return path


@pytest.fixture
def visitor(browser: Browser, server: str) -> Iterator[Open]:
    """Opens the page for one more visitor; none may see an error of the page's own."""
    with visitors(browser, server, 60_000) as visit:

        def open_page() -> Page:
            page: Page = visit(viewport={"width": 1280, "height": 900})
            page.goto(f"{server}/Your_catalogue")
            page.get_by_role("button", name=WORDS.own.example, exact=True).wait_for()
            return page

        yield open_page


def count(page: Page) -> int:
    found = re.search(r"([\d,]+) pictures · ", page.locator(".st-key-own-summary").inner_text())
    assert found
    return int(found[1].replace(",", ""))


def test_two_visitors_never_see_each_others_pictures(visitor: Open, server: str, tmp_path: Path) -> None:
    red, blue = visitor(), visitor()
    choose(red, archive(tmp_path / "red.zip", "red", 12, 0))
    choose(blue, archive(tmp_path / "blue.zip", "blue", 9, 240))
    for page, n in ((red, 12), (blue, 9)):
        page.locator('.vt-tile[data-id="own/1"]').wait_for()
        assert count(page) == n
    for page, n, mine, other in ((red, 12, "red", "blue"), (blue, 9, "blue", "red")):
        page.get_by_role("link", name=WORDS.own.browse).click()
        page.wait_for_url("**/Browse?catalogue=own")
        page.get_by_role("button", name=f"{mine}-0").first.wait_for()
        page.locator(f'.vt-tile[data-id="own/{n}"]').wait_for()
        assert page.locator(".vt-tile").count() == n
        assert f"{other}-" not in page.content()
        page.get_by_role("button", name=f"{mine}-0").first.click()  # "more like this", of an own item
        page.get_by_role("heading", name=re.compile(r"look most like it")).wait_for()
        page.get_by_role("link", name=WORDS.common.navigation["search"]).click()
        page.get_by_role("button", name="Bag", exact=True).click()
        page.locator(".vt-hit").nth(4).wait_for()
        page.get_by_text(WORDS.common.catalogues["own"], exact=True).last.click()
        page.locator('.vt-hit[data-id^="own/"]').nth(4).wait_for()
        assert f"{other}-" not in page.content()
    # A link of one visitor is nothing to the other: here with more items, there without any.
    third = visitor()
    for path in ("/?item=own/2", "/Browse?item=own/2"):
        third.goto(server + path)
        third.get_by_text(str(sentence("ui.elsewhere"))).wait_for()
        assert third.locator('[data-id^="own/"]').count() == 0


def test_the_bar_moves_and_cancel_keeps_what_is_in(visitor: Open, tmp_path: Path) -> None:
    page = visitor()
    choose(page, archive(tmp_path / "many.zip", "many", 1500, 120))
    page.get_by_text(re.compile(r"^[1-9]\d* of 1,500 · \d+ pictures a second · \d+ s left")).wait_for()
    bar = page.locator('[data-testid="stProgress"]')
    first = bar.inner_text()
    page.get_by_role("button", name=WORDS.own.cancel).wait_for()
    moved = "before => document.querySelector('[data-testid=stProgress]').innerText !== before"
    until(page, moved, first)
    page.get_by_role("button", name=WORDS.own.cancel).click()
    page.get_by_text(re.compile(r"^Stopped\. ")).wait_for()
    n = count(page)
    assert 0 < n < 1500
    page.get_by_role("link", name=WORDS.own.browse).click()
    page.get_by_text(re.compile(rf"^{n:,} pieces · page 1 of")).wait_for()


def test_a_hostile_archive_gets_a_sentence_and_the_page_goes_on(visitor: Open, tmp_path: Path) -> None:
    page = visitor()
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("bomb.jpg", bytes(5_000_000))
    choose(page, tmp_path / "bomb.zip")
    page.get_by_text("The archive unpacks to more than 100 times its size").wait_for()
    page.get_by_role("button", name=WORDS.own.example, exact=True).click()
    page.locator('.vt-tile[data-id="own/16"]').wait_for()
    assert page.get_by_text("The archive unpacks").count() == 0


def assert_apart(page: Page) -> None:
    """Pictures with their captions stand beside each other, as wide as one can see, and none over another."""
    found = "[...document.querySelectorAll('.vt-answer .vt-tile')].map((one) => one.getBoundingClientRect().toJSON())"
    boxes = page.evaluate(found)
    assert len(boxes) > 16
    assert all(60 < box["width"] < 250 for box in boxes)
    assert not [(a, b) for n, a in enumerate(boxes) for b in boxes[:n] if _overlap(a, b)]


def _overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    return all(a[low] < b[high] - 1 and b[low] < a[high] - 1 for low, high in (("left", "right"), ("top", "bottom")))


def test_queries_are_answered_and_downloaded(visitor: Open) -> None:
    page = visitor()
    page.get_by_role("button", name=WORDS.own.example, exact=True).click()
    page.locator('.vt-tile[data-id="own/16"]').wait_for()
    page.get_by_text("Run queries", exact=True).click()
    page.get_by_role("button", name=WORDS.own.queries_example).click()
    page.locator(".vt-answer").nth(7).wait_for()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert_apart(page)
    settle(page)
    with page.expect_download() as caught:
        page.get_by_role("button", name=WORDS.own.results_html).click()
    report = Path(caught.value.path()).read_text()
    assert report.startswith("<!doctype html>") and "sneaker/detail.jpg" in report
    page.get_by_text("Downloads", exact=True).click()
    settle(page)
    with page.expect_download() as caught:
        page.get_by_role("button", name=WORDS.own.table, exact=True).click()
    rows = Path(caught.value.path()).read_text().splitlines()
    assert rows[0] == "id,name,label,title,width,height,sha256,source" and len(rows) == 17


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_is_wider_than_the_screen(visitor: Open, width: int) -> None:
    page = visitor()
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=WORDS.own.example, exact=True).click()
    page.locator('.vt-tile[data-id="own/16"]').wait_for()
    boxes = [tile.bounding_box() for tile in page.locator(".vt-tile").all()]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
