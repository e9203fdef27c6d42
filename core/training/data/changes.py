"""Random changes to whole batches of packed pictures: what a phone does to a thing that a catalogue shows on white.

Cropped, tilted, stretched, mirrored, set on another background, lit from one side; never another hue beyond what light
does, since colour is what visitors see first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from core.training.data.samples import CLOTHING, FASHION_MNIST

if TYPE_CHECKING:
    from torch import Tensor

#: Smallest and largest piece of a picture that a view shows, by source; above 1 there is background around it.
_ZOOM = {CLOTHING: (0.65, 1.0), FASHION_MNIST: (0.88, 1.06)}
_ZOOM_CUT_OUT = (0.7, 1.25)
_TILT, _STRETCH = math.radians(15), 0.18
#: Share of views of things on white that are set on another background.
_REPLACED = 0.6


def changed(source: str, pictures: np.ndarray, backgrounds: np.ndarray, size: int, rng: np.random.Generator) -> Tensor:
    """One random view of each picture.

    Args:
        source: The data set that they come from.
        pictures: (n, h, w, 4) uint8 of `packed.pack`.
        backgrounds: (m, h, w, 4) uint8, pictures whose corners lend backgrounds.
        size: Side of a view.
        rng: Decides everything.

    Returns:
        (n, 3, size, size) float32 in [0, 1].
    """
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    n = len(pictures)
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    grid = affine_grid(_moves(source, n, rng), [n, 4, size, size], align_corners=False)
    if source in (CLOTHING, FASHION_MNIST):
        seen = grid_sample(x[:, :3], grid, padding_mode="border", align_corners=False)
        return seen if source == FASHION_MNIST else lit(seen, rng)
    x[:, :3] *= x[:, 3:]  # premultiplied, so that edges do not bring their white along
    seen = grid_sample(x, grid, align_corners=False)
    behind = torch.ones(n, 3, size, size)
    elsewhere = torch.from_numpy(rng.random(n) < _REPLACED)
    if elsewhere.any():
        behind[elsewhere] = _backgrounds(backgrounds, int(elsewhere.sum()), size, rng)
    return lit(seen[:, :3] + behind * (1 - seen[:, 3:]), rng)


def _moves(source: str, n: int, rng: np.random.Generator) -> Tensor:
    import torch

    smallest, largest = _ZOOM.get(source, _ZOOM_CUT_OUT)
    tilt = rng.uniform(-_TILT, _TILT, n) * (source != FASHION_MNIST)
    zoom = rng.uniform(smallest, largest, n)
    stretch = np.exp(rng.uniform(-_STRETCH, _STRETCH, n) * (source != FASHION_MNIST))
    across, down = zoom * stretch, zoom / stretch
    mirror = np.where(rng.random(n) < 0.5, -1.0, 1.0)
    room = np.maximum(0.08, 1 - np.stack([across, down], 1))
    shift = rng.uniform(-1, 1, (n, 2)) * room
    cos, sin = np.cos(tilt), np.sin(tilt)
    rows = np.stack(
        [across * mirror * cos, -down * sin, shift[:, 0], across * mirror * sin, down * cos, shift[:, 1]], 1
    )
    return torch.from_numpy(rows.reshape(n, 2, 3).astype(np.float32))


def _backgrounds(pictures: np.ndarray, n: int, size: int, rng: np.random.Generator) -> Tensor:
    """(n, 3, size, size): corners of other pictures drawn out, or one plain colour."""
    import torch
    from torch.nn.functional import interpolate

    side = pictures.shape[1] // 4
    rows = rng.integers(0, len(pictures), n)
    which = rng.integers(0, 4, n)
    corners = np.stack([_corner(pictures[row], side, int(where)) for row, where in zip(rows, which, strict=True)])
    drawn = torch.from_numpy(corners).permute(0, 3, 1, 2).float() / 255
    behind = interpolate(drawn, (size, size), mode="bilinear", align_corners=False)
    plain = torch.from_numpy(rng.random(n) < 0.3)
    behind[plain] = drawn[plain].mean((2, 3), keepdim=True)
    return behind


def _corner(picture: np.ndarray, side: int, which: int) -> np.ndarray:
    top, left = (0 if which & 1 else len(picture) - side), (0 if which & 2 else len(picture) - side)
    return picture[top : top + side, left : left + side, :3]


def lit(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Brightness, contrast, the tint of lamps, and light from one side: (n, 3, s, s) in [0, 1], and so it stays."""
    import torch

    n, side = len(x), x.shape[-1]

    def drawn(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (n, channels, 1, 1)).astype(np.float32))

    ramp = torch.linspace(-1, 1, side)
    slope = 1 + drawn(-0.15, 0.15) * ramp[:, None] + drawn(-0.15, 0.15) * ramp[None]
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * drawn(0.85, 1.15) + mean
    return (x * drawn(0.75, 1.2) * drawn(0.95, 1.05, 3) * slope).clamp(0, 1)


def like_fashion_mnist(x: Tensor) -> Tensor:
    """Grey, 28×28, light on black, drawn out again: how Fashion-MNIST was made of product photos."""
    from torch.nn.functional import interpolate

    grey = 1 - x.mean(1, keepdim=True)
    small = interpolate(grey, (28, 28), mode="bilinear", antialias=True)
    return interpolate(small, x.shape[-2:], mode="bicubic").clamp(0, 1).expand(-1, 3, -1, -1)
