"""Packed pictures and the random views of them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from core.training.data import changes
from core.training.data.packed import cut_out


def on_white(side: int = 40) -> np.ndarray:
    """A red square with a white hole, on white: (side, side, 3) uint8."""
    pixels = np.full((side, side, 3), 255, np.uint8)
    pixels[10:30, 10:30] = (200, 20, 20)
    pixels[18:22, 18:22] = 255
    return pixels


def test_a_thing_on_white_is_cut_out_with_its_holes():
    mask = cut_out(on_white())
    assert (mask[12:29, 12:29] == 255).all()  # the hole, too: it is not joined to the border
    assert (mask[:8] == 0).all()
    assert (mask[:, 33:] == 0).all()


@pytest.mark.parametrize("pixels", [np.full((20, 20, 3), 255, np.uint8), np.full((20, 20, 3), 90, np.uint8)])
def test_where_there_is_no_thing_or_no_white_nothing_is_cut(pixels):
    assert (cut_out(pixels) == 255).all()


def views(source: str, pictures: np.ndarray, seed: int = 0, size: int = 32):
    backgrounds = np.full((3, 40, 40, 4), (0, 0, 255, 255), np.uint8)
    return changes.changed(source, pictures, backgrounds, size, np.random.default_rng(seed))


def packed(n: int) -> np.ndarray:
    picture = on_white()
    return np.repeat(np.dstack([picture, cut_out(picture)])[None], n, 0)


def test_views_are_seeded_and_differ_from_each_other():
    first, again, other = (views("products", packed(4), seed) for seed in (1, 1, 2))
    assert first.shape == (4, 3, 32, 32)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])
    assert 0 <= float(first.min()) <= float(first.max()) <= 1


def test_a_thing_keeps_its_colour_on_whatever_background():
    found = views("products", packed(300))
    corners = found[:, :, 0, 0]
    blue = corners[:, 2] > 2 * corners[:, 0]
    assert 0.35 < blue.float().mean() < 0.8  # the rest stand on white, or fill the picture
    red = (found[:, 0] > 2 * found[:, 2]) & (found[:, 0] > 2 * found[:, 1])
    assert (red.flatten(1).sum(1) > 20).all()


def test_photos_have_no_seam_where_they_are_turned():
    grey = np.full((50, 40, 40, 4), 128, np.uint8)
    grey[..., 3] = 255
    found = views("clothing", grey)
    assert float((found.amax((1, 2, 3)) - found.amin((1, 2, 3))).max()) < 0.35  # but for light and its tint
    plain = views("fashion-mnist", grey)
    torch.testing.assert_close(plain, torch.full_like(plain, 128 / 255), atol=1e-5, rtol=0)


def test_like_fashion_mnist_is_grey_and_light_on_black():
    x = torch.ones(1, 3, 56, 56)
    x[:, :, 20:40, 20:40] = torch.tensor([0.9, 0.1, 0.2])[:, None, None]
    grey = changes.like_fashion_mnist(x)
    assert grey.shape == (1, 3, 56, 56)
    assert torch.equal(grey[:, 0], grey[:, 2])
    assert float(grey[0, 0, 0, 0]) < 0.02
    assert float(grey[0, 0, 30, 30]) == pytest.approx(0.6, abs=0.02)
