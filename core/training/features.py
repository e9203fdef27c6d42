"""Cached features: what lets the tower be trained on two cores.

In the first stage the first five blocks of the ImageNet tower stay as they are, so their output for a picture
(and for a few augmented views of it) is computed once and kept on disk. In the second stage the whole network
stays as it is, and what it pools is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.training.data import Pictures
from core.training.views import View, render_view

N_FROZEN_BLOCKS = 5
FEATURE_SHAPE = (112, 14, 14)


def lower_trunk(trunk: Any, pixels: Any) -> Any:
    """The frozen part: (b, 3, 224, 224) in [-1, 1] -> (b, 112, 14, 14)."""
    x = trunk.bn1(trunk.conv_stem(pixels))
    for block in trunk.blocks[:N_FROZEN_BLOCKS]:
        x = block(x)
    return x


def cache_features(trunk: Any, views: list[View], folder: Path, batch_size: int = 48) -> np.ndarray:
    """The frozen part's output for all views: (n, 112, 14, 14) float16, read-only, in the order of `views`."""

    def compute(pixels: Any) -> dict[str, Any]:
        return {"features": lower_trunk(trunk, pixels)}

    trunk.eval().to(memory_format=_channels_last())
    return cache(compute, {"features": (FEATURE_SHAPE, np.float16)}, views, folder, batch_size)["features"]


def cache_pooled(tower: Any, views: list[View], folder: Path, batch_size: int = 48) -> dict[str, np.ndarray]:
    """What the second stage learns from: pooled stages of the image tower, and the thumbnails.

    Returns:
        `pooled` (n, N_POOLED) and `pictures` (n, 3, 14, 14), float16, as `cache` returns them.
    """
    from core.training.multistage import N_POOLED, THUMBNAIL_SIDE, pool_stages, thumbnails

    def compute(pixels: Any) -> dict[str, Any]:
        return {"pooled": pool_stages(tower, pixels), "pictures": thumbnails(pixels)}

    tower.eval().to(memory_format=_channels_last())
    picture = (3, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    shapes = {"pooled": ((N_POOLED,), np.float16), "pictures": (picture, np.float16)}
    return cache(compute, shapes, views, folder, batch_size)


def cache(
    compute: Callable[[Any], dict[str, Any]],
    shapes: Mapping[str, tuple[tuple[int, ...], type]],
    views: list[View],
    folder: Path,
    batch_size: int,
) -> dict[str, np.ndarray]:
    """Compute something of all views, resuming where an earlier run stopped.

    Args:
        compute: Pixels (b, 3, 224, 224) in [-1, 1] -> arrays by name.
        shapes: Shape of one view's row and type of each array.
        views: What to look at.
        folder: Where the arrays are kept.
        batch_size: Views at a time.

    Returns:
        (n, ...) arrays by name, read-only memory maps of files in `folder`, in the order of `views`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = json.dumps([asdict(view) for view in views])
    plan_file, state_file = folder / "plan.json", folder / "done.txt"
    files = {name: folder / f"{name}.raw" for name in shapes}
    if not plan_file.is_file() or plan_file.read_text() != plan:
        plan_file.write_text(plan)
        state_file.write_text("0")
    done = int(state_file.read_text()) if all(file.is_file() for file in files.values()) else 0

    def arrays(mode: Any) -> dict[str, np.ndarray]:
        return {
            name: np.memmap(files[name], kind, mode, shape=(len(views), *shape))
            for name, (shape, kind) in shapes.items()
        }

    out = arrays("r+" if done else "w+")
    for start, found in _batches(compute, views, done, batch_size):
        n = len(views[start : start + batch_size])
        for name, rows in found.items():
            out[name][start : start + n] = rows
        if (start // batch_size) % 20 == 0 or start + n == len(views):
            for array in out.values():
                array.flush()  # type: ignore[attr-defined]
            state_file.write_text(str(start + n))
    return arrays("r")


def _channels_last() -> Any:
    import torch

    return torch.channels_last


def _batches(
    compute: Callable[[Any], dict[str, Any]], views: list[View], done: int, size: int
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    import torch
    from tqdm import tqdm

    pictures = Pictures()

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
                found = compute(x.contiguous(memory_format=torch.channels_last))
            yield start, {name: rows.half().numpy() for name, rows in found.items()}
            bar.update(len(pixels))
