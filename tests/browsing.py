"""What the end-to-end tests drive, and what skips them."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.config import artifacts_dir
from core.jobs.benchmark import visits

#: Chromium's headless shell, which loads a page with two thirds of the processor time, or what the benchmark takes.
BROWSERS = ("chromium-headless-shell", *visits.BROWSERS)
CHROMIUM = os.environ.get("VITRINE_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = list(visits.BROWSER_FLAGS)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found"),
    pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"),
]


def until(page: Any, script: str, argument: object = None) -> None:
    """Wait until a script gives something true; Playwright's own wait compiles it in the page, which may not."""
    end = time.monotonic() + 30
    while not page.evaluate(script, argument):
        assert time.monotonic() < end, script
        page.wait_for_timeout(50)


def settle(page: Any) -> None:
    """Wait until the page's script has run: what a button of before would have brought is gone after it."""
    page.wait_for_timeout(200)
    until(page, "document.querySelector('[data-test-script-state=notRunning]') !== null")


def choose(page: Any, path: Path) -> None:
    """Give the page's uploader a file, once the uploader of the file before is gone."""
    until(page, "document.querySelectorAll('input[type=file]').length === 1")
    page.locator("input[type=file]").set_input_files(path)


def own_error(message: Any, server: str) -> list[str]:
    """A console error, unless it is about a picture elsewhere, or Streamlit's search for its own root.

    Opened by a link to a page, Streamlit's browser side asks for its health below that page first, and goes on
    at the root after the 404.
    """
    url = message.location.get("url", "")
    expected = url.startswith("https://") or re.search(r"/[A-Z]\w+/_stcore/", url) is not None
    return [f"{message.text} {url}"] if message.type == "error" and not expected else []


@contextmanager
def visitors(browser: Any, server: str, timeout_ms: int = 30_000) -> Iterator[Callable[..., Any]]:
    """Opens pages of visitors of their own, which reach nothing but the server, and must log no error of their own.

    What is yielded takes what a browser's context does.
    """
    problems: list[str] = []
    contexts = []

    def visitor(**options: Any) -> Any:
        context = browser.new_context(**options)
        context.route(lambda url: not url.startswith((server, "data:", "blob:")), lambda route: route.abort())
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(timeout_ms)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.extend(own_error(message, server)))
        return page

    yield visitor
    for context in contexts:
        context.close()
    assert not problems
