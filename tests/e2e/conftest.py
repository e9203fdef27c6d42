"""One browser and one real server for all end-to-end tests, and one more server with small maps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import CHROMIUM, FLAGS, visitors

from core.jobs.benchmark.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app on a free port of this computer; gives its address. Nothing may go wrong unseen in it.

    All tests are one client, so that the API counts none of its requests.
    """
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving(log, VITRINE_API_PER_MINUTE="0") as (_, address):
        yield address
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="session")
def maps_server(tmp_path_factory: pytest.TempPathFactory, mapped_artifacts: Path) -> Iterator[str]:
    """The same with two small maps."""
    log = tmp_path_factory.mktemp("maps-server") / "log.txt"
    with serving(log, VITRINE_API_PER_MINUTE="0", VITRINE_ARTIFACTS_DIR=str(mapped_artifacts)) as (_, address):
        yield address
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One at a time: a second one refuses to start beside it, and so does any event loop that a later test runs."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A page that reaches nothing but the server, and must log no error of its own."""
    with visitors(browser, server) as visit:
        yield visit(viewport={"width": 1280, "height": 900})
