"""No page breaks what its own answers allow browsers to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browsing import CHROMIUM, FLAGS, pytestmark, until  # noqa: F401

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
PAGES = ("Browse", "Your_catalogue", "Compare?sample=dress", "Compare?view=benchmark", "Maps", "Train_a_classifier")
DONE = '[data-test-script-state="notRunning"]'


@pytest.mark.parametrize("path", PAGES)
def test_pages_do_what_they_may(browser: Browser, server: str, path: str) -> None:
    refused: list[str] = []
    page = browser.new_page()
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{server}/{path}")
    page.locator(DONE).wait_for(timeout=120_000)
    page.wait_for_timeout(1000)  # charts are fetched and drawn after the script's end
    page.close()
    assert refused == []


def test_a_photo_from_the_camera_is_searched_with(playwright: Playwright, server: str) -> None:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *CAMERA])
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(server)
    page.get_by_role("radio", name="Camera").click()
    until(page, "document.querySelector('video')?.videoHeight > 0")
    hits, take = page.locator(".vt-hit"), page.get_by_role("button", name="Take photo")
    for _ in range(12):  # what is taken before the camera has sent a picture is lost, and one takes it again
        if hits.count() < 5 and take.is_visible():
            take.click()
        page.wait_for_timeout(5000 if hits.count() < 5 else 0)
    assert hits.count() >= 5
    browser.close()
