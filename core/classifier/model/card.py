"""The model card that goes with every classifier: what it is, from what, and how good."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.backbones import BACKBONES
from core.engine.files.tables import figures_table

if TYPE_CHECKING:
    from core.classifier.evaluate import Evaluation
    from core.classifier.model.classifier import Classifier

_KINDS = {
    "linear": "a linear layer on frozen embeddings",
    "mlp": "a small network with one hidden layer on frozen embeddings",
    "finetune": "a linear layer on a backbone whose last blocks were trained with it",
}
TEXT = Path(__file__).with_name("card.md")


def card_text(classifier: Classifier) -> str:
    """The card as Markdown; names that came from outside are made harmless."""
    record = BACKBONES.get(classifier.backbone)
    facts = classifier.facts
    parts: Any = facts.get("pictures", {})
    options: Any = facts.get("options", {})
    figures: Any = facts.get("figures", [])
    return TEXT.read_text("utf-8").format(
        n_labels=len(classifier.labels),
        kind=_KINDS[classifier.kind],
        backbone=classifier.backbone,
        title=record.title if record else "unknown",
        licence=record.licence if record else "unknown",
        sha256=classifier.backbone_sha256 or "none of their own",
        labels=", ".join(map(_plain, classifier.labels)),
        data=_plain(str(facts.get("data", "unknown"))),
        counts=", ".join(f"{n:,} {part}" for part, n in parts.items()) or "unknown",
        options=", ".join(f"{name} {value}" for name, value in options.items()) or "unknown",
        figures=figures_table(figures, "method", "pictures") if figures else "It was not evaluated.",
    )


def figure_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The figures as JSON values, rounded to five decimals."""
    return [
        {"method": figures.name, "metric": metric}
        | {key: round(getattr(getattr(figures, metric), key), 5) for key in ("value", "low", "high", "n")}
        for figures in evaluation.figures
        for metric in ("accuracy", "macro_f1")
    ]


def _plain(text: str) -> str:
    """Text from outside as Markdown that shows it and does nothing else."""
    return re.sub(r"[\\`*_{}\[\]<>#|!~$]", r"\\\g<0>", " ".join(text.split()))
