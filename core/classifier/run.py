"""A whole run: examples -> training -> evaluation -> a classifier that can be saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import cast

from core.classifier.data.examples import PARTS, Examples
from core.classifier.evaluate import Evaluation, baselines, evaluate_head
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
    """Make a classifier of what a trainer has learnt, and evaluate it, once, beside what needs no training.

    Args:
        trainer: At least one epoch is over.
        embedder: The backbone as it is.
        data: What the examples are, for readers.
        words: See `baselines`.
        stopped: Whether training was ended by hand.

    Raises:
        DataError: No epoch is over yet, or there are no test pictures.
    """
    return compared(*finish_alone(trainer, embedder, data, stopped), trainer.examples, embedder, words)


def finish_alone(trainer: Trainer, embedder: Embedder, data: str, stopped: bool) -> tuple[Classifier, Evaluation]:
    """The same without anything beside it: that takes seconds where there are many pictures; see `compared`."""
    outcome = trainer.outcome(stopped)
    examples, options = trainer.examples, trainer.options
    evaluation = evaluate_head(outcome.head, examples, outcome.embeddings)
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


def compared(
    classifier: Classifier,
    evaluation: Evaluation,
    examples: Examples,
    embedder: Embedder,
    words: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Classifier, Evaluation]:
    """What `finish_alone` gave, with the figures of what needs no training added to both."""
    beside = baselines(examples, cast("Sequence[str]", classifier.facts["learnt_from"]), embedder, words)
    evaluation = replace(evaluation, figures=evaluation.figures + beside)
    facts = {**classifier.facts, "figures": figure_rows(evaluation)}
    return replace(classifier, facts=facts), evaluation
