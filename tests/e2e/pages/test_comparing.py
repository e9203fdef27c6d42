"""The Compare page in a real browser: columns fill in, a disagreement opens, the link keeps it all."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import pytestmark, settle, until, visitors  # noqa: F401

from core.compare.gallery import has_gallery, items_path
from core.engine.backbones import BACKBONES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

needs_galleries = pytest.mark.skipif(not items_path().is_file(), reason="the compare galleries have not been built")


@needs_galleries
def test_a_sample_goes_through_the_backbones_and_a_disagreement_opens(browser: Browser, server: str) -> None:
    chosen = [id for id in BACKBONES if BACKBONES[id].packages == () and has_gallery(id)][2::-1]
    with visitors(browser, server, 90_000) as visit:
        page = visit(viewport={"width": 390, "height": 900})
        link = "&".join(f"with={id}" for id in chosen)
        page.goto(f"{server}/Compare?{link}")
        page.get_by_role("button", name="Dress", exact=True).click()
        page.wait_for_url(re.compile(r"sample=dress"))
        page.locator(".vt-row").nth(5 * len(chosen) - 1).wait_for()
        page.locator(".vt-waiting").first.wait_for(state="detached")
        assert page.locator(".vt-row").count() == 5 * len(chosen)
        assert all(f"with={id}" in page.url for id in chosen)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if len(chosen) > 1:
            page.get_by_text("Disagreements").click()
            page.wait_for_url(re.compile(r"view=disputes"))
            tile = page.locator(".vt-tile").first
            tile.wait_for()
            item = tile.get_attribute("data-id")
            page.get_by_role("button", name="Compare", exact=True).first.click()
            page.wait_for_url(lambda url: "item=" in url and "view=" not in url)
            page.locator(".vt-row").nth(5 * len(chosen) - 1).wait_for()
            found = [row.get_attribute("data-id") for row in page.locator(".vt-row").all()]
            assert item not in found
            assert f"item={item}" in page.url.replace("%2F", "/")


@needs_galleries
def test_the_link_shows_another_visitor_the_same(browser: Browser, server: str) -> None:
    """One backbone is typed in, by a name that nobody lists; the link alone tells the next visitor."""
    known = next(id for id in BACKBONES if BACKBONES[id].packages == () and has_gallery(id))
    asked, unlisted = f"{server}/Compare?with={known}&sample=bag", "no-such-backbone"
    first, second = (browser.new_context(viewport={"width": 1280, "height": 900}).new_page() for _ in range(2))
    seen = []
    for page in (first, second):
        page.set_default_timeout(90_000)
        page.goto(asked)
        page.locator(".vt-row").nth(4).wait_for()
        if page is first:
            box = page.get_by_role("combobox").first
            box.fill(unlisted)
            box.press("Enter")
            page.wait_for_url(lambda url: "no-such-backbone" in url)
            asked = page.url
        page.get_by_text("There is no backbone named 'no-such-backbone'").first.wait_for()
        seen.append([row.get_attribute("data-id") for row in page.locator(".vt-row").all()])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 5
    for page in (first, second):
        page.context.close()


@needs_galleries
def test_a_class_and_its_misses_can_be_looked_at_and_taken_along(browser: Browser, server: str, tmp_path: Path) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 900}, accept_downloads=True).new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{server}/Compare?view=classes&with=vitrine-clip")
    miss = page.locator(".vt-answer").first
    miss.wait_for()
    assert miss.locator(".vt-found .vt-small").count() == 5
    box = page.get_by_role("combobox", name=re.compile("Class of the query"))
    box.scroll_into_view_if_needed()
    box.click()
    page.get_by_role("option", name=re.compile("Blazer")).click()
    page.locator(".vt-kicker", has_text="Blazer, taken for").first.wait_for()
    said = (
        "[...document.querySelectorAll('.vt-kicker')].map((e) => e.textContent).filter((t) => t.includes('taken for'))"
    )
    until(page, f"{said}.every((text) => text.includes('Blazer'))")  # misses are replaced one after the other
    settle(page)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download plot").click()
    assert taken.value.suggested_filename == "vitrine-vitrine-clip-clothing-confusion-first.svg"
    taken.value.save_as(tmp_path / "matrix.svg")
    drawn = (tmp_path / "matrix.svg").read_text("utf-8")
    assert drawn.startswith("<svg") and "Blazer" in drawn
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_text("Benchmark").click()
    settle(page)
    with page.expect_download() as taken:
        page.get_by_role("button", name="The chosen ones as one ZIP").click()
    taken.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert {"README.md", "outcomes.csv", "differences.csv"} <= set(archive.namelist())
    page.context.close()
