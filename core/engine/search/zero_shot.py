"""Which words are closest to a picture: a classifier that was shown no picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.engine.embedders.base import Embedder

#: Sentences whose mean embedding stands for a class; one wording alone is a lottery.
TEMPLATES = ("{}", "a photo of a {}", "a {}", "a picture of {}", "one {}, product photo")


def zero_shot(embedder: Embedder, pictures: np.ndarray, words: Mapping[str, Sequence[str]]) -> np.ndarray:
    """The class whose words are closest, each class being the mean of `TEMPLATES`.

    Args:
        embedder: Has a text tower.
        pictures: (n, dim) float32 embeddings, rows L2-normalised.
        words: Class -> what it is called.

    Returns:
        (n,) int64, places in `words`.

    Raises:
        VitrineError: The backbone has no text tower.
    """
    classes = []
    for synonyms in words.values():
        texts = [template.format(word) for word in synonyms for template in TEMPLATES]
        mean = embedder.embed_texts(texts).mean(axis=0)
        classes.append(mean / np.linalg.norm(mean))
    result: np.ndarray = (pictures @ np.stack(classes).T).argmax(axis=1)
    return result
