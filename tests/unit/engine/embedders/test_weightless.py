"""The baselines that nobody trained, against what can be worked out by hand."""

from __future__ import annotations

import fakes
import numpy as np
import pytest
from PIL import Image

from core.engine.backbones import get
from core.engine.embedders.load import load_embedder

RNG = np.random.default_rng(0)
NOISE = [Image.fromarray(RNG.integers(0, 256, (90, 70, 3), np.uint8)) for _ in range(3)]


def embed(id: str, *pictures: Image.Image) -> np.ndarray:
    return load_embedder(id).embed_images(pictures)


@pytest.mark.parametrize("id", ["colour-histogram", "hog", "raw-pixels"])
def test_any_picture_has_a_direction_and_batches_change_nothing(id):
    pictures = [*NOISE, fakes.solid((0, 0, 0)), fakes.solid((255, 255, 255)), fakes.solid((127, 127, 127))]
    found = embed(id, *pictures)
    assert found.shape == (6, get(id).dim)
    np.testing.assert_allclose(found, np.concatenate([embed(id, p) for p in pictures]), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_colour_histogram_counts_cells():
    half = Image.new("RGB", (64, 64), (255, 0, 0))
    half.paste((0, 0, 255), (0, 0, 64, 16))  # a quarter of it
    found = embed("colour-histogram", half)[0]
    cells = np.flatnonzero(found > 0.2)  # bicubic scaling of a 64 pixel picture to 64 pixels changes nothing
    assert cells.tolist() == [7, 7 * 64]
    assert found[cells].tolist() == pytest.approx([0.5, 0.75**0.5])


def test_raw_pixels_are_the_pixels():
    picture = Image.fromarray(RNG.integers(0, 256, (32, 32, 3), np.uint8))
    expected = (np.asarray(picture, np.float32) - 127.5).transpose(2, 0, 1).ravel()
    np.testing.assert_allclose(embed("raw-pixels", picture)[0], expected / np.linalg.norm(expected), atol=1e-6)


def naive_hog(pixels: np.ndarray) -> np.ndarray:
    """(3, 128, 128) in [0, 1] -> (1765,): pixel by pixel, as the paper says it."""
    cells = np.zeros((8, 8, 9))
    down, across = np.gradient(pixels, axis=(1, 2))
    for y in range(128):
        for x in range(128):
            c = int(np.hypot(down[:, y, x], across[:, y, x]).argmax())
            dy, dx = down[c, y, x], across[c, y, x]
            place = (np.arctan2(dy, dx) % np.pi) / np.pi * 9 - 0.5
            low = int(np.floor(place))
            for bin, share in ((low, 1 - (place - low)), (low + 1, place - low)):
                cells[y // 16, x // 16, bin % 9] += share * np.hypot(dy, dx)
    blocks = []
    for y in range(7):
        for x in range(7):
            block = np.concatenate([cells[y, x], cells[y, x + 1], cells[y + 1, x], cells[y + 1, x + 1]])
            block = np.minimum(block / np.sqrt((block**2).sum() + 1e-4), 0.2)
            blocks.append(block / np.sqrt((block**2).sum() + 1e-4))
    result = np.append(np.concatenate(blocks), 1e-3)
    return result / np.linalg.norm(result)


def test_hog_is_what_the_slow_way_gives():
    picture = NOISE[0].resize((128, 128))
    expected = naive_hog(np.asarray(picture, np.float32).transpose(2, 0, 1) * (1 / np.float32(255)))
    np.testing.assert_allclose(embed("hog", picture)[0], expected, atol=1e-5)


def test_hog_sees_edges_and_not_brightness():
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::16] = 200
    dim = stripes // 2
    upright, darker, lying = embed("hog", *(Image.fromarray(a) for a in (stripes, dim, stripes.transpose(1, 0, 2))))
    assert upright @ darker > 0.99
    assert upright @ lying < 0.5
