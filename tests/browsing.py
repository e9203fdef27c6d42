"""What the end-to-end tests drive, and what skips them."""

from __future__ import annotations

import os
import re
import shutil
import time
from typing import Any

import pytest

from core.config import artifacts_dir

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = os.environ.get("VITRINE_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

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


def own_error(message: Any, server: str) -> list[str]:
    """A console error, unless it is about a picture elsewhere, or Streamlit's search for its own root.

    Opened by a link to a page, Streamlit's browser side asks for its health below that page first, and goes on
    at the root after the 404.
    """
    url = message.location.get("url", "")
    expected = url.startswith("https://") or re.search(r"/[A-Z]\w+/_stcore/", url) is not None
    return [f"{message.text} {url}"] if message.type == "error" and not expected else []
