"""A query made of a photo or words, with other words added or taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Wording:
    """What is said beside the query.

    Attributes:
        but: Words that are added, such as "blue"; "" for none.
        less: Words that are taken away; "" for none.
        weight: Share of the words, in [0, 1]; None for the weight that did best on validation pictures.
    """

    but: str = ""
    less: str = ""
    weight: float | None = None

    def __bool__(self) -> bool:
        return bool(self.but or self.less)


#: Nothing said beside the query.
NOTHING_SAID = Wording()


def blend(query: np.ndarray, more: np.ndarray | None, less: np.ndarray | None, weight: float) -> np.ndarray:
    """`(1 - weight) · query + weight · (more - less)`, normalised: Rocchio's formula with one weight.

    Searching with it ranks items by the same sum of their similarities, so any index can do it. The means of words
    and of pictures differ, but taking them away first changed nothing on validation pictures.

    Args:
        query: (dim,) float32, L2-normalised.
        more: (dim,) the embedding of words to be added, or None.
        less: (dim,) the embedding of words to be taken away, or None.
        weight: In [0, 1].

    Returns:
        (dim,) float32, L2-normalised; `query` where nothing would be left of it.

    Source: Rocchio 1971 (relevance feedback).
    """
    words = (0 if more is None else more) - (0 if less is None else less)
    mixed = np.asarray((1 - weight) * query + weight * words, np.float32)
    norm = float(np.linalg.norm(mixed))
    return mixed / np.float32(norm) if norm > 1e-6 else query
