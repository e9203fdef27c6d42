"""A stranger's first minute: a slow line, the way back, a phone, a projector, a keyboard, no network for the photos."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browsing import choose, pytestmark, until, visitors  # noqa: F401
from PIL import Image

from core.config import MAX_IMAGE_BYTES, ROOT
from core.jobs.benchmark.serving import serving
from core.ui.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SHIRT = ROOT / "samples" / "shirt.jpg"
#: How far the page is scrolled, and whether an element is on the screen as a whole.
SCROLLED = "() => document.querySelector('[data-testid=stMain]').scrollTop"
ON_SCREEN = """(selector) => [...document.querySelectorAll(selector)].map((one) => {
  const box = one.getBoundingClientRect();
  return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
})"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app without the photos of clothes, as whoever has just installed it."""
    folder = tmp_path_factory.mktemp("bare")
    with serving(folder / "log.txt", VITRINE_API_PER_MINUTE="0", VITRINE_DATA_DIR=str(folder)) as (_, address):
        yield address
    assert "Traceback" not in (folder / "log.txt").read_text()


@pytest.fixture
def visitor(browser: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Opens a page that reaches nothing but the server, and must log no error of its own."""
    with visitors(browser, server) as visit:

        def open_page(path: str = "/", width: int = 1366, height: int = 768, **options: Any) -> Page:
            page: Page = visit(viewport={"width": width, "height": height}, **options)
            page.goto(server + path)
            page.locator(".vt-hit" if "?" in path else ".vt-hero").nth(4 if "?" in path else 0).wait_for()
            return page

        yield open_page


def noise(path: Path, side: int, **options: Any) -> Path:
    """A picture whose file is large."""
    pixels = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def test_a_photo_after_a_refused_file_arrives_on_a_slow_line(visitor: Callable[..., Page], tmp_path: Path) -> None:
    page = visitor()
    bad = tmp_path / "notes.jpg"
    bad.write_text("this is only text")
    choose(page, bad)
    page.get_by_role("alert").first.wait_for()  # while the page is drawn again, there may be the one before, too
    line = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 1_000_000}  # 8 Mbit/s
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
    choose(page, noise(tmp_path / "good.jpg", 1000, quality=90))
    page.locator(".vt-query .vt-title", has_text="good.jpg").wait_for()
    page.locator(".vt-hit").nth(4).wait_for()
    until(page, "document.querySelectorAll('[role=alert]').length === 0")


def test_each_step_is_one_of_the_browsers_and_a_photo_is_on_the_way_back(visitor: Callable[..., Page]) -> None:
    page = visitor()
    start = page.evaluate("history.length")
    page.get_by_role("button", name="Dress", exact=True).click()
    page.wait_for_url(re.compile(r"\?sample=dress"))
    page.locator(".vt-hit").nth(4).wait_for()
    page.get_by_role("button", name=WORDS.common.more).nth(2).click()
    page.wait_for_url(re.compile(r"\?item="))
    assert page.evaluate("history.length") == start + 2
    choose(page, SHIRT)
    page.wait_for_url(re.compile(r"\?photo="))
    page.locator(".vt-query .vt-title", has_text="shirt.jpg").wait_for()
    assert page.evaluate("history.length") == start + 3
    page.go_back()
    page.wait_for_url(re.compile(r"\?item="))
    page.locator(".vt-query .vt-kicker", has_text=WORDS.common.query_kinds["item"]).wait_for()
    page.go_back()
    page.locator(".vt-query .vt-title", has_text="Dress").wait_for()
    page.go_back()
    page.locator(".vt-hero").wait_for()
    page.go_forward()
    page.go_forward()
    page.go_forward()
    page.locator(".vt-query .vt-title", has_text="shirt.jpg").wait_for()
    page.reload()
    page.get_by_role("alert").filter(has_text=WORDS.common.photo_gone).wait_for()
    assert page.evaluate(ON_SCREEN, "[data-testid=stAlert]") == [True]


def test_an_answer_fits_a_projector(visitor: Callable[..., Page]) -> None:
    page = visitor("/?sample=dress")
    page.locator(".vt-no-photos").wait_for(state="attached")
    strip = ".st-key-strip-fashion-mnist"  # the photos cannot be had, so it comes first
    for part in (".vt-query .vt-frame", f"{strip} .vt-summary", f"{strip} .vt-hit"):
        shown = page.evaluate(ON_SCREEN, part)
        assert shown and all(shown), part


def test_on_a_phone_the_first_hit_is_on_the_first_screen(visitor: Callable[..., Page]) -> None:
    page = visitor("/?sample=dress", 390, 844, has_touch=True, is_mobile=True)
    first = '.st-key-strip-fashion-mnist [data-rank="1"] .vt-frame'
    page.locator(".vt-no-photos").wait_for(state="attached")
    assert page.evaluate(ON_SCREEN, first) == [True]
    assert page.locator(".vt-without").is_visible()
    tops = [page.locator(f".st-key-strip-{id}").bounding_box()["y"] for id in ("fashion-mnist", "clothing")]
    assert tops == sorted(tops)
    lower = page.locator("article[data-rank='5']").last
    lower.scroll_into_view_if_needed()
    assert page.evaluate(SCROLLED) > 300
    page.get_by_role("button", name=WORDS.common.more).last.click()
    page.wait_for_url(re.compile(r"\?item="))
    until(page, f"({SCROLLED})() === 0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_hit_opens_large_beside_the_query_by_keyboard(visitor: Callable[..., Page]) -> None:
    page = visitor("/?sample=shirt")
    page.locator('[class*="st-key-look-"] button[aria-label]').nth(4).wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel").startswith(f"{WORDS.search.look}: ")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.locator(".vt-large").nth(1).wait_for()
    assert dialog.locator(".vt-agrees li").count() >= 1
    dialog.get_by_text(WORDS.search.why).click()
    dialog.locator(".vt-veil").first.wait_for()
    dialog.get_by_role("button", name=WORDS.search.search_with).click()
    page.wait_for_url(re.compile(r"\?item="))
    until(page, "document.querySelector('[role=status].vt-spoken').textContent.length > 10")
    until(
        page,
        """() => {
      const cells = [...document.querySelectorAll(".vt-hit")].map((one) => one.closest("[data-testid=stGridCell]"));
      const names = cells.flatMap((cell) => [...cell.querySelectorAll("button")]).map((button) => button.ariaLabel);
      return names.length === 30 && new Set(names).size === 30;
    }""",
    )


def test_a_piece_of_a_catalogue_opens_by_its_picture(visitor: Callable[..., Page]) -> None:
    page = visitor("/?sample=bag")
    page.get_by_role("link", name=WORDS.common.navigation["browse"]).click()
    tile = page.locator(".st-key-browse-grid .vt-picture").first
    tile.wait_for()
    box = tile.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(re.compile(r"item="))


def test_a_picture_is_pasted_and_dropped_anywhere(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.locator("input[type=file]").wait_for(state="attached")
    script = """([kind, name, data]) => {
      const list = new DataTransfer(), bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
      list.items.add(new File([bytes], name, { type: "image/jpeg" }));
      const about = kind === "paste" ? { clipboardData: list } : { dataTransfer: list };
      const event = kind === "paste" ? new ClipboardEvent("paste", { ...about, bubbles: true, cancelable: true })
        : new DragEvent("drop", { ...about, bubbles: true, cancelable: true });
      document.querySelector(kind === "paste" ? "body" : "h1").dispatchEvent(event);
    }"""
    data = base64.b64encode(SHIRT.read_bytes()).decode()
    for kind, name in (("paste", "pasted.jpg"), ("drop", "dropped.jpg")):
        page.evaluate(script, [kind, name, data])
        page.locator(".vt-query .vt-title", has_text=name).wait_for()


def test_a_photo_over_the_limit_is_made_smaller_before_it_travels(visitor: Callable[..., Page], tmp_path: Path) -> None:
    page = visitor()
    heavy = noise(tmp_path / "heavy.png", 2200)
    assert heavy.stat().st_size > MAX_IMAGE_BYTES
    choose(page, heavy)
    page.locator(".vt-query .vt-title", has_text="heavy.jpg").wait_for()
    page.locator(".vt-hit").nth(4).wait_for()


def test_a_catalogue_of_ones_own_is_not_lost_without_warning(visitor: Callable[..., Page]) -> None:
    page = visitor()
    page.get_by_role("link", name=WORDS.common.navigation["own"]).click()
    page.get_by_role("button", name=WORDS.own.example, exact=True).click()
    page.locator('.vt-tile[data-id="own/16"]').wait_for()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]


#: Elements of Streamlit's own that break a rule whatever a page does.
STREAMLITS = ("stFileUploaderDropzone", "stSkipToContent")
PAGES = ("/", "/?sample=dress", "/?sample=bag&min=0.99", "/Browse", "/Browse?item=fashion-mnist/test/00007",
    "/Your_catalogue", "/Maps", "/Train_a_classifier", "/Compare?view=benchmark")  # fmt: skip


def test_axe_finds_nothing_of_our_own(visitor: Callable[..., Page], server: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, found = visitor(), []
    for path in PAGES:
        page.goto(server + path)
        page.locator(".st-key-navigation[role=navigation] a").nth(6).wait_for()
        page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
        page.wait_for_timeout(500)
        nodes = [
            (path, violation["id"], node["target"][0], node["html"][:160])
            for violation in axe.run(page).response["violations"]
            for node in violation["nodes"]
        ]
        found += [node for node in nodes if not any(part in node[3] for part in STREAMLITS)]
    assert found == []
