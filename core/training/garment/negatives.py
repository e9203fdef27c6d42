"""Pictures that show no fashion item: drawn here by chance, and the sample photos of two libraries.

`draw` makes ten kinds of them from a seed, so that a detector can be fitted without any data set. `bundled` gives
the photos that scikit-image and scikit-learn ship (a cat, a rocket, coffee, a page of text, a temple); nothing is
fitted on them, but the way of fitting was chosen with them in sight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 256
#: Of the sample photos: what shows clothes large enough to be searched for (an astronaut's suit, a man's coat), and
#: what is no photo but a measurement's mask or a test card of a few pixels.
_LEFT_OUT = {"astronaut", "camera", "horse", "microaneurysms", "multipage", "multipage_rgb", "color"}

Rng = np.random.Generator


def draw(n: int, seed: int) -> Iterator[Image.Image]:
    """Draw n RGB pictures of `SIDE` × `SIDE` pixels, the kinds in turn; the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    for number in range(n):
        yield KINDS[number % len(KINDS)](rng)


def bundled() -> dict[str, Path]:
    """The sample photos that are installed, by name; {} where neither library is."""
    found: dict[str, Path] = {}
    for package, folder in (("skimage", "data"), ("sklearn", "datasets/images")):
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            files = sorted((Path(spec.origin).parent / folder).iterdir())
            found |= {path.stem: path for path in files if path.suffix in (".png", ".jpg", ".gif")}
    return {name: path for name, path in found.items() if name not in _LEFT_OUT}


def _colour(rng: Rng, low: int = 0, high: int = 256) -> tuple[int, ...]:
    return tuple(rng.integers(low, high, 3).tolist())


def _canvas(colour: tuple[int, ...]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (SIDE, SIDE), colour)
    return image, ImageDraw.Draw(image)


