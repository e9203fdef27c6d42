"""Train a head epoch by epoch. Whoever asks for the epochs may stop asking: the best so far is kept."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from core.classifier.data.examples import TRAIN, VALIDATION, Examples
from core.classifier.training.head import Head
from core.classifier.training.options import MAX_CLASSES, Epoch, Options
from core.classifier.training.passes import Rows, alone, finished, passes, score
from core.engine.embedders.base import Embedder
from core.engine.images.augment import augment
from core.engine.progress import Progress, take_each
from core.errors import DataError, Sentence, sentence

#: Views of each training picture (mirrored, cropped, tilted, lighter) beside the plain one, with augmentation.
N_VIEWS = 2


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
    """One training run: `prepare`, then `epochs` (or `steps`), then `outcome`. A subclass says what an epoch is.

    The same examples and options give the same epochs and the same outcome.

    Attributes:
        history: The epochs so far.
        head: The best head so far; None before the first epoch is over.
    """

    #: Number of the first epoch: 0 where what training starts from can be kept already.
    first = 1

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
    def _passes(self) -> Generator[tuple[Head, Rows, Rows] | None, None, None]:
        """Train for ever; yields head, training and validation pictures as the head sees them, after every pass.

        Within a pass that takes seconds it yields None now and then.
        """

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
        for epoch in self.steps():
            if epoch is not None:
                yield epoch

    def steps(self) -> Generator[Epoch | None, None, None]:
        """The same, and None now and then within an epoch: whoever waits no longer need not wait for its end."""
        passes = self._passes()
        started = time.perf_counter()
        for number in range(self.first, self.options.epochs + 1):
            while (done := next(passes)) is None:
                yield None
            spent = time.perf_counter() - started
            with alone():
                self._note(number, done, spent / max(1, number) * (self.options.epochs - number))
            yield self.history[-1]
            best = self.best
            if best is not None and number - best.number >= self.options.patience:
                return

    def _note(self, number: int, done: tuple[Head, Rows, Rows], seconds_left: float) -> None:
        head, *parts = done
        learnt, held_out = (score(head, rows, self.options.class_weights) for rows in parts)
        epoch = Epoch(number, self.options.epochs, *learnt, *held_out, best=False, seconds_left=seconds_left)
        if self.best is None or epoch.deciding_loss < self.best.deciding_loss:
            self._remember(head)
            epoch = replace(epoch, best=True)
        self.history.append(epoch)

    def _remember(self, head: Head) -> None:
        """This is the best so far; a subclass keeps whatever belongs to it."""
        self.head = head

    def _finished(self) -> tuple[Head, Epoch]:
        if self.head is None or self.best is None:
            raise DataError("classifier.no-epoch")
        return self.head, self.best

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

    def _rows(self, *parts: str) -> Rows:
        rows = Rows.of(self.examples, *parts)
        return rows + self._views if self._views else rows

    def prepare(self) -> Generator[Progress, None, None]:
        """Embed further views of the training pictures, where that is wanted.

        Raises:
            DataError: The pictures are not at hand.
        """
        embedder = self._embedder
        if not self.options.augment or embedder is None:
            return
        picture = pictures_of(self.examples, sentence("classifier.augmentation"))
        rng = random.Random(self.options.seed)
        positions = np.repeat(self.examples.at(TRAIN), N_VIEWS)
        embeddings: list[np.ndarray] = []

        def embed(position: int) -> bool:
            embeddings.append(embedder.embed_images([augment(picture(int(position)), rng)]))
            return True

        yield from take_each(positions, embed)
        self._views = Rows(np.concatenate(embeddings), self.examples.targets[positions])

    def _passes(self) -> Generator[tuple[Head, Rows, Rows] | None, None, None]:
        train, validation = Rows.of(self.examples, TRAIN), Rows.of(self.examples, VALIDATION)
        layers = passes(self._rows(TRAIN), len(self.examples.classes), self.options)
        while True:
            with alone():  # never around a `yield`, nor around another one
                head = finished(next(layers))
            yield head, train, validation

    def outcome(self, stopped: bool = False) -> Outcome:
        """The best head; trained anew with the validation pictures too, unless that is not awaited."""
        head, best = self._finished()
        if stopped or not len(self.examples.at(VALIDATION)):
            return Outcome(head, (TRAIN,))
        layers = passes(self._rows(TRAIN, VALIDATION), len(self.examples.classes), self.options)
        with alone():
            for _ in range(best.number):
                last = next(layers)
        return Outcome(finished(last), (TRAIN, VALIDATION))


def pictures_of(examples: Examples, what: Sentence) -> Callable[[int], Image.Image]:
    """What opens the pictures that something (`what`) needs.

    Raises:
        DataError: They are not at hand.
    """
    if examples.picture is None:
        raise DataError("classifier.no-pictures", what=what)
    return examples.picture


def check(examples: Examples) -> None:
    """Refuse examples that no classifier can learn from.

    Raises:
        DataError: Says why.
    """
    n_classes = len(set(examples.targets[examples.at(TRAIN)].tolist()))
    if n_classes < 2:
        raise DataError("classifier.too-few-classes", n_classes=n_classes)
    if len(examples.classes) > MAX_CLASSES:
        raise DataError("classifier.too-many-classes", n_classes=len(examples.classes), limit=MAX_CLASSES)
