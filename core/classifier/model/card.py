"""The model card that goes with every classifier: what it is, from what, and how good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from core.engine.backbones import BACKBONES

if TYPE_CHECKING:
    from core.classifier.evaluate import Evaluation
    from core.classifier.model.files import Classifier

_KINDS = {
    "linear": "a linear layer on frozen embeddings",
    "mlp": "a small network with one hidden layer on frozen embeddings",
    "finetune": "a linear layer on a backbone whose last blocks were trained with it",
}
_TEXT = """\
---
license: other
library_name: vitrine
pipeline_tag: image-classification
---

# A classifier of {n_labels} classes

It is {kind}, made with `python -m core train classifier` or on the page *Train a classifier* of Vitrine.

- Backbone: `{backbone}` ({title}), licence of its weights: {licence}. sha256 of the weights: `{sha256}`.
- Labels: {labels}.
- Data: {data}. Pictures: {counts}.
- Options: {options}.

It answers only together with that very backbone:

```
python -m core classify FOLDER photo.jpg more.zip --csv
```

`head.safetensors` takes the L2-normalised embedding; `layers.0.weight` is (in, out). Softmax gives probabilities.

## Figures

On pictures that touched neither training nor any choice; 95 % intervals by bootstrap over pictures.

{figures}

## Limits

- It knows these classes only, and gives one of them to any picture, of whatever it is.
- A probability is that of pictures like those it was trained on; other cameras, people or shops shift it.
- The licence of the training pictures is not known to the program that wrote this card; add it before you share.
"""


def card_text(classifier: Classifier) -> str:
    """The card as Markdown; names that came from outside are made harmless."""
    record = BACKBONES.get(classifier.backbone)
    facts = classifier.facts
    parts: Any = facts.get("pictures", {})
    options: Any = facts.get("options", {})
    return _TEXT.format(
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
        figures=_table(facts.get("figures", [])),
    )


def figure_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The figures as JSON values, rounded to five decimals."""
    return [
        {"method": figures.name, "metric": metric}
        | {key: round(getattr(getattr(figures, metric), key), 5) for key in ("value", "low", "high", "n")}
        for figures in evaluation.figures
        for metric in ("accuracy", "macro_f1")
    ]


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "It was not evaluated."
    lines = ["| method | figure | value | 95 % interval | pictures |", "|---|---|---|---|---|"]
    for row in rows:
        interval = f"{row['low']:.3f} to {row['high']:.3f}"
        lines.append(f"| {row['method']} | {row['metric']} | {row['value']:.3f} | {interval} | {row['n']:,} |")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text from outside as Markdown that shows it and does nothing else."""
    return re.sub(r"[\\`*_{}\[\]<>#|!~$]", r"\\\g<0>", " ".join(text.split()))
