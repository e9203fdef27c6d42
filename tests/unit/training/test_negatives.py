"""Pictures that show no fashion item."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.training.garment.fit import _shuffle
from core.training.garment.negatives import KINDS, SIDE, draw


def test_the_same_seed_draws_the_same_pictures_and_another_seed_others() -> None:
    one, again, other = (list(draw(len(KINDS), seed)) for seed in (0, 0, 1))
    assert {image.size for image in one} == {(SIDE, SIDE)}
    assert {image.mode for image in one} == {"RGB"}
    assert [image.tobytes() for image in one] == [image.tobytes() for image in again]
    assert all(a.tobytes() != b.tobytes() for a, b in zip(one, other, strict=True))


def test_shuffling_keeps_every_tile_whole() -> None:
    photo = np.zeros((240, 240, 3), np.uint8)
    for number in range(9):
        row, column = divmod(number, 3)
        photo[80 * row : 80 * row + 80, 80 * column : 80 * column + 80] = 20 * number
    shuffled = np.asarray(_shuffle(photo, 3, np.random.default_rng(1)))
    tiles = [shuffled[80 * r : 80 * r + 80, 80 * c : 80 * c + 80] for r in range(3) for c in range(3)]
    assert all(len(np.unique(tile)) == 1 for tile in tiles)
    assert sorted(int(tile[0, 0, 0]) for tile in tiles) == [20 * number for number in range(9)]
    assert isinstance(_shuffle(photo, 4, np.random.default_rng(1)), Image.Image)
