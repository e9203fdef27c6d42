"""Cached mid-level features: what lets the tower's last blocks be trained on two cores.

The first five blocks of the ImageNet tower stay as they are, so their output for a picture (and for a few
augmented views of it) is computed once and kept on disk. What remains to train is a fifth of the network's
arithmetic, an epoch of minutes instead of an hour.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from core.backbones import get
from core.config import DEFAULT_BACKBONE
from core.embedding import prepare
from core.training.data import CLOTHING, FASHION_MNIST, PRODUCTS, Pictures, Sample

N_FROZEN_BLOCKS = 5
FEATURE_SHAPE = (112, 14, 14)
SIZE = 224

PLAIN, AUGMENTED, FASHION_MNIST_LIKE = "plain", "augmented", "fashion-mnist-like"


@dataclass(frozen=True)
class View:
    """One way of looking at one sample; `seed` fixes its random crop."""

    sample: Sample
    kind: str
    seed: int


def plan_views(samples: list[Sample], n_fashion_mnist: int, seed: int) -> list[View]:
    """Which views to cache, shuffled so that an unfinished cache is still a fair sample.

    Clothing photos are few and varied: three views. Product photos: two, and for four in ten of them one
    that looks like Fashion-MNIST. Small products and Fashion-MNIST are many: one view.
    """
    rng = random.Random(seed)
    views: list[View] = []
    fashion = [s for s in samples if s.source == FASHION_MNIST and s.part == "train"]
    chosen = set(rng.sample([s.key for s in fashion], min(n_fashion_mnist, len(fashion))))
    for sample in samples:
        if sample.part == "test" or (sample.source == FASHION_MNIST and sample.part == "train"):
            if sample.key not in chosen or sample.source != FASHION_MNIST:
                continue
            views.append(View(sample, rng.choice((PLAIN, AUGMENTED)), rng.getrandbits(32)))
            continue
        kinds = [PLAIN]
        if sample.part == "train" and sample.source == CLOTHING:
            kinds += [AUGMENTED, AUGMENTED]
        elif sample.part == "train" and sample.source == PRODUCTS:
            kinds += [AUGMENTED] + [FASHION_MNIST_LIKE] * (rng.random() < 0.4)
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


def lower_trunk(trunk: Any, pixels: Any) -> Any:
    """The frozen part: (b, 3, 224, 224) in [-1, 1] -> (b, 112, 14, 14)."""
    x = trunk.bn1(trunk.conv_stem(pixels))
    for block in trunk.blocks[:N_FROZEN_BLOCKS]:
        x = block(x)
    return x


def cache_features(trunk: Any, views: list[View], folder: Path, batch_size: int = 48) -> np.ndarray:
    """Compute all views' features, resuming where an earlier run stopped.

    Returns:
        (n, 112, 14, 14) float16, read-only, in the order of `views`; a memory map of a file in `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = json.dumps([asdict(view) for view in views])
    plan_file, state_file, file = folder / "plan.json", folder / "done.txt", folder / "features.f16"
    if not plan_file.is_file() or plan_file.read_text() != plan:
        plan_file.write_text(plan)
        state_file.write_text("0")
    shape = (len(views), *FEATURE_SHAPE)
    done = int(state_file.read_text()) if file.is_file() else 0
    out = np.memmap(file, np.float16, "r+" if done else "w+", shape=shape)
    for start, features in _batches(trunk, views, done, batch_size):
        out[start : start + len(features)] = features
        if (start // batch_size) % 20 == 0 or start + len(features) == len(views):
            out.flush()
            state_file.write_text(str(start + len(features)))
    return np.memmap(file, np.float16, "r", shape=shape)


def _batches(trunk: Any, views: list[View], done: int, size: int) -> Iterator[tuple[int, np.ndarray]]:
    import torch
    from tqdm import tqdm

    pictures = Pictures()
    trunk = trunk.eval().to(memory_format=torch.channels_last)

    def load(start: int) -> np.ndarray:
        chunk = views[start : start + size]
        return np.stack([render_view(pictures.open(view.sample), view) for view in chunk])

    starts = range(done, len(views), size)
    with ThreadPoolExecutor(1) as pool, tqdm(total=len(views), initial=done, unit="view") as bar:
        waiting = [pool.submit(load, start) for start in starts[:1]]
        for number, start in enumerate(starts):
            pixels = torch.from_numpy(waiting.pop().result())
            waiting += [pool.submit(load, following) for following in starts[number + 1 : number + 2]]
            x = pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
            with torch.inference_mode():
                features = lower_trunk(trunk, x.contiguous(memory_format=torch.channels_last))
            yield start, features.half().numpy()
            bar.update(len(pixels))
