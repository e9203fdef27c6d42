"""Views: the ways of looking at a picture that training uses, planned and drawn with fixed seeds."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from core.config import DEFAULT_BACKBONE
from core.engine.backbones import get
from core.engine.embedders.base import prepare
from core.engine.images.augment import augment
from core.training.data.samples import CLOTHING, FASHION_MNIST, PRODUCTS, SMALL_PRODUCTS, Sample

PLAIN, AUGMENTED, FASHION_MNIST_LIKE = "plain", "augmented", "fashion-mnist-like"


@dataclass(frozen=True)
class View:
    """One way of looking at one sample; `seed` fixes its random crop."""

    sample: Sample
    kind: str
    seed: int


#: How often a training picture is looked at with random changes, beside once as a query is.
_N_AUGMENTED = {CLOTHING: 3, PRODUCTS: 2, SMALL_PRODUCTS: 1}


def plan_views(samples: list[Sample], n_fashion_mnist: int, seed: int) -> list[View]:
    """Which views to cache, shuffled so that an unfinished cache is still a fair sample.

    Clothing photos are few and varied: four views. Product photos: three, and for four in ten of them one
    that looks like Fashion-MNIST. Small products are more: two. Fashion-MNIST's are many, and alike in place and
    size: one, as queries are.
    """
    rng = random.Random(seed)
    views: list[View] = []
    fashion = [s for s in samples if s.source == FASHION_MNIST and s.part == "train"]
    chosen = set(rng.sample([s.key for s in fashion], min(n_fashion_mnist, len(fashion))))
    for sample in samples:
        if sample.part == "test":
            continue
        kinds = [PLAIN]
        if sample.part == "train" and sample.source == FASHION_MNIST:
            kinds = [PLAIN] if sample.key in chosen else []
        elif sample.part == "train":
            kinds += [AUGMENTED] * _N_AUGMENTED[sample.source]
            kinds += [FASHION_MNIST_LIKE] * (sample.source == PRODUCTS and rng.random() < 0.4)
        views += [View(sample, kind, rng.getrandbits(32)) for kind in kinds]
    rng.shuffle(views)
    return views


def render_view(picture: Image.Image, view: View) -> np.ndarray:
    """The view's pixels, (224, 224, 3) uint8: a plain view is prepared exactly as a query is."""
    rng = random.Random(view.seed)
    if view.kind == FASHION_MNIST_LIKE:
        picture = _fashion_mnist_like(picture)
    if view.kind == PLAIN:
        return prepare(picture, get(DEFAULT_BACKBONE))
    return np.asarray(augment(picture, rng))


def _fashion_mnist_like(picture: Image.Image) -> Image.Image:
    """Grey, 28×28, light on black: how Fashion-MNIST was made from product photos."""
    grey = ImageOps.invert(picture.convert("L"))
    small = ImageOps.pad(grey, (28, 28), Image.Resampling.LANCZOS, color=0)
    return small.convert("RGB")