def _box(rng: Rng, least: int = 20) -> tuple[int, int, int, int]:
    left, top = rng.integers(-20, SIDE - least, 2).tolist()
    width, height = rng.integers(least, SIDE // 2, 2).tolist()
    return left, top, left + width, top + height


def _noise(rng: Rng) -> Image.Image:
    """Noise of a grain from one pixel to a quarter of the picture, grey or coloured."""
    side = int(2 ** rng.integers(2, 9))
    values = rng.integers(0, 256, (side, side, 1 if rng.random() < 0.3 else 3), dtype=np.uint8)
    whole = np.broadcast_to(values, (side, side, 3))
    return Image.fromarray(np.ascontiguousarray(whole)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _gradient(rng: Rng) -> Image.Image:
    """One colour, or a gradient between two."""
    first, second = (np.array(_colour(rng)) for _ in range(2))
    across, down = np.meshgrid(np.linspace(-0.5, 0.5, SIDE), np.linspace(-0.5, 0.5, SIDE))
    angle = rng.uniform(0, 2 * math.pi)
    share = (across * math.cos(angle) + down * math.sin(angle) + 0.5) * float(rng.random() < 0.7)
    return Image.fromarray(np.clip(first + share[..., None] * (second - first), 0, 255).astype(np.uint8))


def _lines_of_text(pen: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int], ink: tuple[int, ...]) -> None:
    size = int(rng.integers(7, 16))
    font = ImageFont.load_default(size)
    letters = list("abcdefghijklmnopqrstuvwxyz     ,.AEIST0123456789")
    for top in range(box[1], box[3] - size, int(size * 1.5)):
        n_letters = int(rng.uniform(0.4, 1) * (box[2] - box[0]) / size * 1.7)
        pen.text((box[0], top), "".join(rng.choice(letters, n_letters)), ink, font)


def _page(rng: Rng) -> Image.Image:
    """A page of text, dark on light or light on dark."""
    dark = rng.random() < 0.25
    image, pen = _canvas(_colour(rng, 0, 50) if dark else _colour(rng, 215))
    margin = int(rng.integers(5, 40))
    _lines_of_text(pen, rng, (margin, margin, SIDE - margin, SIDE), _colour(rng, 200) if dark else _colour(rng, 0, 80))
    return image.rotate(rng.uniform(-8, 8), fillcolor=image.getpixel((0, 0)))


def _screenshot(rng: Rng) -> Image.Image:
    """Bars, panels, buttons and lines of text."""
    image, pen = _canvas(_colour(rng, 200) if rng.random() < 0.6 else _colour(rng, 10, 60))
    bar = int(rng.integers(12, 40))
    pen.rectangle((0, 0, SIDE, bar), _colour(rng))
    pen.rectangle((0, bar, int(rng.integers(0, 80)), SIDE), _colour(rng, 100))
    for _ in range(rng.integers(2, 8)):
        box = _box(rng)
        pen.rounded_rectangle(box, 6, _colour(rng, 120), outline=_colour(rng))
        _lines_of_text(pen, rng, (box[0] + 6, box[1] + 6, box[2], box[3]), _colour(rng, 0, 90))
    return image


def _chart(rng: Rng) -> Image.Image:
    """Bars or a line between two axes."""
    image, pen = _canvas(_colour(rng, 225))
    n = int(rng.integers(4, 14))
    heights = rng.uniform(20, 190, n)
    step = 200 / n
    tops = [(40 + step * i, 230 - height) for i, height in enumerate(heights)]
    if rng.random() < 0.5:
        colour = _colour(rng, 0, 200)
        for left, top in tops:
            pen.rectangle((left, top, left + 0.7 * step, 230), colour)
    else:
        pen.line(tops, _colour(rng, 0, 200), int(rng.integers(2, 6)))
    pen.line([(35, 15), (35, 230), (245, 230)], (60, 60, 60), 2)
    return image


def _landscape(rng: Rng) -> Image.Image:
    """A sky, hills, now and then a sun, water and trees."""
    horizon = int(rng.integers(80, 190))
    image, pen = _canvas(_colour(rng, 120))
    if rng.random() < 0.5:
        x, radius = int(rng.integers(10, 240)), int(rng.integers(8, 28))
        pen.ellipse((x - radius, 25, x + radius, 25 + 2 * radius), (255, 230, int(rng.integers(80, 200))))
    for depth in range(rng.integers(1, 4)):
        phase, wave = rng.uniform(0, 6), rng.uniform(0.01, 0.06)
        ridge = [(x, horizon + 25 * depth + 25 * math.sin(phase + wave * x)) for x in range(0, SIDE + 8, 8)]
        pen.polygon([*ridge, (SIDE, SIDE), (0, SIDE)], _colour(rng, 20, 150))
    for _ in range(rng.integers(0, 9)):
        x, top = int(rng.integers(0, SIDE)), int(rng.integers(horizon, SIDE))
        pen.polygon([(x - 12, top + 30), (x + 12, top + 30), (x, top - 20)], (20, int(rng.integers(60, 130)), 30))
    return _grainy(image, rng)


def _animal(rng: Rng) -> Image.Image:
    """A head with eyes and ears, before something."""
    image, pen = _canvas(_colour(rng))
    fur = _colour(rng)
    x, y, size = (int(rng.integers(*limits)) for limits in ((90, 166), (90, 166), (45, 85)))
    for side in (-1, 1):
        ear = [(x + side * size * a, y - size * b) for a, b in ((0.9, 0.3), (0.8, 1.4), (0.2, 0.8))]
        pen.polygon(ear, fur)
    pen.ellipse((x - size, y - size, x + size, y + size), fur)
    for side in (-1, 1):
        eye, radius = x + side * size * 0.4, size * rng.uniform(0.1, 0.2)
        pen.ellipse((eye - radius, y - size * 0.3, eye + radius, y - size * 0.3 + 2 * radius), _colour(rng, 0, 90))
    pen.ellipse((x - 0.15 * size, y + 0.1 * size, x + 0.15 * size, y + 0.3 * size), _colour(rng, 0, 120))
    return _grainy(image, rng)


def _street(rng: Rng) -> Image.Image:
    """Houses with windows above a road."""
    image, pen = _canvas(_colour(rng, 130))
    left = 0
    while left < SIDE:
        width, top = int(rng.integers(30, 90)), int(rng.integers(20, 150))
        pen.rectangle((left, top, left + width, 210), _colour(rng, 40, 220))
        glass = _colour(rng)
        for across in range(left + 6, left + width - 8, 16):
            for down in range(top + 8, 200, 22):
                pen.rectangle((across, down, across + 8, down + 12), glass)
        left += width
    pen.rectangle((0, 210, SIDE, SIDE), _colour(rng, 40, 110))
    return _grainy(image, rng)


def _shapes(rng: Rng) -> Image.Image:
    """Plain shapes lying over each other."""
    image, pen = _canvas(_colour(rng))
    for _ in range(rng.integers(3, 25)):
        shape = (pen.ellipse, pen.rectangle)[int(rng.integers(2))]
        shape(_box(rng, 8), fill=_colour(rng))
    return image


def _plate(rng: Rng) -> Image.Image:
    """Round things on a round thing, seen from above."""
    image, pen = _canvas(_colour(rng))
    x, y, size = (int(rng.integers(*limits)) for limits in ((100, 156), (100, 156), (70, 120)))
    pen.ellipse((x - size, y - size, x + size, y + size), _colour(rng, 170))
    for _ in range(rng.integers(3, 20)):
        radius, angle, away = rng.integers(8, 30), rng.uniform(0, 6.3), rng.uniform(0, 0.7 * size)
        a, b = x + away * math.cos(angle), y + away * math.sin(angle)
        pen.ellipse((a - radius, b - radius, a + radius, b + radius), _colour(rng, 40))
    return _grainy(image, rng)


def _grainy(image: Image.Image, rng: Rng) -> Image.Image:
    """Softened and with a camera's noise, so that a drawing is less of a drawing."""
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 3)))), np.float32)
    noise = rng.normal(0, rng.uniform(2, 22), (SIDE, SIDE, 1))
    return Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8))


KINDS: tuple[Callable[[Rng], Image.Image], ...] = (
    *(_noise, _gradient, _page, _screenshot, _chart, _landscape, _animal, _street, _shapes, _plate),
)
