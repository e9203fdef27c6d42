"""`evaluation.json`: the figures of every backbone that was evaluated, and of the run that gave them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.config import artifacts_dir
from core.engine.files.manifest import read_verified

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
    """All that is on file; nothing where nothing was evaluated.

    Raises:
        ArtifactError: The file is damaged, or of another version.
    """
    content = read_verified(artifacts_dir() / FILE, SCHEMA)
    return Evaluation(list(content["results"]), dict(content.get("runs", {}))) if content else Evaluation()
