"""How good a classifier is on pictures that it has not seen, beside k-NN and zero-shot on the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.classifier.data.examples import TEST, Examples, words_of
from core.classifier.training.head import Head
from core.engine.embedders.base import Embedder
from core.engine.index.hnsw import ExactIndex
from core.engine.metrics import Estimate, bootstrap_of, confusion, f1_by_class, knn_predict, macro_f1, wilson
from core.engine.search.zero_shot import zero_shot
from core.errors import DataError

K = 20
MAX_MISTAKES = 24
HEAD, KNN, ZERO_SHOT = "classifier", "knn", "zero-shot"
_BLOCK = 500


@dataclass(frozen=True)
class Figures:
    """One way of classifying, on the test pictures.

    Attributes:
        name: `HEAD`, `KNN` or `ZERO_SHOT`.
        accuracy: With its 95 % interval, Wilson's.
        macro_f1: The mean over the classes that occur, with its 95 % interval by bootstrap over pictures.
    """

    name: str
    accuracy: Estimate
    macro_f1: Estimate


@dataclass(frozen=True)
class ClassFigures:
    """One class: NaN where a figure would be a division by nothing."""

    name: str
    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True)
class Mistake:
    """A picture that was taken for another class; `position` is its place among the examples."""

    position: int
    name: str
    truth: str
    guess: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a page or a card shows of a classifier.

    Attributes:
        figures: Of the classifier first, then of what it is compared with.
        classes: In the order of `confusion`.
        confusion: (classes, classes) int64: truth in rows, guesses in columns.
        per_class: In the order of `classes`.
        mistakes: The most confident ones first.
    """

    figures: tuple[Figures, ...]
    classes: tuple[str, ...]
    confusion: np.ndarray
    per_class: tuple[ClassFigures, ...]
    mistakes: tuple[Mistake, ...]


def evaluate(
    head: Head,
    examples: Examples,
    known: Sequence[str],
    embedder: Embedder | None = None,
    words: Mapping[str, Sequence[str]] | None = None,
    embeddings: np.ndarray | None = None,
) -> Evaluation:
    """Evaluate a head on the test part, and what it is compared with: `evaluate_head` and `baselines`.

    Raises:
        DataError: There are no test pictures.
    """
    found = evaluate_head(head, examples, embeddings)
    return replace(found, figures=found.figures + baselines(examples, known, embedder, words))


def evaluate_head(head: Head, examples: Examples, embeddings: np.ndarray | None = None) -> Evaluation:
    """Evaluate a head alone on the test part.

    Args:
        head: Trained.
        examples: With their parts.
        embeddings: (n, dim) of all examples as the head sees them, where its backbone was fine-tuned.

    Raises:
        DataError: There are no test pictures.
    """
    test = examples.at(TEST)
    if not len(test):
        raise DataError("classifier.no-test-pictures")
    p = head.probabilities((examples.embeddings if embeddings is None else embeddings)[test])
    found = evaluate_guesses(examples.targets[test], p.argmax(axis=1), examples.classes)
    return replace(found, mistakes=_mistakes(examples, test, p))


def evaluate_guesses(truth: np.ndarray, guess: np.ndarray, classes: tuple[str, ...]) -> Evaluation:
    """What guesses are worth, without a look at single mistakes.

    Args:
        truth: (n,) int class numbers, n at least 1.
        guess: (n,) int class numbers.
        classes: By number.
    """
    matrix = confusion(truth, guess, len(classes))
    figures = measure(HEAD, truth, guess, len(classes))
    return Evaluation((figures,), classes, matrix, _per_class(classes, matrix), ())


def baselines(
    examples: Examples,
    known: Sequence[str],
    embedder: Embedder | None = None,
    words: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Figures, ...]:
    """What needs no training, on the test part: k-NN, and zero-shot where the backbone reads words.

    Args:
        examples: With their parts; at least one is for testing.
        known: The parts in which k-NN looks for neighbours: those that the head learnt from.
        embedder: For zero-shot; None, or one without a text tower: no zero-shot.
        words: Class -> what it is called; default: `words_of` its label.
    """
    test, n_classes = examples.at(TEST), len(examples.classes)
    truth = examples.targets[test]
    figures = [measure(KNN, truth, _knn(examples, test, examples.at(*known)), n_classes)]
    if embedder is not None and embedder.record.has_text:
        called = words or {name: words_of(name) for name in examples.classes}
        zero = zero_shot(embedder, examples.embeddings[test], {name: called[name] for name in examples.classes})
        figures.append(measure(ZERO_SHOT, truth, zero, n_classes))
    return tuple(figures)


def measure(name: str, truth: np.ndarray, guess: np.ndarray, n_classes: int) -> Figures:
    """Accuracy and macro F1 of (n,) int guesses, with intervals."""
    share = float((truth == guess).mean())
    return Figures(
        name,
        Estimate(share, *wilson(share, len(truth)), len(truth)),
        bootstrap_of(lambda chosen: macro_f1(confusion(truth[chosen], guess[chosen], n_classes)), len(truth)),
    )


def _knn(examples: Examples, queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    index = ExactIndex(examples.embeddings[gallery])
    guesses = []
    for begin in range(0, len(queries), _BLOCK):
        block = queries[begin : begin + _BLOCK]
        found, similarities = index.search(examples.embeddings[block], min(K, len(gallery)))
        guesses.append(knn_predict(examples.targets[gallery][found], similarities, len(examples.classes)))
    return np.concatenate(guesses)


def _per_class(classes: Sequence[str], matrix: np.ndarray) -> tuple[ClassFigures, ...]:
    right, asked, guessed = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    precision = np.where(guessed, right / np.maximum(guessed, 1), np.nan)
    recall = np.where(asked, right / np.maximum(asked, 1), np.nan)
    columns = (precision.tolist(), recall.tolist(), f1_by_class(matrix).tolist(), asked.tolist())
    return tuple(ClassFigures(name, *row) for name, row in zip(classes, zip(*columns, strict=True), strict=True))


def _mistakes(examples: Examples, test: np.ndarray, p: np.ndarray) -> tuple[Mistake, ...]:
    guess, truth = p.argmax(axis=1), examples.targets[test]
    wrong = np.flatnonzero(guess != truth)
    first = wrong[np.argsort(-p[wrong, guess[wrong]], kind="stable")][:MAX_MISTAKES]
    names = examples.classes
    return tuple(
        Mistake(int(test[n]), examples.names[test[n]], names[truth[n]], names[guess[n]], float(p[n, guess[n]]))
        for n in first
    )
