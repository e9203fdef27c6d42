"""Changed pictures for training: other every time, the same for the same chance, and never of another colour."""

from __future__ import annotations

import random

import fakes
import numpy as np
import pytest
from PIL import Image

from core.engine.images.augment import SIZE, as_by_phone, augment


def halves(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 200
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (40, 30), (300, 900)])
def test_any_picture_becomes_a_square(size):
    for seed in range(20):
        picture = fakes.solid((120, 130, 40), size)
        assert augment(picture, random.Random(seed), 32).size == (32, 32)
        changed = as_by_phone(picture, fakes.solid((9, 9, 9), size), random.Random(seed))
        assert (changed.mode, changed.size) == ("RGB", (2 * SIZE, 2 * SIZE))
    assert augment(picture, random.Random(0)).size == (SIZE, SIZE)


def test_the_same_chance_changes_it_in_the_same_way():
    picture, behind = halves(90, 120), halves(120, 90)
    for change in (augment, lambda picture, rng: as_by_phone(picture, behind, rng)):
        once, again, other = (np.asarray(change(picture, random.Random(seed))) for seed in (1, 1, 2))
        assert (once == again).all()
        assert (once != other).any()


def test_the_hue_stays_and_all_else_moves_a_little():
    picture = fakes.solid((200, 100, 50), (64, 64))
    means = np.array([np.asarray(augment(picture, random.Random(seed), 16)).mean(axis=(0, 1)) for seed in range(60)])
    red, green, blue = means.T
    np.testing.assert_allclose((green - blue) / (red - blue), 1 / 3, atol=0.02)  # which is what a hue is
    assert 145 < means[:, 0].min() < 175 < 225 < means[:, 0].max() < 250  # brightness of 0.8 to 1.2, contrast beside


def test_about_half_are_mirrored_and_most_of_the_picture_is_kept():
    left = [np.asarray(augment(halves(80, 80), random.Random(seed), 40))[20, 4] for seed in range(80)]
    assert 25 < sum(int(pixel[2]) > int(pixel[0]) for pixel in left) < 55
    for seed in range(40):
        seen = np.asarray(augment(halves(80, 80), random.Random(seed), 40)).astype(int)
        assert 0.15 < (seen[:, :, 0] > seen[:, :, 2]).mean() < 0.85


def test_a_photo_by_phone_shows_the_thing_on_a_corner_of_what_is_behind():
    behind = halves(100, 100)  # whose corner is red
    for seed in range(20):
        seen = np.asarray(as_by_phone(fakes.solid((20, 200, 20), (60, 60)), behind, random.Random(seed))).astype(int)
        middle, corner = seen[SIZE, SIZE], seen[0, 0]
        assert middle.argmax() == 1
        assert corner.argmax() == 0
        green = (seen.argmax(axis=2) == 1).mean()
        assert 0.4 < green < 0.98
