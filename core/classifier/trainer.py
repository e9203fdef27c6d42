"""Train a head epoch by epoch. Whoever asks for the epochs may stop asking: the best so far is kept."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from core.classifier.examples import TRAIN, VALIDATION, Examples
from core.classifier.head import Adam, Head, Layers, class_weights, logits, loss_and_gradients, softmax, start
from core.classifier.views import Views
from core.embedding import Embedder
from core.errors import DataError
from core.progress import Progress

LINEAR, MLP, FINETUNE = KINDS = ("linear", "mlp", "finetune")
HIDDEN = 128
MAX_EPOCHS = 500
MAX_CLASSES = 500


@dataclass(frozen=True)
class Options:
    """All that decides the outcome beside the examples.

    The defaults were chosen on the validation part of clothing-small.

    Attributes:
        kind: "linear", "mlp" (one hidden layer of `HIDDEN`), or "finetune" (a linear head, and the backbone's
            last blocks with it).
        class_weights: Whether every class counts the same, however many pictures it has.
        augment: Whether training pictures are also seen mirrored, cropped and brightened.
        epochs: At most this many passes over the training pictures.
        patience: Training ends after so many epochs without a lower validation loss.
        refit: Whether the head is trained anew, for the best number of epochs, with the validation pictures too.
        batch_size: Pictures a step.
        learning_rate: Of Adam.
        weight_decay: Decoupled, on weights only.
        dropout: Share of hidden units that are left out of a step.
        seed: Of the start, the order and the dropout.
    """

    kind: str = LINEAR
    class_weights: bool = True
    augment: bool = False
    epochs: int = 60
    patience: int = 10
    refit: bool = True
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1.0
    dropout: float = 0.3
    seed: int = 0

    @property
    def hidden(self) -> int:
        """Units of the hidden layer, 0 for none."""
        return HIDDEN if self.kind == MLP else 0


@dataclass(frozen=True)
class Epoch:
    """One pass over the training pictures: losses are mean cross-entropies, in nats, weighted as in training.

    Attributes:
        number: From 1.
        n_epochs: There are at most so many.
        train_loss: Over the training pictures, as the head is after the pass.
        train_accuracy: The same.
        validation_loss: NaN where there are no validation pictures.
        validation_accuracy: The same.
        best: Whether this is the best so far.
        seconds_left: If it goes on to the last epoch.
    """

    number: int
    n_epochs: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    best: bool
    seconds_left: float


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


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a training run gives.

    Attributes:
        head: The best one.
        known: The parts that it learnt from.
        embeddings: (n, dim) of all examples as the head sees them, None where the backbone is as it was.
        tower: The fine-tuned backbone as ONNX, b"" where the backbone is as it was.
    """

    head: Head
    known: tuple[str, ...]
    embeddings: np.ndarray | None = None
    tower: bytes = b""


class Trainer(ABC):
    """One training run: `prepare`, then `epochs`, then `outcome`. A subclass says what an epoch is.

    The same examples and options give the same epochs and the same outcome.

    Attributes:
        history: The epochs so far.
        head: The best head so far; None before the first epoch is over.
    """

    def __init__(self, examples: Examples, options: Options):
        """Prepare a run; nothing is computed yet.

        Raises:
            DataError: There are no training pictures, or too few or too many classes.
        """
        check(examples)
        self.examples = examples
        self.options = options
        self.history: list[Epoch] = []
        self.head: Head | None = None

    @abstractmethod
    def prepare(self) -> Generator[Progress, None, None]:
        """What must be done once before the first epoch."""

    @abstractmethod
    def _passes(self) -> Generator[tuple[Head, Rows, Rows], None, None]:
        """Train for ever; yields head, training and validation pictures as the head sees them, after every pass."""

    @abstractmethod
    def outcome(self, stopped: bool = False) -> Outcome:
        """The result, also after fewer epochs than were planned.

        Args:
            stopped: Whether somebody wants it now.

        Raises:
            DataError: No epoch is over yet.
        """

    def epochs(self) -> Generator[Epoch, None, None]:
        """Train; yields after every epoch, and ends after the last one or when nothing gets better."""
        passes = self._passes()
        started = time.perf_counter()
        for number in range(1, self.options.epochs + 1):
            head, train, validation = next(passes)
            spent = time.perf_counter() - started
            with _alone():
                self._note(head, train, validation, spent / number * (self.options.epochs - number))
            yield self.history[-1]
            best = self.best
            if best is not None and number - best.number >= self.options.patience:
                return

    def _note(self, head: Head, train: Rows, validation: Rows, seconds_left: float) -> None:
        figures = [_score(head, rows, self.options.class_weights) for rows in (train, validation)]
        decides = figures[1][0] if len(validation.targets) else figures[0][0]
        better = self.best is None or decides < _deciding_loss(self.best)
        if better:
            self._remember(head)
        number = len(self.history) + 1
        self.history.append(Epoch(number, self.options.epochs, *figures[0], *figures[1], better, seconds_left))

    def _remember(self, head: Head) -> None:
        """This is the best so far; a subclass keeps whatever belongs to it."""
        self.head = head

    @property
    def best(self) -> Epoch | None:
        """The epoch of the best head so far."""
        return next((epoch for epoch in reversed(self.history) if epoch.best), None)


