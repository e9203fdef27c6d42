"""A part of a picture: written, read, refused, cut out."""

from __future__ import annotations

import io
from pathlib import Path

import fakes
import numpy as np
import pytest
from PIL import Image

from core.engine.embedders.base import embed_photo, enough_for
from core.engine.images.region import LEAST_SIDE, Region
from core.engine.search.query import Query
from core.errors import ImageError, VitrineError

ODD = [
    "",
    "1",
    "0,0,1",
    "0,0,1,1,1",
    "0, 0, 1, 1",
    "0,0,1,2",
    "-0.1,0,1,1",
    "nan,0,1,1",
    "0,0,1e0,1",
    "٠,0,1,1",
    "0,0,1,1\n",
]


@pytest.mark.parametrize("text", ["0,0,1,1", "0.25,0.1,0.75,0.9", "0.333,0,0.667,1", "0.05,0.5,0.1,0.55"])
def test_what_is_written_is_read(text: str) -> None:
    assert str(Region.read(text)) == text


def test_more_digits_than_count_are_rounded() -> None:
    assert str(Region.read("0.33333,0.10000,0.66666,1.0")) == "0.333,0.1,0.667,1"


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_region_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(VitrineError, match="four numbers from 0 to 1"):
        Region.read(text)


@pytest.mark.parametrize("text", ["0.5,0.5,0.5,0.5", "0.9,0,0.1,1", "0,0.9,1,0.1", "0.5,0.5,0.549,1"])
def test_what_is_too_small_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(VitrineError, match="at least 5 %"):
        Region.read(text)
    assert LEAST_SIDE == 0.05


def test_every_pixel_that_is_touched_belongs_to_the_part() -> None:
    image = Image.fromarray(np.arange(100 * 40 * 3, dtype=np.uint32).astype(np.uint8).reshape(40, 100, 3))
    part = Region(0.105, 0.26, 0.502, 0.99).of(image)
    assert np.array_equal(np.asarray(part), np.asarray(image)[10:40, 10:51])


def test_a_part_of_too_few_pixels_is_refused_with_its_size() -> None:
    with pytest.raises(ImageError, match=r"hat\.png: the chosen part of it has only 6 × 60 pixels"):
        Region(0.5, 0, 0.6, 1).of(fakes.solid((9, 9, 9), (60, 60)), "hat.png")


def photo(path: Path) -> Path:
    """Left half red, right half blue, upright only once it is turned."""
    image = Image.new("RGB", (3000, 2000), (200, 30, 40))
    image.paste((30, 40, 200), (1500, 0, 3000, 2000))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    image.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    return path


def test_a_part_is_embedded_as_a_picture_of_it_would_be(tmp_path: Path) -> None:
    embedder = fakes.FakeEmbedder(fakes.fake_record())
    part = embed_photo(embedder, photo(tmp_path / "a.jpg"), region=Region(0.6, 0.2, 0.9, 0.5))
    alone = embed_photo(embedder, as_png(fakes.solid((30, 40, 200), (300, 300))))
    assert part.embedding == pytest.approx(alone.embedding, abs=0.02)
    # A large photo is decoded at a part of its size, of which a small region still has enough pixels.
    assert min(part.image.size) >= min(enough_for(embedder.record), 0.3 * 2000)


def as_png(image: Image.Image) -> bytes:
    with io.BytesIO() as buffer:
        image.save(buffer, "PNG")
        return buffer.getvalue()


def test_only_a_photo_has_a_region() -> None:
    with pytest.raises(ValueError, match="only a photo"):
        Query(text="red", region=Region(0, 0, 0.5, 1))
