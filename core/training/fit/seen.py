"""What the finished network sees of the training pictures, kept on disk: a round on it takes no more forward passes.

Each picture is seen whole, as a query is, and in random views beside that; in half precision where the processor has
it (embeddings of 256 clothing photos then have a cosine of 0.9997 with those in single precision, 0.998 at least).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.engine.files.folder import written
from core.training.data.changes import changed
from core.training.data.samples import Sample
from core.training.fit.half import half
from core.training.model.tower import pool_stages, thumbnails

_BATCH = 128
_REPORTED_EVERY = 5_000


@dataclass(frozen=True)
class Seen:
    """Views of pictures, those of one picture one after the other, the whole picture first.

    Attributes:
        features: (n_views, n_seen) float16, what `MultiStageLite0.embed` takes, read from disk as needed.
        first: (n + 1,) where the views of each of n pictures begin.
    """

    features: np.ndarray
    first: np.ndarray

    def one_of_each(self, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(m, n_seen) float32: a random view of each of the pictures, given by position."""
        begin, end = self.first[pictures], self.first[pictures + 1]
        return self.features[rng.integers(begin, end)].astype(np.float32)

    def whole(self, pictures: np.ndarray) -> np.ndarray:
        """(m, n_seen) float32: the pictures as they are."""
        return self.features[self.first[pictures]].astype(np.float32)


def see(
    visual: Any,
    samples: list[Sample],
    pixels: Callable[[int], np.ndarray],
    backgrounds: np.ndarray,
    n_changed: Mapping[str, int],
    folder: Path,
    seed: int,
    report: Callable[[str], None] = print,
) -> Seen:
    """Look at pictures, or go on where an earlier run was stopped.

    Args:
        visual: The image tower, in evaluation mode.
        samples: n samples, those of one source one after the other.
        pixels: Position of a sample -> (h, w, 4) uint8 of `packed.pack`.
        backgrounds: As in `changed`.
        n_changed: source -> random views beside the whole picture.
        folder: Where the features are kept, 8.4 kB a view.
        seed: Of the random views.
        report: Called with a line of progress now and then.
    """
    n_views = np.array([1 + n_changed.get(one.source, 0) for one in samples])
    first = np.concatenate([[0], np.cumsum(n_views)])
    shape = (int(first[-1]), visual.trunk.hidden.in_features)
    folder.mkdir(parents=True, exist_ok=True)
    file, counter = folder / "seen.npy", folder / "seen.json"
    asked = _digest(visual, samples, n_views, seed)
    kept = json.loads(counter.read_text()) if counter.is_file() else {}
    done = kept["n_views"] if kept.get("asked") == asked else 0
    mode: Any = "r+" if done else "w+"
    features = np.lib.format.open_memmap(file, mode, np.float16, shape)
    picture_of = np.repeat(np.arange(len(samples)), n_views)
    for start in range(done, len(features), _BATCH):
        views = np.arange(start, min(start + _BATCH, len(features)))
        rng = np.random.default_rng([seed, start])
        features[views] = _look(visual, samples, pixels, backgrounds, picture_of[views], first, views, rng)
        if start // _REPORTED_EVERY != (start + _BATCH) // _REPORTED_EVERY or start + _BATCH >= len(features):
            features.flush()
            with written(counter) as temporary:
                temporary.write_text(json.dumps({"n_views": int(views[-1]) + 1, "asked": asked}))
            report(f"seen {views[-1] + 1:,} of {len(features):,} views")
    return Seen(features, first)


def _digest(visual: Any, samples: list[Sample], n_views: np.ndarray, seed: int) -> str:
    """Of everything that decides what is seen; another network must not be taken for this one."""
    digest = hashlib.sha256(repr([(one.source, one.key) for one in samples]).encode())
    digest.update(repr((n_views.tolist(), seed, visual.image_size)).encode())
    for part in (visual.trunk.network, visual.trunk.detail):
        for value in part.state_dict().values():
            digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def _look(
    visual: Any,
    samples: list[Sample],
    pixels: Callable[[int], np.ndarray],
    backgrounds: np.ndarray,
    pictures: np.ndarray,
    first: np.ndarray,
    views: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    import torch

    side = visual.image_size[0]
    shown = torch.empty(len(views), 3, side, side)
    sources, is_whole = np.array([samples[picture].source for picture in pictures]), views == first[pictures]
    for source in dict.fromkeys(sources):
        for whole in (True, False):
            (places,) = np.nonzero((sources == source) & (is_whole == whole))
            if len(places):
                some = np.stack([pixels(int(picture)) for picture in pictures[places]])
                made = as_they_are(some, side) if whole else changed(source, some, backgrounds, side, rng)
                shown[torch.from_numpy(places)] = made
    shown = (shown * 2 - 1).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), half():
        trunk = visual.trunk
        seen = torch.cat([pool_stages(trunk.network, shown), trunk.detail(thumbnails(shown))], 1)
    kept: np.ndarray = seen.half().numpy()
    return kept


def as_they_are(packed: np.ndarray, side: int) -> Any:
    """(n, h, w, 4) uint8 -> (n, 3, side, side) float32 in [0, 1], squashed as a query is."""
    import torch
    from torch.nn.functional import interpolate

    pixels = torch.from_numpy(packed[..., :3]).permute(0, 3, 1, 2).float() / 255
    return interpolate(pixels, (side, side), mode="bicubic", antialias=True).clamp(0, 1)
