"""ThumbHash: about 21 bytes that stand for a photo until it arrives.

Encoding is the package thumbhash-py's; it has no decoder to pixels, so that one is here, in numpy.

Source: Evan Wallace, ThumbHash, https://github.com/evanw/thumbhash (MIT): the layout of the bytes.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

    Floats = npt.NDArray[np.float64]

_ENCODED_SIDE = 32  # pixels; the hash keeps 7 waves a side, and the encoder is plain Python
_DECODED_SIDE = 16


def encode(image: Image) -> bytes:
    """Return the ThumbHash of an RGB picture of any size (about 2.5 ms)."""
    from PIL.Image import Resampling
    from thumbhash import rgba_to_thumb_hash

    scale = _ENCODED_SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.convert("RGB").resize((width, height), Resampling.BOX).convert("RGBA")
    return bytes(rgba_to_thumb_hash(width, height, list(small.tobytes())))


def decode(thumbhash: bytes, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Paint a ThumbHash of an opaque picture.

    Returns:
        uint8 (height, width, 3), sRGB.

    Raises:
        ValueError: The bytes are no such ThumbHash.
    """
    if len(thumbhash) < 5 or thumbhash[2] & 0x80:
        raise ValueError("not the ThumbHash of an opaque picture")
    colours = int.from_bytes(thumbhash[:3], "little")
    shape = int.from_bytes(thumbhash[3:5], "little")
    n_waves = max(3, shape & 7)
    nx, ny = (7, n_waves) if shape >> 15 else (n_waves, 7)
    nibbles = [half for byte in thumbhash[5:] for half in (byte & 15, byte >> 4)]
    waves = iter([nibble / 7.5 - 1 for nibble in nibbles])
    size = (width, height)
    light = _channel(waves, (colours & 63) / 63, (colours >> 18 & 31) / 31, nx, ny, size)
    yellow = _channel(waves, (colours >> 6 & 63) / 31.5 - 1, (shape >> 3 & 63) / 63 * 1.25, 3, 3, size)
    red_green = _channel(waves, (colours >> 12 & 63) / 31.5 - 1, (shape >> 9 & 63) / 63 * 1.25, 3, 3, size)
    blue = light - 2 / 3 * yellow
    red = (3 * light - blue + red_green) / 2
    rgb = np.stack([red, red - red_green, blue], axis=-1)
    pixels: npt.NDArray[np.uint8] = np.rint(255 * rgb.clip(0, 1)).astype(np.uint8)
    return pixels


def _channel(waves: Iterator[float], mean: float, scale: float, nx: int, ny: int, size: tuple[int, int]) -> Floats:
    """Sum the cosine waves of one channel, (height, width); takes what it needs from the iterator."""
    weights = np.zeros((ny, nx))
    for y in range(ny):
        for x in range(nx):
            if (x or y) and x * ny < nx * (ny - y):
                weights[y, x] = next(waves, 0.0) * scale * 2
    weights[0, 0] = mean
    across, down = (
        np.cos(np.pi / side * np.outer(np.arange(n), np.arange(side) + 0.5))
        for n, side in ((nx, size[0]), (ny, size[1]))
    )
    return down.T @ weights @ across


@lru_cache(maxsize=2048)
def placeholder_data_url(thumbhash: bytes, width: int, height: int) -> str:
    """Paint a ThumbHash as a PNG of at most 16 pixels a side, for a CSS background.

    Args:
        thumbhash: The hash of an opaque picture, or b"".
        width: Of the picture that it stands for; only the ratio to `height` counts.
        height: As `width`.

    Returns:
        `data:image/png;base64,…` of about 1 KB; "" for an empty hash.

    Raises:
        ValueError: The bytes are no such ThumbHash, or a side is not positive.
    """
    from PIL import Image

    if not thumbhash:
        return ""
    if min(width, height) < 1:
        raise ValueError("width and height must be positive")
    scale = _DECODED_SIDE / max(width, height)
    pixels = decode(thumbhash, max(1, round(width * scale)), max(1, round(height * scale)))
    with io.BytesIO() as buffer:
        Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
