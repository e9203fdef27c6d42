"""Cached features: what lets the tower be trained on two cores.

In the first stage the first five blocks of the ImageNet tower stay as they are, so their output for a picture
(and for a few augmented views of it) is computed once and kept on disk. In the later stages the whole network
stays as it is, and what it pools is kept. onnxruntime computes both, two to three times as fast as eager torch in one
run on busy cores; 80 to 95 views a second with decoding, on two cores.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.engine.embedders.base import open_session
from core.engine.embedders.onnx_export import as_module, export_onnx
from core.engine.images.augment import SIZE
from core.engine.progress import shown_progress
from core.training.data.samples import Pictures
from core.training.data.views import View, render_view

N_FROZEN_BLOCKS = 5
FEATURE_SHAPE = (112, 14, 14)
#: Views that a worker takes at a time, and after how many of its batches a cache notes how far it is.
_BATCH_SIZE, _NOTED_EVERY = 16, 60
#: name -> shape of one view's row
Shapes = Mapping[str, tuple[int, ...]]


def lower_trunk(trunk: Any, pixels: Any) -> Any:
    """The frozen part: (b, 3, 224, 224) in [-1, 1] -> (b, 112, 14, 14)."""
    x = trunk.bn1(trunk.conv_stem(pixels))
    for block in trunk.blocks[:N_FROZEN_BLOCKS]:
        x = block(x)
    return x


def cache_features(trunk: Any, views: list[View], folder: Path) -> np.ndarray:
    """The frozen part's output for all views: (n, 112, 14, 14) float16, read-only, in the order of `views`."""
    shapes = {"features": FEATURE_SHAPE}
    session = onnx_session(trunk, lambda pixels: lower_trunk(trunk, pixels), list(shapes))
    return cache(session, shapes, views, folder)["features"]


def cache_pooled(tower: Any, views: list[View], folder: Path) -> dict[str, np.ndarray]:
    """What the later stages learn from: pooled stages of the image tower, and the thumbnails.

    Returns:
        `pooled` (n, N_POOLED) and `pictures` (n, 3, side, side), float16, as `cache` returns them.
    """
    from core.training.model.tower import N_POOLED, THUMBNAIL_SIDE, pool_stages, thumbnails

    def compute(pixels: Any) -> Any:
        return pool_stages(tower, pixels), thumbnails(pixels)

    shapes: Shapes = {"pooled": (N_POOLED,), "pictures": (3, THUMBNAIL_SIDE, THUMBNAIL_SIDE)}
    return cache(onnx_session(tower, compute, list(shapes)), shapes, views, folder)


def onnx_session(owner: Any, compute: Any, names: list[str]) -> Any:
    """A function of torch as an onnxruntime session of one thread.

    Args:
        owner: The module whose weights it uses.
        compute: Pixels (b, 3, 224, 224) in [-1, 1] -> one tensor, or as many as there are names.
        names: Of the outputs.
    """
    import torch

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compute.onnx"
        export_onnx(as_module(owner, compute), torch.zeros(2, 3, SIZE, SIZE), file, outputs=names)
        return open_session(file, threads=1)


def cache(session: Any, shapes: Shapes, views: list[View], folder: Path) -> dict[str, np.ndarray]:
    """Compute something of all views, resuming where an earlier run stopped.

    Args:
        session: From `onnx_session`.
        shapes: Its outputs.
        views: What to look at.
        folder: Where the arrays are kept.

    Returns:
        (n, ...) float16 arrays by name, read-only memory maps of files in `folder`, in the order of `views`.
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
            name: np.memmap(files[name], np.float16, mode, shape=(len(views), *shape)) for name, shape in shapes.items()
        }

    out = arrays("r+" if done else "w+")
    for start, found in _batches(session, views, done):
        stop = start + len(found[0])
        for name, rows in zip(shapes, found, strict=True):
            out[name][start:stop] = rows
        if (start // _BATCH_SIZE) % _NOTED_EVERY == 0 or stop == len(views):
            for array in out.values():
                array.flush()  # type: ignore[attr-defined]
            state_file.write_text(str(stop))
    return arrays("r")


def _batches(session: Any, views: list[View], done: int) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Where each batch starts and what was computed of it, in order; one worker a core."""
    own = threading.local()

    def work(start: int) -> tuple[int, list[np.ndarray]]:
        if not hasattr(own, "pictures"):
            own.pictures = Pictures()
        pixels = np.stack(
            [render_view(own.pictures.open(view.sample), view) for view in views[start : start + _BATCH_SIZE]]
        )
        x = pixels.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        return start, session.run(None, {"pixels": np.ascontiguousarray(x)})

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        with shown_progress(len(views) - done, "views") as add:
            for start, found in pool.map(work, range(done, len(views), _BATCH_SIZE)):
                yield start, found
                add(len(found[0]))
    finally:
        pool.shutdown(cancel_futures=True)
