"""The product photos of the protocols: 1,000 that training never sees, alone and among 3,583.

The crowd is of the size at which others have measured: all photos that were kept aside, and 2,083 that training has
seen, since it left out no more.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from core.config import data_dir
from core.engine.embedders.base import Embedder
from core.engine.embedders.bulk import for_bulk
from core.training.data.samples import HELD_OUT_SEED, Pictures, Sample, product_samples

#: Product photos in the larger gallery: as many as the figures of others were measured on.
N_CROWD = 3583


@dataclass(frozen=True)
class Products:
    """Queries, and the crowd that they begin.

    Attributes:
        samples: The crowd.
        embeddings: (n, dim) float32 of the crowd, rows L2-normalised.
        n_queries: How many of them, the first ones, are queries.
    """

    samples: list[Sample]
    embeddings: np.ndarray
    n_queries: int

    def labels(self, name: str) -> np.ndarray:
        """(n,) str: a field of every sample, or one of its facts."""
        return np.array([s.facts[name] if name in s.facts else getattr(s, name) for s in self.samples])


def products_here() -> bool:
    """Whether the archive of product photos is in the data folder."""
    return (data_dir() / "fashion-products.zip").is_file()


def load_products(embedder: Embedder, part: str) -> Products:
    """Read and embed them: queries are those of a part, "test" or "validation"."""
    everything = product_samples()
    samples = [sample for sample in everything if sample.part == part]
    crowd = samples + [sample for sample in everything if sample.part not in (part, "train")]
    seen = [sample for sample in everything if sample.part == "train"]
    n, n_seen = len(samples), max(0, min(len(seen), N_CROWD - len(crowd)))
    crowd += random.Random(HELD_OUT_SEED).sample(seen, n_seen)
    pictures = Pictures()
    return Products(crowd, for_bulk(embedder).embed_images(pictures.open(sample) for sample in crowd), n)
