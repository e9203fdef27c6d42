"""Pictures that items name by address: only what is below the root, and only as a picture made anew."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import fakes
import pytest
from PIL import Image

from core.engine.catalogues.addressed import AddressedPictures
from core.errors import DataError, ImageError

RED = (200, 30, 40)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "boots").mkdir(parents=True)
    fakes.solid(RED).save(root / "boots" / "one.png")
    fakes.solid(RED).save(tmp_path / "secret.png")
    (root / "notes.txt").write_text("no picture")
    (root / "way-out.png").symlink_to(tmp_path / "secret.png")
    (root / "inside.png").symlink_to(root / "boots" / "one.png")
    return root


def pictures(root: Path | str, address: str) -> AddressedPictures:
    return AddressedPictures(str(root), lambda id: address)


def test_a_picture_below_the_root_is_shown_made_anew(root: Path) -> None:
    for address in ("boots/one.png", "inside.png", "boots/../boots/one.png"):
        shown = pictures(root, address)
        assert shown.has("shop/1")
        assert shown.picture("shop/1").getpixel((3, 3)) == RED
        content, kind = shown.file("shop/1")
        assert (kind, shown.public_url("shop/1")) == ("image/jpeg", "")
        assert Image.open(io.BytesIO(content)).format == "JPEG"


@pytest.mark.parametrize(
    "address", ["../secret.png", "/etc/passwd", "way-out.png", "boots", "gone.png", "", "a\0b", "file:///etc/passwd"]
)
def test_nothing_else_is_opened(root: Path, address: str) -> None:
    shown = pictures(root, address)
    assert not shown.has("shop/1")
    assert shown.public_url("shop/1") == ""
    with pytest.raises(DataError, match="not on this computer"):
        shown.picture("shop/1")


def test_what_is_no_picture_is_not_shown(root: Path) -> None:
    with pytest.raises(ImageError, match="not a picture"):
        pictures(root, "notes.txt").file("shop/1")


def test_only_https_is_given_to_browsers() -> None:
    for address, url in (
        ("https://shop.example/1.jpg", "https://shop.example/1.jpg"),
        ("http://shop.example/1.jpg", ""),
        ("javascript:alert(1)", ""),
        ("data:image/png;base64,AAAA", ""),
    ):
        shown = pictures("", address)
        assert (shown.has("shop/1"), shown.public_url("shop/1")) == (False, url)


def test_a_member_of_an_archive_is_shown(root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "shop.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.write(root / "boots" / "one.png", "boots/one.png")
    assert pictures(archive, "boots/one.png").picture("shop/1").getpixel((3, 3)) == RED
    for address in ("gone.png", "../secret.png"):
        with pytest.raises(DataError, match="not on this computer"):
            pictures(archive, address).picture("shop/1")
    content = bytearray(archive.read_bytes())
    content[60:80] = bytes(20)
    archive.write_bytes(content)
    with pytest.raises((DataError, ImageError)):
        pictures(archive, "boots/one.png").picture("shop/1")
