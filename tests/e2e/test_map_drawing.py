"""The page of maps in a real browser: a point shows its picture, a lasso becomes a grid, maps light up together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests
from browsing import CHROMIUM, FLAGS, until

from core.config import artifacts_dir

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page, Playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found"),
    pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"),
]

#: Where a point of the first map is on the screen; the middle one of its largest group.
POINT = """() => {
  const { chart } = document.querySelector(".vt-map-plot"), box = chart.plot.getBoundingClientRect();
  const largest = chart.rows.indexOf(Math.max(...chart.rows)), { steps } = chart.points;
  const rows = [...chart.group.keys()].filter((row) => chart.group[row] === largest), row = rows[rows.length >> 1];
  return [box.left + chart.px(steps[2 * row]), box.top + chart.py(steps[2 * row + 1])];
}"""
#: How many points of each map are lit; null where none is singled out.
LIT = "() => [...document.querySelectorAll('.vt-map-plot')].map((plot) => plot.chart.nLit)"
#: How many points of a class each map has.
SIZES = """(name) => [...document.querySelectorAll(".vt-map-plot")].map(({ chart }) =>
  chart.rows[chart.groups.findIndex((group) => group.name === name)])"""
#: What draws the first map, how many pixels its points cover, and their mean red, green and blue.
COLOURED = """() => {
  const { chart } = document.querySelector(".vt-map-plot"), copy = document.createElement("canvas");
  Object.assign(copy, { width: chart.canvas.width, height: chart.canvas.height });
  chart.draw(); // what WebGL has drawn can be read in the same turn only
  copy.getContext("2d").drawImage(chart.canvas, 0, 0);
  const { data } = copy.getContext("2d").getImageData(0, 0, copy.width, copy.height), sums = [0, 0, 0];
  let covered = 0;
  for (let i = 0; i < data.length; i += 4) {
    covered += data[i + 3] / 255;
    for (let c = 0; c < 3; c++) sums[c] += (data[i + c] * data[i + 3]) / 255;
  }
  return [chart.painter.constructor.name, covered, ...sums.map((sum) => sum / covered)];
}"""
#: Makes the browser say that a graphics card stands behind its WebGL.
CARD = """const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, wanted) {
  return real.call(this, kind, { ...wanted, failIfMajorPerformanceCaveat: false });
};
WebGLRenderingContext.prototype.getExtension = ((get) => function (name) {
  return name === "WEBGL_debug_renderer_info" ? null : get.call(this, name);
})(WebGLRenderingContext.prototype.getExtension);"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    software = ["--enable-unsafe-swiftshader", "--use-angle=swiftshader"]  # WebGL where there is no GPU
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *software])
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser, maps_server: str) -> Iterator[Page]:
    """A page that reaches nothing but the server, and must raise no error of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.route(lambda url: not url.startswith((maps_server, "data:", "blob:")), lambda route: route.abort())
    page = context.new_page()
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not problems


def open_maps(page: Page, server: str, query: str = "") -> tuple[float, float]:
    """Open the page; gives where a point of the first map is on the screen."""
    page.goto(f"{server}/Maps{query}")
    page.locator(".vt-maps-legend button").first.wait_for()
    x, y = page.evaluate(POINT)
    return x, y


def lasso(page: Page, x: float, y: float, reach: float = 60) -> None:
    corners = [(-reach, -reach), (reach, -reach), (reach, reach), (-reach, reach), (-reach, -reach)]
    page.mouse.move(x - reach, y - reach)
    page.mouse.down()
    for dx, dy in corners:
        page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def test_a_point_shows_its_picture_and_a_click_places_it(page: Page, maps_server: str) -> None:
    x, y = open_maps(page, maps_server)
    page.mouse.move(x - 30, y)
    page.mouse.move(x, y, steps=4)
    card = page.locator(".vt-map-card")
    card.locator(".vt-picture").wait_for()
    assert card.locator(".vt-picture").evaluate("e => getComputedStyle(e).backgroundImage").startswith('url("data:')
    id = card.get_attribute("data-id") or ""
    assert re.match(r"(fashion-mnist|clothing)/", id)
    page.mouse.click(x, y)
    page.wait_for_url(re.compile(r"[?&]item="))
    page.locator(".st-key-maps-closest .vt-tile").nth(4).wait_for()
    assert id in page.url.replace("%2F", "/")


def test_a_lasso_becomes_a_grid_and_lights_up_the_map_beside(page: Page, maps_server: str) -> None:
    x, y = open_maps(page, maps_server, "?beside=efficientnet-lite0")
    assert page.evaluate(LIT) == [None, None]
    lasso(page, x, y)
    page.locator(".st-key-maps-chosen .vt-tile").first.wait_for()
    left, right = page.evaluate(LIT)
    assert 0 < right <= left < 3100
    assert page.get_by_role("heading", name=f"Pieces chosen: {left:,}").is_visible()
    page.locator(".st-key-maps-chosen .vt-tile").nth(min(24, left) - 1).wait_for()
    shown = [tile.get_attribute("data-id") for tile in page.locator(".st-key-maps-chosen .vt-tile").all()]
    assert len(set(shown)) == min(24, left)
    page.locator('[data-test-script-state="notRunning"]').first.wait_for()
    page.get_by_label("Find a class").click()
    page.get_by_role("option", name="Bag").first.click()
    page.wait_for_url(re.compile("class="))
    bags = [int(n) for n in page.evaluate(SIZES, "Bag")]
    page.get_by_role("heading", name=f"Pieces chosen: {bags[0]:,}").wait_for()
    until(page, f"String(({LIT})()) === '{bags[0]},{bags[1]}'")
    seen = "() => [...document.querySelectorAll('.vt-map-plot')].map(({ chart }) => [chart.x, chart.y, chart.step])"
    before = page.evaluate(seen)
    lasso(page, *page.evaluate(POINT), reach=40)
    page.wait_for_url(lambda url: "class=" not in url)
    page.locator('[data-test-script-state="notRunning"]').first.wait_for()
    assert page.evaluate(seen) == before
    n = page.evaluate(LIT)[0]
    page.get_by_role("heading", name=f"Pieces chosen: {n:,}").wait_for()
    shown = [tile.get_attribute("data-id") for tile in page.locator(".st-key-maps-chosen .vt-tile").all()]
    with page.expect_download() as download:
        page.locator(".st-key-maps-csv button").first.click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "id,catalogue,label"
    assert [line.split(",")[0] for line in lines[1:]][: len(shown)] == shown
    assert len(lines) == n + 1


def test_the_legend_hides_a_class_on_every_map_by_keyboard(page: Page, maps_server: str) -> None:
    open_maps(page, maps_server, "?beside=efficientnet-lite0")
    button = page.locator(".vt-maps-legend button", has_text="Sandal")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
    sandals = """() => [...document.querySelectorAll('.vt-map-plot')].map(({ chart }) => {
      const sandal = chart.groups.findIndex(({ name }) => name === "Sandal"), { steps } = chart.points;
      const at = (row) => chart.nearest(chart.px(steps[2 * row]), chart.py(steps[2 * row + 1]));
      const found = [...chart.group.keys()].some((i) => chart.group[i] === sandal && chart.group[at(i)] === sandal);
      return [found, chart.over.textContent.includes("Sandal")];
    })"""
    until(page, f"String(({sandals})()) === 'false,false,false,false'")
    page.keyboard.press("Enter")
    until(page, f"String(({sandals})()) === 'true,true,true,true'")


def test_a_map_moves_and_zooms_by_keyboard_buttons_and_wheel(page: Page, maps_server: str) -> None:
    open_maps(page, maps_server)
    seen = (
        """() => { const { chart } = document.querySelector(".vt-map-plot"); return [chart.x, chart.y, chart.step]; }"""
    )
    x, y, step = page.evaluate(seen)
    page.locator(".vt-map-plot").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(seen) == pytest.approx([x + 60 * step, y - 60 * step, step])
    page.keyboard.press("+")
    assert page.evaluate(seen)[2] == pytest.approx(step / 1.5)
    page.get_by_role("button", name="Whole map").click()
    assert page.evaluate(seen) == pytest.approx([x, y, step])
    box = page.locator(".vt-map-plot").bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    under = "() => document.querySelector('.vt-map-plot').chart.back(200, 100)"
    before = page.evaluate(under)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    until(page, f"({seen})()[2] < {step / 2}")
    assert page.evaluate(under) == pytest.approx(before, abs=step)  # a pointer is told in whole pixels
    page.get_by_role("button", name="Move").click()
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 100, steps=3)
    page.mouse.up()
    after = page.evaluate("() => document.querySelector('.vt-map-plot').chart.back(260, 100)")
    assert after == pytest.approx(before, abs=step)
    assert page.evaluate(LIT) == [None]


def test_what_is_lit_goes_out_with_escape(page: Page, maps_server: str) -> None:
    x, y = open_maps(page, maps_server)
    page.get_by_role("button", name="Box").click()
    page.mouse.move(x - 50, y - 50)
    page.mouse.down()
    page.mouse.move(x + 50, y + 50, steps=4)
    page.mouse.up()
    page.locator(".st-key-maps-chosen .vt-tile").first.wait_for()
    assert page.evaluate(LIT)[0] > 0
    assert page.locator(".vt-map-outline").count() == 1
    page.locator(".vt-map-plot").focus()
    page.keyboard.press("Escape")
    page.locator(".st-key-maps-chosen").wait_for(state="detached")
    assert page.evaluate(LIT) == [None]
    assert page.locator(".vt-map-outline").count() == 0


@pytest.mark.parametrize("query", ["", "?class=fashion-mnist/Bag", "?colour=wrong"])
def test_webgl_and_plain_pixels_draw_the_same(page: Page, maps_server: str, query: str) -> None:
    open_maps(page, maps_server, query)
    plain = page.evaluate(COLOURED)
    page.add_init_script(CARD)
    open_maps(page, maps_server, query)
    card = page.evaluate(COLOURED)
    assert (plain[0], card[0]) == ("FlatPainter", "GlPainter")
    assert plain[1] > 3000
    assert card[1] == pytest.approx(plain[1], rel=0.05)
    assert card[2:] == pytest.approx(plain[2:], abs=5)


def test_webgl_that_was_lost_comes_back(page: Page, maps_server: str) -> None:
    page.add_init_script(CARD)
    open_maps(page, maps_server)
    before = page.evaluate(COLOURED)
    page.evaluate("""() => new Promise((done) => {
      const { painter, canvas } = document.querySelector(".vt-map-plot").chart;
      const switched = painter.gl.getExtension("WEBGL_lose_context");
      canvas.addEventListener("webglcontextrestored", () => setTimeout(done, 100));
      switched.loseContext();
      setTimeout(() => switched.restoreContext(), 50);
    })""")
    assert page.evaluate(COLOURED) == before


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light"), (1920, "dark")])
def test_it_fits_every_screen(page: Page, maps_server: str, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    open_maps(page, maps_server, "?beside=efficientnet-lite0&sample=dress")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = [plot.bounding_box() for plot in page.locator(".vt-map-plot").all()]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width and box["height"] > 300 for box in boxes)


def test_what_the_map_fetches_is_served_and_nothing_else(maps_server: str) -> None:
    points = requests.get(f"{maps_server}/maps/points/vitrine-clip", timeout=30)
    assert len(points.content) == 11 * 3016
    assert points.headers["Cache-Control"] == "no-store"  # no version was named
    item = requests.get(f"{maps_server}/maps/items/70000", timeout=30).json()
    assert item["id"].startswith("clothing/")
    assert item["picture"].startswith('<div class="vt-picture')
    for wrong in ("items/75398", "items/99999999999", "items/x", "points/nothing", "plotly.js"):
        answer = requests.get(f"{maps_server}/maps/{wrong}", timeout=30)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


def swipe(line: CDPSession, start: int, end: int) -> None:
    """Move one finger up the middle of a phone's screen."""
    line.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 195, "y": start}]})
    for y in range(start - 15, end, -15):
        line.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": 195, "y": y}]})
    line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_one_finger_scrolls_the_page_until_a_tool_is_chosen(browser: Browser, maps_server: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{maps_server}/Maps")
    plot = page.locator(".vt-map-plot[data-drawn]").first
    plot.wait_for(timeout=60_000)
    box = plot.bounding_box()
    assert box and box["y"] < 500  # with 62 % of the screen's height, most of it is on the first screen
    line, scrolled = context.new_cdp_session(page), "document.querySelector('[data-testid=stMain]').scrollTop"
    swipe(line, 650, 400)
    until(page, f"{scrolled} > 150")
    assert page.evaluate(LIT) == [None]
    page.wait_for_timeout(500)  # until it comes to rest
    page.get_by_role("button", name="Lasso").tap()
    before = page.evaluate(scrolled)
    swipe(line, 550, 300)  # the map has moved up
    assert page.evaluate(scrolled) == before
    context.close()
