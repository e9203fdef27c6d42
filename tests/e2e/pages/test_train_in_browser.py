"""The Train page in a real browser: from ten pictures a class to a classified photo and a download."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import pytestmark, settle  # noqa: F401
from sorted_pictures import CLASSES, files, make_zip, picture

from core.classifier.model import files as saved
from core.config import DEFAULT_BACKBONE
from core.ui.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "sorted.zip"
    file.write_bytes(make_zip(files() | {"shirt/broken.jpg": b"no picture"}))
    return file


def open_with(page: Page, server: str, archive: Path) -> None:
    page.goto(server)
    page.get_by_role("link", name=WORDS.common.navigation["train"]).click()
    page.get_by_role("radio", name=WORDS.train.sources["upload"]).click()
    page.locator(".st-key-train-zip input[type=file]").set_input_files(archive)
    page.get_by_text("40 pictures in 4 classes").wait_for()


def download(page: Page, name: str) -> bytes:
    settle(page)
    with page.expect_download() as started:
        page.get_by_role("button", name=name).click()
    return Path(started.value.path()).read_bytes()


def test_a_visitor_goes_the_whole_way(page: Page, server: str, archive: Path, tmp_path: Path) -> None:
    open_with(page, server, archive)
    assert page.url.endswith("data=upload")
    page.get_by_text(WORDS.train.problems.format(n=1)).wait_for()
    page.get_by_role("button", name=WORDS.train.start, exact=True).click()
    page.get_by_text(WORDS.train.step_evaluate).wait_for()
    page.get_by_text("had the lowest validation loss").wait_for()
    for alt in (WORDS.train.loss_alt, WORDS.train.accuracy_alt, WORDS.train.confusion_alt):
        page.get_by_label(alt).first.wait_for()
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture("sneaker", 42))
    page.locator(".st-key-train-predict input[type=file]").set_input_files(photo)
    page.locator('.vt-tile[data-label="sneaker"]').wait_for()
    archive.write_bytes(make_zip({f"{name}/{n}.jpg": picture(name, 60 + n) for name in CLASSES for n in range(2)}))
    page.locator(".st-key-train-predict input[type=file]").set_input_files(archive)
    page.get_by_text("Of 9 pictures, 8 lie in folders").wait_for()
    page.get_by_label(WORDS.train.confusion_alt).nth(1).wait_for()
    table = download(page, WORDS.train.csv_results).decode()
    assert table.splitlines()[1].startswith("photo.jpg,sneaker,0.")
    kept = download(page, WORDS.train.download)
    assert saved.from_zip(kept, [DEFAULT_BACKBONE]).labels == CLASSES
    assert sorted(zipfile.ZipFile(io.BytesIO(kept)).namelist()) == ["README.md", saved.FACTS, saved.WEIGHTS]
    assert b"softmax" in download(page, WORDS.train.whole_onnx).lower()
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_stop_keeps_the_best_so_far(page: Page, server: str) -> None:
    page.set_default_timeout(90_000)
    page.goto(server)
    page.get_by_role("link", name=WORDS.common.navigation["train"]).click()
    page.get_by_role("radio", name=WORDS.train.sources["fashion-mnist"]).click()  # the one that takes seconds
    page.get_by_text("70,000 pictures in 10 classes").wait_for()
    page.get_by_role("radio", name=WORDS.train.kinds["mlp"]).click()
    page.get_by_role("button", name=WORDS.train.start, exact=True).click()
    stop = page.get_by_role("button", name=WORDS.train.stop)
    page.get_by_text(re.compile(r"Epoch \d+ of 60")).wait_for()
    stop.click()
    pressed = time.monotonic()
    page.get_by_text("had the lowest validation loss").wait_for()
    page.get_by_role("button", name=WORDS.train.download).wait_for()
    page.get_by_label(WORDS.train.confusion_alt).first.wait_for()
    busy = max(1.0, os.getloadavg()[0])  # now, and not when tests began: five seconds are promised on a quiet computer
    assert time.monotonic() - pressed < 5 * busy
    page.get_by_text(WORDS.train.comparing).wait_for(state="detached")
    facts = saved.from_zip(download(page, WORDS.train.download), [DEFAULT_BACKBONE]).facts
    assert facts["options"]["stopped"] is True  # it did not end by itself before
    assert stop.is_disabled()
