"""A whole run: examples -> training -> evaluation -> a classifier that can be saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from core.classifier.data.examples import PARTS, Examples
from core.classifier.evaluate import Evaluation, evaluate
from core.classifier.model.card import figure_rows
from core.classifier.model.classifier import Classifier
from core.classifier.training.options import FINETUNE, Options
from core.classifier.training.trainer import HeadTrainer, Trainer
from core.engine.embedders.base import Embedder
from core.engine.embedders.weights import preparation_of, weights_sha256


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
) -> tuple[Classifier, Evaluation]:
    """Make a classifier of what a trainer has learnt, and evaluate it, once.

    Args:
        trainer: At least one epoch is over.
        embedder: The backbone as it is.
        data: What the examples are, for readers.
        words: See `evaluate`.
        stopped: Whether training was ended by hand.

    Raises:
        DataError: No epoch is over yet, or there are no test pictures.
    """
    outcome = trainer.outcome(stopped)
    examples, options = trainer.examples, trainer.options
    evaluation = evaluate(outcome.head, examples, outcome.known, embedder, words, outcome.embeddings)
    best = trainer.best
    facts = {
        "data": data,
        "pictures": {part: len(examples.at(part)) for part in PARTS},
        "learnt_from": list(outcome.known),
        "options": asdict(options) | {"epochs": best.number if best else 0, "stopped": stopped},
        "figures": figure_rows(evaluation),
    }
    id = embedder.record.id
    weights = weights_sha256(embedder.record) or ""
    prepared = preparation_of(embedder.record)
    classifier = Classifier(outcome.head, examples.classes, id, weights, options.kind, facts, outcome.tower, prepared)
    return classifier, evaluation
