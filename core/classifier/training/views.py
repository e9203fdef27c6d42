"""Further views of the training pictures (mirrored, cropped, tilted, lighter), embedded like any picture.

Only training pictures have views, so nothing that a head is evaluated on is touched by them.
"""

from __future__ import annotations

import random
from collections.abc import Generator

import numpy as np

from core.classifier.data.examples import TRAIN, Examples
from core.engine.embedders.base import Embedder
from core.engine.images.augment import augment
from core.engine.progress import Progress, ProgressClock
from core.errors import DataError

#: Of each training picture, beside the plain one.
N_VIEWS = 2


class Views:
    """The views of the training pictures of some examples.

    Attributes:
        embeddings: (n, dim) float32, rows L2-normalised; complete once `make` is through.
        targets: (n,) int64 class numbers.
    """

    def __init__(self, examples: Examples, embedder: Embedder, seed: int):
        """Plan the views.

        Raises:
            DataError: The pictures are not at hand.
        """
        if examples.picture is None:
            raise DataError("Augmentation needs the pictures themselves, and they are not on this computer.")
        self._picture = examples.picture
        self._embedder = embedder
        self._seed = seed
        self._positions = np.repeat(examples.at(TRAIN), N_VIEWS)
        self.targets = examples.targets[self._positions]
        self.embeddings = np.empty((0, embedder.record.dim), np.float32)

    def make(self) -> Generator[Progress, None, None]:
        """Embed the views; yields progress now and then, and once when all is done."""
        rng = random.Random(self._seed)
        clock = ProgressClock(len(self._positions))
        rows = []
        for position in self._positions:
            rows.append(self._embedder.embed_images([augment(self._picture(int(position)), rng)]))
            clock.n_added += 1
            if clock.is_time():
                yield clock.report()
        self.embeddings = np.concatenate([self.embeddings, *rows])
        yield clock.report(finished=True)
