"""The page of maps in a real browser: a point shows its picture, a lasso becomes a grid, maps light up together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests
from browsing import CHROMIUM, FLAGS, settle, until, visitors

from core.config import artifacts_dir
from core.ui.words import WORDS

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
  const canvas = chart.dense ? chart.cloud : chart.canvas;
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  chart.draw(); // what WebGL has drawn can be read in the same turn only
  copy.getContext("2d").drawImage(canvas, 0, 0);
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
    """A page that reaches nothing but the server, and must log no error of its own."""
    with visitors(browser, maps_server, 60_000) as visit:
        yield visit(viewport={"width": 1280, "height": 1000})


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
    settle(page)
    with page.expect_download() as download:
        page.locator(".st-key-maps-csv button").first.click()
    lines = download.value.path().read_text().splitlines()
    both = ("vitrine-clip", "efficientnet-lite0")
    assert lines[0].split(",") == ["id", "catalogue", "label", *(f"{axis}_{id}" for id in both for axis in "xy")]
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


@pytest.mark.parametrize("way", ["Escape", "button"])
def test_what_is_lit_goes_out_with_escape_and_with_a_button(page: Page, maps_server: str, way: str) -> None:
    x, y = open_maps(page, maps_server)
    clear = page.get_by_role("button", name=WORDS.maps.tools["clear"])
    assert not clear.is_visible()
    page.get_by_role("button", name="Box").click()
    page.mouse.move(x - 50, y - 50)
    page.mouse.down()
    page.mouse.move(x + 50, y + 50, steps=4)
    page.mouse.up()
    page.locator(".st-key-maps-chosen .vt-tile").first.wait_for()
    assert page.evaluate(LIT)[0] > 0
    assert page.locator(".vt-map-outline").count() == 1
    if way == "button":
        clear.click()
    else:
        page.locator(".vt-map-plot").focus()
        page.keyboard.press("Escape")
    page.locator(".st-key-maps-chosen").wait_for(state="detached")
    assert page.evaluate(LIT) == [None]
    assert page.locator(".vt-map-outline").count() == 0
    assert not clear.is_visible()
    assert page.evaluate("document.activeElement.classList.contains('vt-map-plot')")


def test_the_point_that_is_pointed_at_is_marked_on_every_map(page: Page, maps_server: str) -> None:
    open_maps(page, maps_server, "?beside=efficientnet-lite0")
    marked = (
        "() => [...document.querySelectorAll('.vt-map-plot')].map(({ chart }) => chart.points.numbers[chart.marked])"
    )
    both = """() => {
      const [first, second] = [...document.querySelectorAll(".vt-map-plot")].map(({ chart }) => chart);
      const box = first.plot.getBoundingClientRect(), { steps, numbers } = first.points;
      const alone = (row) => first.nearest(first.px(steps[2 * row]), first.py(steps[2 * row + 1])) === row;
      const row = second.points.numbers.findIndex((n) => alone(numbers.indexOf(n)));
      const here = numbers.indexOf(second.points.numbers[row]);
      return [box.left + first.px(steps[2 * here]), box.top + first.py(steps[2 * here + 1]), numbers[here]];
    }"""
    x, y, number = page.evaluate(both)
    page.mouse.move(x - 30, y)
    page.mouse.move(x, y, steps=4)
    until(page, f"String(({marked})()) === '{number},{number}'")
    assert page.locator(".vt-map-ring").count() == 2
    ring = page.locator(".vt-map-ring").first.bounding_box()
    assert ring and ring["x"] + ring["width"] / 2 == pytest.approx(x, abs=2)
    page.mouse.move(5, 5)
    page.locator(".vt-map-ring").first.wait_for(state="detached")


def test_a_keyboard_points_at_what_lies_in_the_middle_and_opens_it(page: Page, maps_server: str) -> None:
    open_maps(page, maps_server, "?class=fashion-mnist/Bag")
    page.locator(".vt-map-plot").focus()
    page.keyboard.press("+")
    for _ in range(20):  # until a point lies near the middle
        if page.locator(".vt-map-ring").count():
            break
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(150)
    card = page.get_by_role("status").and_(page.locator(".vt-map-card"))
    card.locator(".vt-picture").wait_for()
    id = card.get_attribute("data-id") or ""
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]item="))
    assert id in page.url.replace("%2F", "/")


def test_a_photo_has_its_star_on_both_maps(browser: Browser, server: str) -> None:
    with visitors(browser, server, timeout_ms=60_000) as visit:
        page = visit(viewport={"width": 1280, "height": 900})
        _stars(page, server)


def _stars(page: Page, server: str) -> None:
    """The maps that ship: one of the test's has nothing of what is closest."""
    open_maps(page, server, "?beside=colour-histogram&sample=dress")
    page.locator(".vt-map-star").nth(1).wait_for()
    places = [star.bounding_box() for star in page.locator(".vt-map-star").all()]
    plots = [plot.bounding_box() for plot in page.locator(".vt-map-plot").all()]
    for star, plot in zip(places, plots, strict=True):  # each map turns to it
        assert star and plot
        assert star["x"] + star["width"] / 2 == pytest.approx(plot["x"] + plot["width"] / 2, abs=3)


