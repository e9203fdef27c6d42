"""A linear or small MLP head on embeddings, in numpy: what it computes, and its gradients.

Why not a library: the visitor's server has neither torch nor scikit-learn (180 MB installed with scipy, more than
all else but onnxruntime), and scikit-learn's `MLPClassifier` stops early on a random part of its own choosing,
never on a given one that keeps senders apart. The arithmetic fits on a page; the tests hold it against finite
differences and against scikit-learn's optimum.

Source: Kingma and Ba 2015 (Adam); Loshchilov and Hutter 2019 (decoupled weight decay); Srivastava 2014 (dropout).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.errors import DataError

Layers = list[tuple[np.ndarray, np.ndarray]]

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


@dataclass(frozen=True, eq=False)
class Head:
    """The trained network: one layer, or two with ReLU between them.

    Attributes:
        layers: (weights (in, out), bias (out,)) float32; the first takes L2-normalised embeddings.
    """

    layers: Layers

    @property
    def dim(self) -> int:
        """Length of the embeddings that it takes."""
        return int(self.layers[0][0].shape[0])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.layers[-1][0].shape[1])

    def probabilities(self, embeddings: np.ndarray) -> np.ndarray:
        """(n, dim) float32, rows L2-normalised -> (n, classes) float32, rows sum to 1.

        Raises:
            DataError: The embeddings are of another length.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != self.dim:
            raise DataError("classifier.dim", dim=self.dim, actual=embeddings.shape[-1])
        return softmax(logits(self.layers, embeddings))


def logits(layers: Layers, x: np.ndarray) -> np.ndarray:
    """(n, in) -> (n, classes), before softmax."""
    for weights, bias in layers[:-1]:
        x = np.maximum(x @ weights + bias, 0)
    result: np.ndarray = x @ layers[-1][0] + layers[-1][1]
    return result


def softmax(z: np.ndarray) -> np.ndarray:
    """Row by row, without overflow."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    result: np.ndarray = e / e.sum(axis=1, keepdims=True)
    return result


def class_weights(targets: np.ndarray, n_classes: int) -> np.ndarray:
    """(classes,) float32, such that every class counts the same; 0 for a class without pictures."""
    counts = np.bincount(targets, minlength=n_classes)
    return np.where(counts, len(targets) / (n_classes * np.maximum(counts, 1)), 0).astype(np.float32)


def loss_and_gradients(
    layers: Layers, x: np.ndarray, targets: np.ndarray, weights: np.ndarray, mask: np.ndarray | None = None
) -> tuple[float, Layers]:
    """Weighted mean cross-entropy, and its gradient by every weight and bias.

    Args:
        layers: One or two.
        x: (n, in).
        targets: (n,) int.
        weights: (n,) of the pictures; their sum is not 0.
        mask: (n, hidden) that the hidden units are multiplied with (dropout), None for none.
    """
    share = (weights / weights.sum())[:, None]
    hidden = x
    if len(layers) == 2:
        hidden = np.maximum(x @ layers[0][0] + layers[0][1], 0)
        hidden = hidden if mask is None else hidden * mask
    p = softmax(hidden @ layers[-1][0] + layers[-1][1])
    rows = np.arange(len(targets))
    loss = float(-(share[:, 0] * np.log(np.maximum(p[rows, targets], 1e-12))).sum())
    d = p
    d[rows, targets] -= 1
    d *= share
    gradients = [(hidden.T @ d, d.sum(axis=0))]
    if len(layers) == 2:
        back = (d @ layers[1][0].T) * (hidden > 0)
        back = back if mask is None else back * mask
        gradients.insert(0, (x.T @ back, back.sum(axis=0)))
    return loss, gradients


def start(sizes: list[int], rng: np.random.Generator) -> Layers:
    """Fresh layers (sizes[0] -> sizes[1] -> …): He's start for the hidden one, nought for the last one.

    So at first all classes are equally probable.
    """
    shapes = list(pairwise(sizes))
    scales = [*((2 / n_in) ** 0.5 for n_in, _ in shapes[:-1]), 0.0]
    return [
        ((scale * rng.standard_normal(shape)).astype(np.float32), np.zeros(shape[1], np.float32))
        for scale, shape in zip(scales, shapes, strict=True)
    ]


class Adam:
    """Adam with decoupled weight decay; changes the layers in place."""

    def __init__(self, layers: Layers, rate: float, decay: float):
        self._tensors = [tensor for layer in layers for tensor in layer]
        self._means = [np.zeros_like(tensor) for tensor in self._tensors]
        self._squares = [np.zeros_like(tensor) for tensor in self._tensors]
        self._rate, self._decay, self._n = rate, decay, 0

    def step(self, gradients: Layers) -> None:
        """Go one step against the gradients."""
        self._n += 1
        flat = (tensor for layer in gradients for tensor in layer)
        for tensor, mean, square, gradient in zip(self._tensors, self._means, self._squares, flat, strict=True):
            mean += (1 - _BETAS[0]) * (gradient - mean)
            square += (1 - _BETAS[1]) * (gradient * gradient - square)
            upwards = mean / (1 - _BETAS[0] ** self._n)
            upwards /= np.sqrt(square / (1 - _BETAS[1] ** self._n)) + _EPSILON
            if tensor.ndim > 1:
                upwards += self._decay * tensor
            tensor -= self._rate * upwards
