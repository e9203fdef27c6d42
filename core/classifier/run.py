"""A whole run: examples -> training -> judgement -> a classifier that can be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from core.classifier.data.examples import PARTS, Examples
from core.classifier.evaluate import Judgement, judge
from core.classifier.model.card import figure_rows
from core.classifier.model.files import Classifier
from core.classifier.training.options import FINETUNE, Options
from core.classifier.training.trainer import HeadTrainer, Trainer
from core.engine.embedders.base import Embedder
from core.engine.embedders.weights import weights_sha256


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives."""

    classifier: Classifier
    judgement: Judgement


def make_trainer(examples: Examples, options: Options, embedder: Embedder) -> Trainer:
    """The trainer that the options ask for.

    Raises:
        DataError: The examples cannot be learnt from, or this backbone cannot be fine-tuned here.
    """
    if options.kind == FINETUNE:
        from core.classifier.training.finetune import FinetuneTrainer

        return FinetuneTrainer(examples, options, embedder)
    return HeadTrainer(examples, options, embedder)


def finish(
    trainer: Trainer,
    embedder: Embedder,
    data: str,
    words: Mapping[str, Sequence[str]] | None = None,
    stopped: bool = False,
) -> Result:
    """Judge what a trainer has learnt, once, and make a classifier of it.

    Args:
        trainer: At least one epoch is over.
        embedder: The backbone as it is.
        data: What the examples are, for readers.
        words: See `judge`.
        stopped: Whether training was ended by hand.

    Raises:
        DataError: No epoch is over yet, or there are no test pictures.
    """
    outcome = trainer.outcome(stopped)
    examples, options = trainer.examples, trainer.options
    judgement = judge(outcome.head, examples, outcome.known, embedder, words, outcome.embeddings)
    best = trainer.best
    facts = {
        "data": data,
        "pictures": {part: len(examples.at(part)) for part in PARTS},
        "learnt_from": list(outcome.known),
        "options": asdict(options) | {"epochs": best.number if best else 0, "stopped": stopped},
        "figures": figure_rows(judgement),
    }
    id = embedder.record.id
    kept = Classifier(
        outcome.head, examples.classes, id, weights_sha256(embedder.record) or "", options.kind, facts, outcome.tower
    )
    return Result(kept, judgement)
