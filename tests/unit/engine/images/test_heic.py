"""Photos as iPhones save them. Pillow writes none, so these three were made once, of the picture of test_decode."""

from __future__ import annotations

import random
import struct
import time
from pathlib import Path

import numpy as np
import pytest

from core.engine.images.decode import open_image
from core.errors import ImageError

FOLDER = Path(__file__).parent / "heic"


def photo(width: int = 48, height: int = 32) -> np.ndarray:
    """(height, width, 3) uint8, smooth, with no symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 // (width - 1), y * 255 // (height - 1)
    return np.stack([red, green, (red + 2 * green) // 3], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("name", ["plain", "turned"])
def test_a_heic_comes_out_upright_and_in_its_colours(name):
    image = open_image(FOLDER / f"{name}.heic")
    assert (image.mode, image.size, image.info) == ("RGB", (48, 32), {})
    assert np.abs(np.asarray(image).astype(int) - photo()).mean() < 4


def test_a_heic_over_the_limit_is_refused_before_it_is_decoded():
    started = time.perf_counter()
    with pytest.raises(ImageError, match="more than 40 megapixels"):
        open_image(FOLDER / "large.heic")  # 48
    assert time.perf_counter() - started < 1


def test_a_heic_whose_header_says_less_than_it_holds_is_refused():
    data = bytearray((FOLDER / "large.heic").read_bytes())
    size = data.index(b"ispe") + 8
    data[size : size + 8] = struct.pack(">II", 1000, 1000)
    with pytest.raises(ImageError):
        open_image(bytes(data))


def test_broken_heics_are_read_or_refused_and_nothing_else():
    whole = (FOLDER / "plain.heic").read_bytes()
    chance, n_read = random.Random(1), 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            n_read += open_image(bytes(data)).mode == "RGB"
        except ImageError:
            continue
    assert 0 < n_read < 300
    for end in range(0, len(whole), 40):
        with pytest.raises(ImageError):
            open_image(whole[:end])
