"""A part of a photo is chosen: with a mouse, with a finger, with the keyboard alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from browsing import choose, pytestmark, until, visitors  # noqa: F401

from core.config import ROOT
from core.ui.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SAID = WORDS.search.region
SHIRT = ROOT / "samples" / "shirt.jpg"


def open_frame(page: Page, server: str) -> Any:
    """Give the page a photo, and open what chooses a part of it; gives the photo's box."""
    page.goto(server)
    choose(page, SHIRT)
    page.locator(".vt-hit").nth(4).wait_for()
    before = page.locator(".vt-choose").count()
    page.get_by_role("button", name=SAID["choose"]).click()
    photo = page.locator(".vt-choose-picture")
    photo.wait_for()
    page.wait_for_timeout(500)  # the dialog slides in
    assert before == 0
    return photo.bounding_box()


def first_hits(page: Page) -> list[str | None]:
    return [card.get_attribute("data-id") for card in page.locator(".vt-hit").all()[:5]]


def wait_for_part(page: Page) -> None:
    page.locator(".vt-query .vt-part").wait_for()
    page.locator(".vt-choose").wait_for(state="detached")


def test_a_frame_is_drawn_and_goes_again(page: Page, server: str) -> None:
    box = open_frame(page, server)
    whole, link = first_hits(page), page.url
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    for share in (0.4, 0.5, 0.6):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * share)
    page.mouse.up()
    page.get_by_text("The part from 30 to 60 % across and 25 to 60 % down.").wait_for()
    page.get_by_role("button", name=SAID["go"]).click()
    wait_for_part(page)
    region = re.search(r"photo=\w+&region=([\d.%C]+)", page.url)
    assert region
    sides = [float(side) for side in region[1].split("%2C")]
    assert all(abs(side - meant) < 0.01 for side, meant in zip(sides, (0.3, 0.25, 0.6, 0.6), strict=True))
    until(page, "document.querySelector('.vt-spoken[role=status]').textContent.length > 0")
    until(page, "before => document.querySelector('.vt-hit').dataset.id !== before", whole[0])
    part, with_part = first_hits(page), page.url

    page.go_back()
    page.wait_for_url(link)
    page.locator(".vt-part").wait_for(state="detached")
    until(page, "id => document.querySelector('.vt-hit').dataset.id === id", whole[0])
    page.go_forward()
    page.wait_for_url(with_part)
    wait_for_part(page)
    until(page, "id => document.querySelector('.vt-hit').dataset.id === id", part[0])
    page.get_by_role("button", name=SAID["chip"]).click()
    page.wait_for_url(link)
    page.get_by_role("button", name=WORDS.common.start_over).click()
    page.wait_for_url(server + "/")


def test_the_keyboard_alone_chooses_thirds_and_moves_the_frame(page: Page, server: str) -> None:
    open_frame(page, server)
    frame = page.locator(".vt-choose-frame")
    frame.focus()
    for keys in ("Shift+ArrowLeft",) * 25 + ("ArrowRight",) * 5:
        page.keyboard.press(keys)
    page.get_by_text("The part from 10 to 60 % across and 0 to 100 % down.").wait_for()
    assert "from 10 to 60 %" in (frame.get_attribute("aria-label") or "")
    for keys in ("Shift+ArrowLeft",) * 40 + ("Shift+ArrowUp",) * 60:
        page.keyboard.press(keys)
    page.get_by_text("The part from 10 to 15 % across and 0 to 5 % down.").wait_for()  # and no smaller
    for name in ("Left", "Middle"):
        button = page.get_by_role("group", name=SAID["across"]).get_by_role("button", name=name)
        button.focus()
        page.keyboard.press("Space")
        assert button.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name=SAID["bottom"]).focus()
    page.keyboard.press("Enter")
    page.get_by_text("The part from 0 to 67 % across and 67 to 100 % down.").wait_for()
    page.get_by_role("button", name=SAID["go"]).focus()
    page.keyboard.press("Enter")
    wait_for_part(page)
    assert "region=0%2C0.667%2C0.667%2C1" in page.url


def test_a_frame_too_small_is_refused_in_a_sentence(page: Page, server: str) -> None:
    box = open_frame(page, server)
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 80)
    page.mouse.up()
    page.get_by_text(SAID["small"]).wait_for()
    assert page.get_by_role("button", name=SAID["go"]).is_disabled()
    page.get_by_role("button", name=SAID["top"]).click()
    assert page.get_by_role("button", name=SAID["go"]).is_disabled()  # it is as narrow as before
    page.get_by_role("button", name=SAID["left"]).click()
    assert page.get_by_role("button", name=SAID["go"]).is_enabled()


def test_a_finger_draws_on_the_photo_and_scrolls_beside_it(browser: Browser, server: str) -> None:
    with visitors(browser, server) as visit:
        page = visit(viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
        box = open_frame(page, server)
        hand = page.context.new_cdp_session(page)

        def stroke(*points: tuple[float, float]) -> None:
            for kind, at in (("touchStart", points[0]), *(("touchMove", at) for at in points[1:]), ("touchEnd", None)):
                touched = [{"x": at[0], "y": at[1]}] if at else []
                hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

        across = [box["x"] + box["width"] * share for share in (0.2, 0.4, 0.6, 0.8)]
        down = [box["y"] + box["height"] * share for share in (0.7, 0.6, 0.4, 0.2)]
        top = "[...document.querySelectorAll('*')].reduce((sum, one) => sum + one.scrollTop, 0)"
        scrolled = page.evaluate(top)
        stroke(*zip(across, down, strict=True))
        page.get_by_text("The part from 20 to 80 % across and 20 to 70 % down.").wait_for()
        assert page.evaluate(top) == scrolled
        edge = box["x"] - 8
        stroke(*((edge, y) for y in (600, 550, 500, 400, 300)))
        until(page, f"{top} > {scrolled}")
        page.get_by_role("button", name=SAID["go"]).tap()
        wait_for_part(page)
