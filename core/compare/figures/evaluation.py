"""`evaluation.json`: the figures of every backbone that was evaluated, and of the run that gave them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from core.config import artifacts_dir

SCHEMA = 1
FILE = "evaluation.json"
PROTOCOLS = ("clothing", "looks", "fashion-mnist", "clothing-small", "fashion-products")

#: One figure: `backbone`, `protocol`, `metric`, `value`, `low`, `high`, `n`.
Result = dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """What is on file.

    Attributes:
        results: All figures, with 95 % intervals.
        runs: Backbone id -> `machine` and `cost` (see `core.jobs.evaluate.cost`).
    """

    results: list[Result] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def figures(self, backbone_id: str, protocol: str) -> dict[str, Result]:
        """A backbone's figures on one protocol, by metric."""
        wanted = (backbone_id, protocol)
        return {one["metric"]: one for one in self.results if (one["backbone"], one["protocol"]) == wanted}


def read_evaluation() -> Evaluation:
    """All that is on file; nothing where there is none, or it is of another version."""
    try:
        content = json.loads((artifacts_dir() / FILE).read_bytes())
    except (OSError, ValueError):
        return Evaluation()
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        return Evaluation()
    return Evaluation(list(content["results"]), dict(content.get("runs", {})))
