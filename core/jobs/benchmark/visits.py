"""What a visitor waits for, and what visitors cost: a real server process that a real browser visits."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from core.compare.gallery import has_gallery
from core.engine.backbones import BACKBONES
from core.engine.embedders.load import missing
from core.jobs.benchmark.serving import serving
from core.jobs.evaluate.cost import SAMPLE, peak_bytes_of

N_VISITORS = 20
#: Visits of each page that is timed, after one that is not.
N_VISITS = 9
#: Photos of each size that are chosen, after one that does not count.
N_PHOTOS = 20
#: The first of these that is here; the headless shell, quicker than what visitors have, only where no other is.
BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chromium-headless-shell",
)  # fmt: skip
BROWSER_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_EMPTY_PAGE = 'import streamlit as st\n\nst.title("Empty")\n'
_DONE = '[data-test-script-state="notRunning"]'
_MAP = ".vt-map-plot[data-drawn]"
#: Page -> its link, "" for the empty one, and what must be on it: selectors, and how many of each.
_PAGES: dict[str, tuple[str, dict[str, int]]] = {
    "empty_page_s": ("", {"h1": 1, _DONE: 1}),
    "browse_s": ("/Browse", {".vt-tile": 24, _DONE: 1}),
    "map_s": ("/Maps", {_MAP: 1, ".vt-tile": 24, _DONE: 1}),
    "two_maps_and_a_query_s": ("/Maps?beside=efficientnet-lite0&sample=dress", {_MAP: 2, ".vt-tile": 29, _DONE: 1}),
}
#: What the page of comparisons is measured with: the default, two that torch once exported, one without weights.
_COMPARED = ("vitrine-clip", "efficientnet-lite0", "efficientnet-lite2", "hog")
#: Milliseconds from the start of a visit until all that is wanted is on the page, and painted.
_WAIT = Path(__file__).with_name("wait.js").read_text("utf-8")


@contextmanager
def _browser() -> Iterator[Any]:
    """A browser without a graphics card.

    Raises:
        FileNotFoundError: There is none.
    """
    from playwright.sync_api import sync_playwright

    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        raise FileNotFoundError("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()


def server() -> dict[str, Any]:
    """Start the app as `make run` does and visit it: seconds to an answer, memory (MB) after searches."""
    with _browser() as browser:
        started = time.perf_counter()
        with TemporaryDirectory() as folder, serving(Path(folder) / "log.txt", CI="true") as (process, address):
            page = browser.new_page()
            _answer(page, f"{address}/?sample=sneaker")
            seconds = time.perf_counter() - started
            for sample in ("shirt", "bag", "dress"):
                _answer(page, f"{address}/?sample={sample}")
            one = _memory_mb(process.pid)
            pages = [browser.new_context().new_page() for _ in range(N_VISITORS - 1)]
            for number, visitor in enumerate(pages):
                _answer(visitor, f"{address}/?sample={('shirt', 'bag', 'dress')[number % 3]}")
            many = _memory_mb(process.pid)
    return {
        "start_to_answer_s": round(seconds, 2),
        "memory_after_searches_mb": round(one),
        f"memory_with_{N_VISITORS}_visitors_mb": round(many),
    }


def _memory_mb(pid: int) -> float:
    """What a process has in memory now."""
    import psutil

    return float(psutil.Process(pid).memory_info().rss / 1e6)


def _answer(page: Any, address: str) -> None:
    """Visit a link to a sample and wait until its hits are on the page."""
    page.goto(address)
    page.locator(".vt-hit").nth(4).wait_for(timeout=60_000)


def photo_page() -> dict[str, float]:
    """Seconds from a photo chosen in the browser to five hits drawn: server and browser have shown the page before.

    Returns:
        `p50_s` and `p95_s` of a small photo (about 100 KB), and of one of a megapixel under `large_…`.
    """
    from core.engine.images.decode import encode_thumbnail, open_image

    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "small.jpg").write_bytes(encode_thumbnail(open_image(SAMPLE), 500))
        _, address = stack.enter_context(serving(folder / "log.txt"))
        page = stack.enter_context(_browser()).new_page()
        seconds: dict[str, list[float]] = {"": [], "large_": []}
        for _ in range(N_PHOTOS + 1):
            for name, file in (("", folder / "small.jpg"), ("large_", SAMPLE)):
                page.goto(address)
                page.locator("input[type=file]").wait_for(state="attached")
                page.locator(_DONE).wait_for()
                started = time.perf_counter()
                page.locator("input[type=file]").set_input_files(file)
                page.evaluate(_WAIT, {".vt-hit": 5})
                seconds[name].append(time.perf_counter() - started)
    return {
        f"{name}p{p}_s": round(float(np.percentile(values[1:], p)), 2)
        for name, values in seconds.items()
        for p in (50, 95)
    }


def compare_page() -> dict[str, Any]:
    """Memory (MB) of a server whose Compare page has four backbones chosen, and seconds until they have answered.

    Every sample goes through all four, and every view of the page is opened.

    Returns:
        `backbones`, joined by commas; `first_answer_s` of a server that has just started, `later_answer_s` (median);
        `memory_mb` after all visits and `memory_at_most_mb`, null where the system does not tell.

    Raises:
        FileNotFoundError: Fewer than four backbones have a gallery and all that they need here.
    """
    chosen = [id for id in _COMPARED if has_gallery(id) and not missing(BACKBONES[id])]
    if len(chosen) < len(_COMPARED):
        raise FileNotFoundError(f"not all of {', '.join(_COMPARED)} can be compared here")
    link = "/Compare?" + "&".join(f"with={id}" for id in chosen)
    seconds = []
    with ExitStack() as stack:
        page = stack.enter_context(_browser()).new_page()
        log = Path(stack.enter_context(TemporaryDirectory())) / "log.txt"
        process, address = stack.enter_context(serving(log))
        for sample in ("dress", "shirt", "bag", "sneaker"):
            started = time.perf_counter()
            page.goto(f"{address}{link}&sample={sample}")
            page.locator(".vt-row").nth(5 * len(chosen) - 1).wait_for(timeout=120_000)
            seconds.append(time.perf_counter() - started)
        for view in ("disputes", "benchmark", "index"):
            page.goto(f"{address}{link}&sample=dress&view={view}")
            page.locator(_DONE).wait_for(timeout=120_000)
        memory = _memory_mb(process.pid)
        at_most = peak_bytes_of(process.pid)
    return {
        "backbones": ", ".join(chosen),
        "first_answer_s": round(seconds[0], 2),
        "later_answer_s": round(float(np.median(seconds[1:])), 2),
        "memory_mb": round(memory),
        "memory_at_most_mb": None if at_most is None else round(at_most / 1e6),
    }


def maps_page() -> dict[str, Any]:
    """Seconds (median) until the page of maps has all on it, warm, in turns with an empty page of Streamlit.

    Warm means that server and browser have shown the page before. The browser has no graphics card.

    Returns:
        A figure for each page, `times_the_empty_page`, and the server's memory (MB) after the first and the last turn.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "empty.py").write_text(_EMPTY_PAGE)
        _, empty = stack.enter_context(serving(folder / "empty.txt", folder / "empty.py"))
        process, app = stack.enter_context(serving(folder / "log.txt"))
        page = stack.enter_context(_browser()).new_context(viewport={"width": 1280, "height": 1000}).new_page()
        seconds: dict[str, list[float]] = {name: [] for name in _PAGES}
        memory = []
        for _ in range(N_VISITS + 1):
            for name, (link, wanted) in _PAGES.items():
                page.goto(app + link if link else empty, wait_until="commit")
                seconds[name].append(page.evaluate(_WAIT, wanted) / 1000)
            memory.append(_memory_mb(process.pid))
    medians = {name: round(float(np.median(values[1:])), 2) for name, values in seconds.items()}
    return medians | {
        "times_the_empty_page": round(medians["map_s"] / medians["empty_page_s"], 2),
        "memory_after_first_turn_mb": round(memory[0]),
        f"memory_after_{len(memory)}_turns_mb": round(memory[-1]),
    }