class HeadTrainer(Trainer):
    """Trains a head on embeddings that stay as they are."""

    def __init__(self, examples: Examples, options: Options, embedder: Embedder | None = None):
        """See `Trainer`.

        Args:
            examples: Every one has its part.
            options: Of kind "linear" or "mlp".
            embedder: Needed for augmentation only, as are the pictures.
        """
        super().__init__(examples, options)
        self._embedder = embedder
        self._views: Rows | None = None

    def prepare(self) -> Generator[Progress, None, None]:
        """Embed further views of the training pictures, where that is wanted.

        Raises:
            DataError: The pictures are not at hand.
        """
        if self.options.augment and self._embedder is not None:
            views = Views(self.examples, self._embedder, self.options.seed)
            yield from views.make()
            self._views = Rows(views.embeddings, views.targets)

    def _passes(self) -> Generator[tuple[Head, Rows, Rows], None, None]:
        train, validation = Rows.of(self.examples, TRAIN), Rows.of(self.examples, VALIDATION)
        rows = train + self._views if self._views else train
        passes = _passes(rows, len(self.examples.classes), self.options)
        while True:
            with _alone():  # never around a `yield`, nor around another one
                head = _finished(next(passes))
            yield head, train, validation

    def outcome(self, stopped: bool = False) -> Outcome:
        """The best head; trained anew with the validation pictures too, unless that is not wanted or not awaited."""
        if self.head is None or self.best is None:
            raise DataError("Training was stopped before its first epoch was over, so there is nothing to keep.")
        if stopped or not self.options.refit or not len(self.examples.at(VALIDATION)):
            return Outcome(self.head, (TRAIN,))
        rows = Rows.of(self.examples, TRAIN, VALIDATION)
        passes = _passes(rows + self._views if self._views else rows, len(self.examples.classes), self.options)
        with _alone():
            for _ in range(self.best.number):
                layers = next(passes)
        return Outcome(_finished(layers), (TRAIN, VALIDATION))


_turn = threading.Lock()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
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


def check(examples: Examples) -> None:
    """Refuse examples that no classifier can learn from.

    Raises:
        DataError: Says why.
    """
    n_classes = len(set(examples.targets[examples.at(TRAIN)].tolist()))
    if n_classes < 2:
        raise DataError(f"A classifier needs pictures of at least two classes to learn from; here it has {n_classes}.")
    if len(examples.classes) > MAX_CLASSES:
        raise DataError(f"There are {len(examples.classes):,} classes; a classifier has at most {MAX_CLASSES}.")


def _deciding_loss(epoch: Epoch) -> float:
    return epoch.train_loss if math.isnan(epoch.validation_loss) else epoch.validation_loss


def _passes(rows: Rows, n_classes: int, options: Options) -> Generator[Layers, None, None]:
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


def _finished(layers: Layers) -> Head:
    """A copy that takes embeddings as they are: the scale of `_passes` becomes part of the first weights."""
    (weights, bias), *others = [(w.copy(), b.copy()) for w, b in layers]
    return Head([(weights * np.float32(len(weights) ** 0.5), bias), *others])


def _score(head: Head, rows: Rows, balanced: bool) -> tuple[float, float]:
    """Loss and accuracy; NaN where there are no pictures."""
    if not len(rows.targets):
        return math.nan, math.nan
    p = softmax(logits(head.layers, rows.embeddings))
    weights = _weights(rows.targets, head.n_classes, balanced)
    losses = -np.log(np.maximum(p[np.arange(len(p)), rows.targets], 1e-12))
    return float((weights * losses).sum() / weights.sum()), float((p.argmax(axis=1) == rows.targets).mean())
