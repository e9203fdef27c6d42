"""Fitting the test that tells pictures of fashion items from others (`core.engine.search.garment`).

The other pictures are drawn (`negatives.draw`), and made of training photos by cutting them into tiles and laying
those anew: of all that is at hand, these look most like photos that show no garment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from core.engine.embedders.base import Embedder
from core.engine.search.calibration import GarmentTest
from core.training.data.samples import Pictures, Sample
from core.training.garment.negatives import draw

N_DRAWN, N_SHUFFLED = 400, 300
SEED = 0
#: Share of the validation pictures of one data set that may be taken for something else.
MISTAKES = 0.005
#: The inverse strength of regularisation. It, and the mix of pictures above, were chosen among a dozen by what they
#: found of drawings with seed 1 and of `negatives.bundled`, whose figure is therefore a little too good.
_C = 10.0
_SIDE = 240


def shuffled(pictures: Pictures, samples: Sequence[Sample], n: int = N_SHUFFLED) -> Iterator[Image.Image]:
    """Photos whose tiles lie in another order; every third one is made of two photos."""
    rng = np.random.default_rng(SEED)
    for number in range(n):
        photos = [
            np.asarray(pictures.open(samples[int(rng.integers(len(samples)))]).resize((_SIDE, _SIDE)), np.float32)
            for _ in range(2 if number % 3 == 2 else 1)
        ]
        yield _shuffle(np.mean(photos, axis=0).astype(np.uint8), int(rng.choice([3, 4, 6])), rng)


def _shuffle(photo: np.ndarray, n: int, rng: np.random.Generator) -> Image.Image:
    side = _SIDE // n
    tiles = photo.reshape(n, side, n, side, 3).swapaxes(1, 2).reshape(n * n, side, side, 3)
    laid = tiles[rng.permutation(n * n)].reshape(n, n, side, side, 3).swapaxes(1, 2)
    return Image.fromarray(laid.reshape(_SIDE, _SIDE, 3))


def fit_garment_test(
    embedder: Embedder, shown: np.ndarray, validation: Sequence[np.ndarray], photos: tuple[Pictures, Sequence[Sample]]
) -> GarmentTest:
    """Fit the test.

    Args:
        embedder: Embeds the pictures that show something else.
        shown: (n, dim) embeddings of training pictures that show fashion items.
        validation: For each data set (m, dim) embeddings of its validation pictures; they set the threshold.
        photos: Training photos to be shuffled, and what opens them.
    """
    from sklearn.linear_model import LogisticRegression

    others = np.concatenate([embedder.embed_images(draw(N_DRAWN, SEED)), embedder.embed_images(shuffled(*photos))])
    labels = np.repeat([1, 0], [len(shown), len(others)])
    model = LogisticRegression(C=_C, max_iter=2000, class_weight="balanced").fit(
        np.concatenate([shown, others]), labels
    )
    weights = np.round(model.coef_[0], 5).astype(np.float32)
    threshold = min(float(np.quantile(part @ weights, MISTAKES)) for part in validation)
    return GarmentTest(weights, threshold)
