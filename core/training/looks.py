"""Fitting what reads kind, colour and pattern from embeddings (`core.engine.looks.reading`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.engine.looks.attributes import Known
from core.engine.looks.reading import Head, Looks, softmax
from core.engine.looks.vocabulary import ATTRIBUTES

#: A class of fewer training pictures is not read at all.
LEAST = 15
#: The inverse strength of regularisation.
_C = 10.0
_TEMPERATURES = np.geomspace(0.25, 4, 161)


@dataclass(frozen=True)
class Pictures:
    """Embeddings with what is known of their pictures.

    Attributes:
        embeddings: (n, dim) float32, rows L2-normalised.
        known: n of them.
    """

    embeddings: np.ndarray
    known: Sequence[Known]

    def of(self, attribute: str) -> tuple[np.ndarray, np.ndarray]:
        """The (m, dim) embeddings of pictures with exactly one class of an attribute, and these classes, (m,) str."""
        rows = [row for row, one in enumerate(self.known) if len(one[attribute]) == 1]
        return self.embeddings[rows], np.array([next(iter(self.known[row][attribute])) for row in rows], str)


def fit_looks(train: Pictures, validation: Pictures, sure: Mapping[str, float]) -> Looks:
    """Fit what reads every attribute.

    Args:
        train: The tests are fitted on them.
        validation: The temperatures are fitted on them.
        sure: attribute -> share of equal answers of two people.
    """
    return Looks({name: fit_head(train.of(name), validation.of(name), sure[name]) for name in ATTRIBUTES})


def fit_head(
    train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray], sure: float, least: int = LEAST
) -> Head:
    """Fit what reads one attribute.

    Args:
        train: (n, dim) embeddings and (n,) classes.
        validation: (m, dim) embeddings and (m,) classes; those that are not read are left out.
        sure: See `Head`.
        least: Classes of fewer training pictures are left out.
    """
    from sklearn.linear_model import LogisticRegression

    names, counts = np.unique(train[1], return_counts=True)
    known = np.isin(train[1], names[counts >= least])
    model = LogisticRegression(C=_C, max_iter=2000).fit(train[0][known], train[1][known])
    classes, weights, bias = model.classes_, model.coef_, model.intercept_
    if len(classes) == 2:  # one test, for the second class
        weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    read = np.isin(validation[1], classes)
    scores = validation[0][read] @ weights.T + bias
    temperature = best_temperature(scores, np.searchsorted(classes, validation[1][read]))
    weights, bias = weights.astype(np.float32), bias.astype(np.float32)
    return Head(tuple(classes.tolist()), weights, bias, temperature, sure)


def best_temperature(scores: np.ndarray, right: np.ndarray) -> float:
    """The temperature at which the right classes are most probable.

    Args:
        scores: (n, classes).
        right: (n,) int, the column of the right class.

    Source: Guo et al. 2017 (temperature scaling).
    """
    rows = np.arange(len(right))
    surprise = [-np.log(softmax(scores / t)[rows, right] + 1e-9).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(surprise))])