def test_classes_of_two_catalogues_are_told_apart_and_no_label_says_nothing(page: Page, maps_server: str) -> None:
    open_maps(page, maps_server)
    labels = page.evaluate("document.querySelector('.vt-map-plot').chart.labels.map(({ name }) => name)")
    assert {"Trousers · Fashion-MNIST", "Trousers · Clothing photos", "Hat"} <= set(labels)
    assert len(set(labels)) == len(labels) == 27
    assert not {"Unsorted", "Something else", "Left out"} & set(labels)
    assert page.locator(".vt-maps-heading").all_inner_texts() == ["Fashion-MNIST", "Clothing photos"]
    for catalogue in ("Fashion-MNIST", "Clothing photos"):
        assert page.get_by_role("button", name=f"Trousers, {catalogue}", exact=True).is_visible()


def test_pieces_are_coloured_by_what_is_known_of_them(page: Page, maps_server: str) -> None:
    open_maps(page, maps_server, "?colour=colour")
    legend = page.locator(".vt-maps-legend button")
    assert legend.first.inner_text().split() == ["●", "White"]
    unknown = page.get_by_role("button", name=WORDS.maps.not_known)
    assert unknown.get_attribute("aria-pressed") == "false"
    seen = page.evaluate(COLOURED)[1]
    unknown.click()
    until(page, f"({COLOURED})()[1] > {seen * 1.2}")
    page.get_by_role("combobox", name="Colour").click()
    page.get_by_role("option", name=WORDS.maps.colours["sleeves"]).click()
    page.get_by_role("button", name=WORDS.maps.sleeves["three-quarter"]).wait_for()
    assert legend.count() == 5
    sizes = page.evaluate("document.querySelector('.vt-map-plot').chart.rows")
    assert sum(sizes) == 3016 and sizes[4] > 2800 and min(sizes) > 0


def test_density_shades_where_most_pieces_lie(page: Page, maps_server: str) -> None:
    page.goto(f"{maps_server}/Maps?colour=density")
    page.locator(".vt-maps-scale").wait_for()
    at = """() => {
      const { chart } = document.querySelector(".vt-map-plot"), { steps, n } = chart.points, { cloud } = chart;
      const inside = (row) => [chart.px(steps[2 * row]), chart.py(steps[2 * row + 1])].map((v) => Math.floor(v / 3));
      const alpha = (x, y) => cloud.getContext("2d").getImageData(x, y, 1, 1).data[3];
      const there = [...Array(n).keys()].filter((row) => row % 10 === 0).map((row) => alpha(...inside(row)));
      return [Math.min(...there), Math.max(...there), alpha(0, 0), chart.canvas.hidden, cloud.hidden];
    }"""
    least, most, corner, points_hidden, cloud_hidden = page.evaluate(at)
    assert 0 < least < most > 200
    assert (corner, points_hidden, cloud_hidden) == (0, True, False)
    covered = page.evaluate(COLOURED)[1]
    page.get_by_label("Find a class").click()
    page.get_by_role("option", name="Bag").first.click()
    page.wait_for_url(re.compile("class="))
    page.get_by_role("button", name="Whole map").click()
    until(page, f"({COLOURED})()[1] < {covered / 3}")  # the density of that class alone


