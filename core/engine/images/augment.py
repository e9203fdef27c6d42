"""Random changes to a picture that training looks at: what a visitor's photo of the same thing may have, too."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

#: Side of a changed picture, in pixels, where none is asked for.
SIZE = 224


def augment(picture: Image.Image, rng: random.Random, size: int = SIZE) -> Image.Image:
    """Crop, mirror, tilt, brightness and contrast; never hue, since colour is what visitors see first.

    RGB of any size -> RGB, `size` pixels square.
    """
    fill = tuple(int(v) for v in np.asarray(picture)[0, 0])
    picture = picture.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=False, fillcolor=fill)
    side = min(picture.size)
    scale, aspect = rng.uniform(0.7, 1.0), rng.uniform(0.85, 1.18)
    width = min(picture.width, int(side * scale * aspect**0.5 * 1.1))
    height = min(picture.height, int(side * scale / aspect**0.5 * 1.1))
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    picture = picture.crop((left, top, left + width, top + height))
    picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        picture = ImageOps.mirror(picture)
    picture = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.8, 1.2))
    return ImageEnhance.Contrast(picture).enhance(rng.uniform(0.85, 1.15))


def as_by_phone(picture: Image.Image, behind: Image.Image, rng: random.Random) -> Image.Image:
    """The same thing taken again with a phone: closer or from the side, in other light, framed by something else.

    Args:
        picture: RGB of any size.
        behind: RGB of any size; a corner of it is what the picture is laid on.
        rng: Decides everything.

    Returns:
        RGB, twice `SIZE` pixels square.
    """
    side = 2 * SIZE
    corner = behind.crop((0, 0, max(1, behind.width // 5), max(1, behind.height // 5)))
    frame = corner.resize((side, side), Image.Resampling.BILINEAR)
    across, down = (rng.uniform(0.8, 0.97) for _ in range(2))
    left, top = round(rng.uniform(0, 1 - across) * picture.width), round(rng.uniform(0, 1 - down) * picture.height)
    right, bottom = left + round(across * picture.width), top + round(down * picture.height)
    seen = picture.crop((left, top, max(left + 1, right), max(top + 1, bottom))).convert("RGBA")
    seen = seen.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True)
    share = side * rng.uniform(0.85, 1.0) / max(seen.size)
    seen = seen.resize(
        (max(1, round(seen.width * share)), max(1, round(seen.height * share))), Image.Resampling.BICUBIC
    )
    frame.paste(seen, ((side - seen.width) // 2, (side - seen.height) // 2), seen)
    frame = ImageEnhance.Brightness(frame).enhance(rng.uniform(0.75, 1.2))
    frame = ImageEnhance.Contrast(frame).enhance(rng.uniform(0.85, 1.15))
    return ImageEnhance.Color(frame).enhance(rng.uniform(0.85, 1.15))
