"""Passes over the training pictures: the loop itself, on one core, and the figures of a head."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from core.classifier.data.examples import Examples
from core.classifier.training.head import Adam, Head, Layers, class_weights, logits, loss_and_gradients, softmax, start
from core.classifier.training.options import Options


@dataclass(frozen=True, eq=False)
class Rows:
    """What a head learns from, or is checked on.

    Attributes:
        embeddings: (n, dim) float32, rows L2-normalised.
        targets: (n,) int64 class numbers.
    """

    embeddings: np.ndarray
    targets: np.ndarray

    @classmethod
    def of(cls, examples: Examples, *parts: str) -> Rows:
        """The pictures of some parts."""
        positions = examples.at(*parts)
        return cls(examples.embeddings[positions], examples.targets[positions])

    def __add__(self, other: Rows) -> Rows:
        """Both, one after the other."""
        return Rows(np.concatenate([self.embeddings, other.embeddings]), np.concatenate([self.targets, other.targets]))


_turn = threading.Lock()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One training at a time, on one core: its matrices are so small that threads cost more than they bring.

    With all cores busy, two BLAS threads that wait for each other were measured to be 25 times slower than one.
    The limit is the whole process's, so it lasts only for the moment of one pass.
    """
    with _turn, _threads().limit(limits=1, user_api="blas"):
        yield


@cache
def _threads() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def passes(rows: Rows, n_classes: int, options: Options) -> Generator[Layers, None, None]:
    """Train for ever; yields the layers (still in use) after every pass.

    A normalised embedding of length d has entries of about d ** -0.5; they are scaled to 1, so that one
    learning rate fits all backbones.
    """
    x = rows.embeddings * np.float32(rows.embeddings.shape[1] ** 0.5)
    rng = np.random.default_rng(options.seed)
    layers = start([x.shape[1], *([options.hidden] if options.hidden else []), n_classes], rng)
    adam = Adam(layers, options.learning_rate, options.weight_decay)
    weights = _weights(rows.targets, n_classes, options.class_weights)
    while True:
        order = rng.permutation(len(x))
        for begin in range(0, len(order), options.batch_size):
            chosen = order[begin : begin + options.batch_size]
            mask = _mask((len(chosen), options.hidden), options.dropout, rng) if options.hidden else None
            _, gradients = loss_and_gradients(layers, x[chosen], rows.targets[chosen], weights[chosen], mask)
            adam.step(gradients)
        yield layers


def _mask(shape: tuple[int, int], dropout: float, rng: np.random.Generator) -> np.ndarray:
    kept = rng.random(shape, np.float32) >= dropout
    return kept.astype(np.float32) / np.float32(1 - dropout)


def _weights(targets: np.ndarray, n_classes: int, balanced: bool) -> np.ndarray:
    weights = class_weights(targets, n_classes) if balanced else np.ones(n_classes, np.float32)
    result: np.ndarray = weights[targets]
    return result


def finished(layers: Layers) -> Head:
    """A copy that takes embeddings as they are: the scale of `_passes` becomes part of the first weights."""
    (weights, bias), *others = [(w.copy(), b.copy()) for w, b in layers]
    return Head([(weights * np.float32(len(weights) ** 0.5), bias), *others])


def score(head: Head, rows: Rows, balanced: bool) -> tuple[float, float]:
    """Loss and accuracy; NaN where there are no pictures."""
    if not len(rows.targets):
        return math.nan, math.nan
    p = softmax(logits(head.layers, rows.embeddings))
    weights = _weights(rows.targets, head.n_classes, balanced)
    losses = -np.log(np.maximum(p[np.arange(len(p)), rows.targets], 1e-12))
    return float((weights * losses).sum() / weights.sum()), float((p.argmax(axis=1) == rows.targets).mean())
