"""Names beside points: each at its point, none on another name or point, at both widths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.ui.compare.labels import WIDTHS, Point, places

HEIGHT = 320.0


def boxes(points: list[Point], width: float) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each name, counted anew: 6 pixels a letter, 12 a line."""
    found = []
    for point, (right, down) in zip(points, places(points, HEIGHT), strict=True):
        x, y = point.x * width + right, point.y + down
        found.append((x - 3 * len(point.name), y - 6, x + 3 * len(point.name), y + 6))
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [4, 9])
def test_names_keep_out_of_each_others_way(width: float, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    points = [
        Point(x, y, y - 15, y + 15, 8.0, "backbone-" + "x" * int(length))
        for x, y, length in zip(rng.uniform(0.1, 0.9, n), rng.uniform(40, 280, n), rng.integers(1, 10, n), strict=True)
    ]
    # as EfficientNet-Lite0 to 2: nearly the same cost, nearly the same quality
    points += [Point(0.85 + 0.02 * i, 70.0 - 6 * i, 50.0, 100.0, 14.0, f"efficientnet-lite{i}") for i in range(3)]
    named = boxes(points, width)
    for left, top, right, bottom in named:
        assert left >= 0 and right <= width and top >= 0 and bottom <= HEIGHT
        for point in points if n < 9 else []:  # of more there is no room on a phone
            x, y = point.x * width, point.y
            assert not (left < x + 8 and x - 8 < right and top < y + 8 and y - 8 < bottom)
    for (l1, t1, r1, b1), (l2, t2, r2, b2) in itertools.combinations(named, 2):
        assert not (l1 < r2 and l2 < r1 and t1 < b2 and t2 < b1)


def test_a_name_with_no_other_near_it_is_right_above_its_point() -> None:
    [(right, down)] = places([Point(0.5, 160.0, 160.0, 160.0, 5.0, "alone")], HEIGHT)
    assert abs(right) < 1e-6 and -30 < down < 0


def test_where_there_is_no_room_it_is_above_all_the_same() -> None:
    points = [Point(0.5, 160.0, 160.0, 160.0, 5.0, "a name as long as no phone is wide, and longer")]
    assert places(points, HEIGHT) == [(0.0, -13.0)]
