"""What decides the outcome of a training run beside the pictures, and what is said after every epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1.0
    dropout: float = 0.3
    seed: int = 0

    @property
    def hidden(self) -> int:
        """Units of the hidden layer, 0 for none."""
        return HIDDEN if self.kind == MLP else 0


def usual(kind: str) -> Options:
    """The usual options of a kind: fine-tuning takes few passes, since each is dear."""
    return Options(kind, epochs=12, patience=3) if kind == FINETUNE else Options(kind)


@dataclass(frozen=True)
class Epoch:
    """One pass over the training pictures: losses are mean cross-entropies, in nats, weighted as in training.

    Attributes:
        number: From 1; 0 for what fine-tuning starts from, a head on the backbone as it is.
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

    @property
    def deciding_loss(self) -> float:
        """The lower, the better: of the validation pictures where there are any."""
        return self.train_loss if math.isnan(self.validation_loss) else self.validation_loss
