"""Random changes to a picture that training looks at: what a visitor's photo of the same thing may have, too."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

#: Side of a changed picture, in pixels.
SIZE = 224


def augment(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Crop, mirror, tilt, brightness and contrast; never hue, since colour is what visitors see first.

    RGB of any size -> RGB, `SIZE` pixels square.
    """
    fill = tuple(int(v) for v in np.asarray(picture)[0, 0])
    picture = picture.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=False, fillcolor=fill)
    side = min(picture.size)
    scale, aspect = rng.uniform(0.7, 1.0), rng.uniform(0.85, 1.18)
    width = min(picture.width, int(side * scale * aspect**0.5 * 1.1))
    height = min(picture.height, int(side * scale / aspect**0.5 * 1.1))
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    picture = picture.crop((left, top, left + width, top + height))
    picture = picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        picture = ImageOps.mirror(picture)
    picture = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.8, 1.2))
    return ImageEnhance.Contrast(picture).enhance(rng.uniform(0.85, 1.15))
