"""What a training found, as `json.dumps` takes it."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.classifier.data.examples import PARTS

if TYPE_CHECKING:
    from core.classifier.data.organise import Report
    from core.classifier.evaluate import Evaluation


def report(found: Report) -> dict[str, Any]:
    """What `organise` found: pictures by class and part, and what is wrong with them."""
    classes = {
        name: dict(zip(PARTS, counts, strict=True))
        for name, counts in zip(found.classes, found.counts.tolist(), strict=True)
    }
    left_out = [*found.missing, *found.unreadable]
    return {
        "classes": classes,
        "n_groups": found.n_groups,
        "skipped": [{"name": str(one.name), "reason": str(one.reason)} for one in left_out],
        "classes_left_out": dict(found.left_out),
        "classes_rare": dict(found.rare),
        "conflicts": [list(names) for names in found.conflicts],
        "n_duplicates_between_parts": None if found.across is None else len(found.across),
    }


def evaluation(found: Evaluation) -> dict[str, Any]:
    """Figures with their intervals, by class too; null where a figure would be a division by nothing."""
    return {
        "figures": [asdict(one) for one in found.figures],
        "per_class": [
            {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
            for row in map(asdict, found.per_class)
        ],
        "classes": list(found.classes),
        "confusion": found.confusion.tolist(),
    }
