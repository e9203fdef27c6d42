"""Kind, colour and pattern, read from an embedding: a linear test for each class, with calibrated probabilities.

The tests are fitted when artifacts are built (`core.jobs.build.looks`), for one backbone's weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.engine.backbones import get
from core.engine.embedders.weights import require_weights
from core.engine.files.folder import MALFORMED
from core.engine.files.manifest import is_listed, relative, verified
from core.engine.files.paths import looks_file
from core.errors import ArtifactError, sentence

SCHEMA = 1


@dataclass(frozen=True)
class Head:
    """What reads one attribute.

    Attributes:
        classes: The n that it tells apart.
        weights: (n, dim) float32.
        bias: (n,) float32.
        temperature: Divides the scores, so that the probabilities are neither too sure nor too shy.
        sure: Share of equal answers of two people who look at the same pictures, in [0, 1].
    """

    classes: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray
    temperature: float
    sure: float

    def read(self, embeddings: np.ndarray) -> np.ndarray:
        """(m, n) float32 for (m, dim) embeddings: how probable each class is; rows sum to 1."""
        return softmax((embeddings @ self.weights.T + self.bias) / self.temperature)

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers, rounded to what changes no probability that is shown."""
        return {
            "classes": list(self.classes),
            "weights": self.weights.astype(float).round(4).tolist(),
            "bias": self.bias.astype(float).round(4).tolist(),
            "temperature": round(self.temperature, 4),
            "sure": round(self.sure, 4),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Head:
        """The inverse of `to_json`; KeyError, TypeError or ValueError where something is missing or malformed."""
        weights, bias = (np.asarray(content[name], np.float32) for name in ("weights", "bias"))
        classes = tuple(map(str, content["classes"]))
        if weights.ndim != 2 or (len(weights),) != bias.shape or len(classes) != len(bias):
            raise ValueError("another shape")
        return cls(classes, weights, bias, float(content["temperature"]), float(content["sure"]))


@dataclass(frozen=True)
class Looks:
    """What reads a backbone's embeddings.

    Attributes:
        heads: attribute -> what reads it; those of `vocabulary.ATTRIBUTES`.
    """

    heads: Mapping[str, Head]

    def read(self, embeddings: np.ndarray) -> dict[str, np.ndarray]:
        """attribute -> (m, n classes) float32 probabilities, for (m, dim) float32 embeddings."""
        return {attribute: head.read(embeddings) for attribute, head in self.heads.items()}

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers."""
        return {"schema": SCHEMA, "heads": {name: head.to_json() for name, head in self.heads.items()}}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Looks:
        """The inverse of `to_json`; KeyError, TypeError or ValueError where something is missing or malformed."""
        if content["schema"] != SCHEMA:
            raise ValueError("another version")
        return cls({name: Head.from_json(head) for name, head in content["heads"].items()})


def softmax(scores: np.ndarray) -> np.ndarray:
    """(m, n) float32: probabilities from (m, n) scores, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: np.ndarray = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def load_looks(backbone_id: str) -> Looks | None:
    """What reads a backbone's embeddings, verified; None where nothing was fitted.

    Raises:
        ArtifactError: The file is missing though the manifest names it, damaged, or of another version.
        OtherWeightsError: It was fitted for other weights.
    """
    path = looks_file(backbone_id)
    if not is_listed(path):
        return None
    command = f"python -m core build --calibration --backbone {backbone_id}"
    try:
        content = json.loads(verified(path).read_bytes())
        looks = Looks.from_json(content)
    except MALFORMED:
        raise ArtifactError(relative(path), sentence("engine.other-version"), command) from None
    again = sentence("engine.fit-again", command=command)
    require_weights(content, get(backbone_id), sentence("engine.reading-of-looks"), again)
    return looks
