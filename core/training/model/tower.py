"""The image tower: EfficientNet-Lite0 that remembers its early stages and places, and a network for small pictures.

The last layer of an ImageNet network has thrown colour and place away. So this tower also pools every earlier
stage, keeps the fifth block's output on a coarse grid, and looks at a 28×28 copy of the picture, the size that
Fashion-MNIST has, with a small network of its own. A hidden layer may combine all of it. `timm` knows the tower as
`vitrine_lite0` once this module is imported, and `open_clip` then loads the model folder like any other.

Source: pooling several stages: Hariharan et al. 2015 (hypercolumns); a linear and a deep path side by side:
    Cheng et al. 2016 (wide and deep); residual layers: He et al. 2016; EfficientNet-Lite0: timm.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, normalize, relu

from core.engine.backbones.torch_compat import import_timm
from core.training.model.parts import PARTS, SHARES

#: Numbers that `pool_stages` gives.
N_POOLED = 4080
#: Side of the small copy of the picture that the detail network looks at.
THUMBNAIL_SIDE = 28
#: The first blocks, whose deviation is pooled beside their mean, and the block that keeps its places.
_N_SPREAD = GRID_BLOCK = 4
_GRID_SIDE = 4


def thumbnails(pixels: Tensor) -> Tensor:
    """(b, 3, side, side) -> (b, 3, 28, 28): each pixel the mean of a square, where the side is a multiple of 28."""
    side = pixels.shape[-1]
    return avg_pool2d(pixels, side // THUMBNAIL_SIDE) if side % THUMBNAIL_SIDE == 0 else _shrunk(pixels)


def _shrunk(pixels: Tensor) -> Tensor:
    return interpolate(pixels, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), mode="bilinear", antialias=True)


def pool_stages(network: Any, pixels: Tensor) -> Tensor:
    """What all stages of a timm EfficientNet saw, pooled.

    Args:
        network: `tf_efficientnet_lite0`.
        pixels: (b, 3, side, side) in [-1, 1].

    Returns:
        (b, N_POOLED): mean and deviation of the stem and the first four blocks; means of the other three blocks;
        the fifth block on a 4×4 grid of overlapping windows; the mean of the last layer.
    """
    return upper_stages(network, *lower_stages(network, pixels))


def lower_stages(network: Any, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """The first half of `pool_stages`: (b, n) of the stem and four blocks, and the fifth block (b, 112, 14, 14)."""
    x = network.bn1(network.conv_stem(pixels))
    pooled = _mean_and_deviation(x)
    for block in network.blocks[:_N_SPREAD]:
        x = block(x)
        pooled += _mean_and_deviation(x)
    return torch.cat(pooled, 1), network.blocks[GRID_BLOCK](x)


def upper_stages(network: Any, early: Tensor, x: Tensor) -> Tensor:
    """The second half of `pool_stages`, from what the first gave."""
    pooled, grid = [early, x.mean((2, 3))], _on_grid(x).flatten(1)
    for block in network.blocks[GRID_BLOCK + 1 :]:
        x = block(x)
        pooled.append(x.mean((2, 3)))
    last = network.bn2(network.conv_head(x))
    return torch.cat([*pooled, grid, last.mean((2, 3))], 1)


def _on_grid(x: Tensor) -> Tensor:
    """(b, n, side, side) -> (b, n, 4, 4): means of windows that overlap as little as the side allows."""
    side = x.shape[-1]
    stride = side // _GRID_SIDE
    return avg_pool2d(x, side - (_GRID_SIDE - 1) * stride, stride=stride)


def _mean_and_deviation(x: Tensor) -> list[Tensor]:
    if x.dtype != torch.float32:
        x = x.float()  # a difference of squares has no digits to spare
    mean = x.mean((2, 3))
    return [mean, ((x * x).mean((2, 3)) - mean * mean).clamp(min=0).sqrt()]


class DetailNetwork(nn.Module):
    """(b, 3, 28, 28) in [-1, 1] -> (b, n_features): a small network for small pictures, Fashion-MNIST above all.

    Drawn out to many more pixels, a picture of 28 looks like nothing that ImageNet has; here it keeps its size. What it
    sees in a picture is the mean of what it sees in it and in its mirror image, so mirrored pictures are alike to it.
    """

    def __init__(self, widths: tuple[int, int, int] = (32, 64, 128)):
        super().__init__()
        first, second, third = widths
        self.layers = nn.Sequential(
            _layer(3, first),
            _layer(first, first, stride=2),
            _layer(first, second),
            _Residual(second),
            nn.MaxPool2d(2),
            _layer(second, third),
            _Residual(third),
        )
        self.n_features = third

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        once, mirrored = self.once(torch.cat([pictures, pictures.flip(3)])).chunk(2)
        return (once + mirrored) / 2

    def once(self, pictures: Tensor) -> Tensor:
        """The same without the mirror images, in half the time: for training, which mirrors pictures at random."""
        x: Tensor = self.layers(pictures)
        return x.mean((2, 3))


class _Residual(nn.Module):
    """Two layers beside an identity."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(_layer(width, width), _layer(width, width))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.layers(x)
        return y


def _layer(seen: int, width: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(nn.Conv2d(seen, width, 3, stride, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())


class MultiStageLite0(nn.Module):
    """All of it, as timm models are: pixels -> features, without a classifier."""

    default_cfg: ClassVar[dict[str, Any]] = {}  # open_clip asks for a pool size here; there is no map left to pool

    def __init__(self, n_hidden: int = 256) -> None:
        super().__init__()
        self.network = import_timm().create_model("tf_efficientnet_lite0", num_classes=0)
        self.detail = DetailNetwork()
        n_seen = N_POOLED + self.detail.n_features
        self.norm = nn.BatchNorm1d(n_seen, eps=1e-3)  # standardises only; weight and bias stay 1 and 0
        self.drop = nn.Dropout(0.2)
        self.hidden = nn.Linear(n_seen, n_hidden)
        self.num_features = sum(PARTS.values())
        self.project = nn.Linear(n_seen + n_hidden, self.num_features, bias=False)
        self.shares: Tensor
        self.register_buffer("shares", torch.tensor(list(SHARES.values())), persistent=False)

    def reset_classifier(self, num_classes: int) -> None:
        """There is none; timm models have this method, and open_clip calls it."""

    def join(self, pooled: Tensor, detail: Tensor) -> Tensor:
        """(b, N_POOLED) from `pool_stages` and (b, n_features) from the detail network -> (b, num_features)."""
        return self.embed(torch.cat([pooled, detail], 1))

    def embed(self, seen: Tensor) -> Tensor:
        """(b, N_POOLED + n_features), what both networks saw -> (b, num_features)."""
        seen = self.drop(self.norm(seen))
        projected = self.project(torch.cat([seen, self.drop(relu(self.hidden(seen)))], 1))
        parts = [normalize(part, dim=1) for part in projected.split(list(PARTS.values()), 1)]
        return torch.cat([share.sqrt() * part for share, part in zip(self.shares, parts, strict=True)], 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """(b, 3, side, side) in [-1, 1] -> (b, num_features): its parts, each of the length that its share gives it."""
        return self.join(pool_stages(self.network, pixels), self.detail(thumbnails(pixels)))


def vitrine_lite0(pretrained: bool = False, **_: Any) -> MultiStageLite0:
    """The tower under the name that timm knows it by; it has no pretrained weights of its own."""
    if pretrained:
        raise ValueError("vitrine_lite0 has no pretrained weights; open_clip loads them from the model folder.")
    return MultiStageLite0()


import_timm().models.register_model(vitrine_lite0)