@pytest.mark.parametrize("query", ["", "?class=fashion-mnist/Bag", "?colour=wrong", "?colour=colour"])
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


@pytest.mark.parametrize("query", ["", "?beside=efficientnet-lite0&sample=dress"])
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1366, 900)])
def test_map_and_legend_are_on_the_first_screen(
    page: Page, maps_server: str, width: int, height: int, query: str
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    open_maps(page, maps_server, query)
    boxes = [one.bounding_box() for one in page.locator(".vt-map-plot, .vt-maps-legend").all()]
    assert all(box and box["y"] + box["height"] <= height for box in boxes), boxes


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
    assert len(requests.get(f"{maps_server}/maps/looks/colour", timeout=30).content) == 75_398
    assert points.headers["Cache-Control"] == "no-store"  # no version was named
    item = requests.get(f"{maps_server}/maps/items/70000", timeout=30).json()
    assert item["id"].startswith("clothing/")
    assert item["picture"].startswith('<div class="vt-picture')
    for wrong in ("items/75398", "items/99999999999", "items/x", "points/nothing", "looks/kind", "plotly.js"):
        answer = requests.get(f"{maps_server}/maps/{wrong}", timeout=30)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


def swipe(line: CDPSession, *fingers: tuple[int, int], by: tuple[int, int], apart: int = 0) -> None:
    """Move fingers over a phone's screen, all by the same, and the second as much further to the right as is said."""

    def send(kind: str, share: float) -> None:
        points = [
            {"x": x + share * (by[0] + (apart if n else 0)), "y": y + share * by[1], "id": n}
            for n, (x, y) in enumerate(fingers)
        ]
        line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    send("touchStart", 0)
    for step in range(1, 17):
        send("touchMove", step / 16)
    send("touchEnd", 1)


def at_rest(page: Page, scrolled: str) -> float:
    """How far it is scrolled, once it has come to rest."""
    before, now = -1.0, float(page.evaluate(scrolled))
    while now != before:
        page.wait_for_timeout(500)
        before, now = now, float(page.evaluate(scrolled))
    return now


def test_one_finger_scrolls_and_two_draw_or_zoom(browser: Browser, maps_server: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{maps_server}/Maps")
    plot = page.locator(".vt-map-plot[data-drawn]").first
    plot.wait_for(timeout=60_000)
    assert page.get_by_text(WORDS.maps.fingers).is_visible()
    box = plot.bounding_box()
    assert box and box["y"] < 500  # most of it is on the first screen
    line, scrolled = context.new_cdp_session(page), "document.querySelector('[data-testid=stMain]').scrollTop"
    swipe(line, (195, 650), by=(0, -250))
    until(page, f"{scrolled} > 150")
    assert page.evaluate(LIT) == [None]
    before = at_rest(page, scrolled)
    step = "document.querySelector('.vt-map-plot').chart.step"
    wide = page.evaluate(step)
    swipe(line, (150, 300), (200, 300), by=(-10, 0), apart=80)
    until(page, f"{step} < {wide / 1.5}")
    assert page.evaluate(LIT) == [None]
    page.get_by_role("button", name="Whole map").tap()
    page.get_by_role("button", name="Box").tap()
    x, y = page.evaluate(POINT)
    swipe(line, (int(x) - 60, int(y) - 60), (int(x) - 20, int(y) - 60), by=(100, 120))
    page.locator(".st-key-maps-chosen .vt-tile").first.wait_for()
    assert page.evaluate(LIT)[0] > 0
    assert page.evaluate(scrolled) == before
    context.close()
