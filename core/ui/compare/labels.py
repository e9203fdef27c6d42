"""Where the names of points are written in a plot: beside no other name and on no point, on a phone and on a screen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: Widths of a plot between its axes in pixels, on a phone and on a screen.
WIDTHS = (250.0, 1000.0)
_LETTER, _LINE = 6.8, 16.0  # pixels of a letter and of a line, rather too much
_GAP = 4.0  # between a name and whatever else there is
_FARTHEST, _STEP, _WAYS = 240, 8, 16


@dataclass(frozen=True)
class Point:
    """What gets a name.

    Attributes:
        x: In [0, 1], from the left of the plot to its right.
        y: In pixels, from its top.
        high: Where the bar of its interval begins, in pixels from the top.
        low: Where it ends.
        radius: In pixels.
        name: As it is written.
    """

    x: float
    y: float
    high: float
    low: float
    radius: float
    name: str


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def places(points: Sequence[Point], height: float) -> list[tuple[float, float]]:
    """How far from its point the middle of each name is, in pixels to the right and downwards.

    The nearest place that is free at both `WIDTHS`; else the nearest one on no other name; else right above the point.

    Args:
        points: In any order; the longest names choose first.
        height: Of the plot between its axes, in pixels.
    """
    marks = [[box for point in points for box in _obstacles(point, width)] for width in WIDTHS]
    names: list[list[_Box]] = [[] for _ in WIDTHS]
    found: dict[int, tuple[float, float]] = {}
    for number in sorted(range(len(points)), key=lambda number: -len(points[number].name)):
        point = points[number]
        free = [place for place in _around(point) if _is_free(point, place, names, height)]
        best = next((place for place in free if _is_free(point, place, marks, height)), None)
        chosen = best or next(iter(free), (0.0, -point.radius - _LINE / 2))
        for width, boxes in zip(WIDTHS, names, strict=True):
            boxes.append(_box(point, chosen, width))
        found[number] = chosen
    return [found[number] for number in range(len(points))]


def _around(point: Point) -> Iterator[tuple[float, float]]:
    """Places around a point, the nearest first; of those as near, above and below come first."""
    half = len(point.name) * _LETTER / 2
    for distance in range(0, _FARTHEST, _STEP):
        for number in range(_WAYS):
            # 90°, 270°, then from there to both sides
            turn = math.pi * (0.5 + (number % 2) + (-1) ** (number // 2) * ((number + 2) // 4) / (_WAYS // 2))
            reach = point.radius + _GAP + distance
            yield math.cos(turn) * (reach + half), -math.sin(turn) * (reach + _LINE / 2)


def _is_free(point: Point, place: tuple[float, float], taken: Sequence[Sequence[_Box]], height: float) -> bool:
    for width, boxes in zip(WIDTHS, taken, strict=True):
        box = _box(point, place, width)
        if box.left < 0 or box.right > width or box.top < 0 or box.bottom > height or any(map(box.meets, boxes)):
            return False
    return True


def _box(point: Point, place: tuple[float, float], width: float) -> _Box:
    x, y, half = point.x * width + place[0], point.y + place[1], len(point.name) * _LETTER / 2
    return _Box(x - half, y - _LINE / 2, x + half, y + _LINE / 2)


def _obstacles(point: Point, width: float) -> Iterator[_Box]:
    x, r = point.x * width, point.radius + _GAP / 2
    yield _Box(x - r, point.y - r, x + r, point.y + r)
    yield _Box(x - _GAP, point.high, x + _GAP, point.low)
