"""The page as a presentation: slides turn by themselves until somebody touches the screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browsing import CHROMIUM, FLAGS, pytestmark, until, visitors  # noqa: F401

from core.ui.search.presentation.slides import code_svg
from core.ui.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

SAID = WORDS.search.presentation
N_SLIDES = len(WORDS.common.samples) + len(WORDS.common.examples)
NOW = "[...document.querySelectorAll('.vt-slide')].findIndex((slide) => slide.classList.contains('vt-now'))"


def present(page: Page, server: str, seconds: float = 1) -> None:
    page.goto(f"{server}/?show=presentation&seconds={seconds}")
    until(page, f"document.querySelectorAll('.vt-slide').length === {N_SLIDES}")


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768), (390, 844)])
def test_every_slide_fits_the_screen_and_has_its_turn(page: Page, server: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    present(page, server)
    seen = set()
    for _ in range(2 * N_SLIDES):
        shown = page.evaluate(NOW)
        seen.add(shown)
        boxes = [part.bounding_box() for part in page.locator(".vt-now :is(h2, figure, .vt-slide-words)").all()]
        assert len(boxes) >= 4
        for box in boxes:
            assert box
            assert box["x"] >= 0
            assert box["y"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height
        until(page, f"shown => {NOW} !== shown", shown)
        if len(seen) == N_SLIDES:
            break
    assert seen == set(range(N_SLIDES))
    assert page.locator(".st-key-navigation, .st-key-ask, input").count() == 0
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_slides_turn_without_the_server(page: Page, server: str) -> None:
    present(page, server)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(3):
        until(page, f"shown => {NOW} !== shown", page.evaluate(NOW))
    # Photos that are not on this computer come from elsewhere, on a slow one when slides turn already.
    assert [url for url in asked if url.startswith(server)] == []


@pytest.mark.parametrize("act", ["click", "key", "touch"])
def test_whoever_touches_it_has_the_front_page(browser: Browser, server: str, act: str) -> None:
    with visitors(browser, server) as visit:
        page = visit(viewport={"width": 1280, "height": 800}, has_touch=True)
        present(page, server, seconds=30)
        page.keyboard.press("Shift")
        page.keyboard.press("F9")
        page.mouse.move(300, 300)
        page.wait_for_timeout(500)
        assert page.locator(".vt-slide").count() == N_SLIDES  # which is not meant to end it
        {
            "click": lambda: page.mouse.click(640, 300),
            "key": lambda: page.keyboard.press("Enter"),
            "touch": lambda: page.touchscreen.tap(640, 300),
        }[act]()
        page.locator(".vt-hero").wait_for()
        page.wait_for_url(server + "/")
        until(page, "document.querySelectorAll('.vt-slide, .vt-show-bar').length === 0")
        page.get_by_role("button", name=SAID["enter"]).click()
        page.locator(".vt-now").wait_for()
        assert page.url == f"{server}/?show=presentation"


def test_nothing_moves_for_whoever_wants_that(browser: Browser, server: str) -> None:
    with visitors(browser, server) as visit:
        page = visit(reduced_motion="reduce")
        present(page, server, seconds=30)
        assert page.locator(".vt-now").evaluate("slide => getComputedStyle(slide).transitionDuration") == "0s"


def test_a_phone_gets_the_address_that_the_browser_used(playwright: Playwright, server: str) -> None:
    resolved = "--host-resolver-rules=MAP vitrine.test 127.0.0.1"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, resolved])
    address = server.replace("127.0.0.1", "vitrine.test").replace("localhost", "vitrine.test")
    page = browser.new_page()
    present(page, address, seconds=30)
    code = page.get_by_role("img", name=SAID["code_alt"].format(address=address))
    code.locator("path").first.wait_for(state="attached")
    drawn = re.findall(r' d="([^"]+)"', code_svg(address))
    assert [path.get_attribute("d") for path in code.locator("path").all()] == drawn
    page.get_by_text(address.partition("://")[2]).wait_for()
    page.goto(f"{server}/?show=presentation")
    page.get_by_text(SAID["no_phone"]).wait_for()
    assert page.locator(".vt-show-code").count() == 0
    browser.close()
