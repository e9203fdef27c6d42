"""What a visitor has begun to look at stays where it is while the rest of a page comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browsing import pytestmark, until, visitors  # noqa: F401

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Adds up what jumps without a visitor's doing, and keeps what it was.
OBSERVE = """
window.jumped = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const what = entry.sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 200));
    if (!entry.hadRecentInput) jumped.push([entry.value, ...what]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
SHOWN = """!document.documentElement.classList.contains("vt-arriving")
    && document.querySelector("[data-test-script-state=notRunning]") !== null"""
PATHS = ("/", "/?sample=dress", "/?q=red+dress", "/Browse", "/Browse?item=fashion-mnist/test/00007")
SIZES = {"desktop": (1366, 768), "phone": (390, 844)}
#: What browsers' makers call good.
LIMIT = 0.1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_does_not_jump_while_it_comes(browser: Browser, server: str, path: str, size: str) -> None:
    width, height = SIZES[size]
    with visitors(browser, server) as visit:
        page = visit(viewport={"width": width, "height": height}, is_mobile=size == "phone", has_touch=size == "phone")
        page.add_init_script(OBSERVE)
        page.goto(server + path)
        until(page, SHOWN)
        page.wait_for_timeout(1500)
        jumped = page.evaluate("jumped")
        assert sum(value for value, *_ in jumped) < LIMIT, jumped


def test_a_page_is_shown_however_long_a_part_of_it_takes(browser: Browser, server: str) -> None:
    with visitors(browser, server) as visit:
        page = visit(viewport={"width": 1280, "height": 800})
        page.route("**/static/js/FileUploader.*", lambda route: None)  # which never comes
        page.goto(server, wait_until="commit")
        headline = page.locator(".vt-hero h1")
        headline.wait_for(state="attached")
        assert not headline.is_visible()
        headline.wait_for(timeout=10_000)
        page.unroute_all(behavior="ignoreErrors")
