"""What every single query of the evaluation got, kept small, so that two backbones can be compared query by query."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.config import artifacts_dir
from core.engine.files.folder import written
from core.engine.files.manifest import load_manifest, relative, verified
from core.engine.metrics import Estimate, paired_difference
from core.errors import ArtifactError, sentence

#: Into how many steps a query's figure is divided. A share of five hits has five, right or wrong has one; average
#: precision is rounded to 1/255, which moves the mean of a thousand queries by less than 0.0001.
STEPS = {"mAP@100": 255}
_OF_FIVE = 5


def steps_of(metric: str) -> int:
    """Into how many steps a figure is divided."""
    return _OF_FIVE if metric.endswith("P@5") else STEPS.get(metric, 1)


REPAIR = "python -m core evaluate --backbone {id}"

#: (protocol, metric) -> (n,) values in [0, 1], in the protocol's order of queries.
Outcomes = dict[tuple[str, str], np.ndarray]


def outcomes_file(backbone_id: str) -> Path:
    """Where a backbone's outcomes are."""
    return artifacts_dir() / "outcomes" / f"{backbone_id}.npz"


def save_outcomes(backbone_id: str, outcomes: Mapping[tuple[str, str], np.ndarray]) -> Path:
    """Write a backbone's outcomes, one byte a query before compression; the manifest is the caller's business.

    Args:
        backbone_id: Whose they are.
        outcomes: See `Outcomes`.
    """
    packed = {
        f"{protocol}/{metric}": np.rint(np.asarray(values, np.float64) * steps_of(metric)).astype(np.uint8)
        for (protocol, metric), values in outcomes.items()
    }
    path = outcomes_file(backbone_id)
    with written(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **packed)  # type: ignore[arg-type]
    return path


def load_outcomes(backbone_id: str) -> Outcomes:
    """A backbone's outcomes; {} where it has not been evaluated.

    Raises:
        ArtifactError: The file is not as the manifest says.
    """
    path = outcomes_file(backbone_id)
    if relative(path) not in load_manifest()["files"]:
        return {}
    verified(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            packed = {tuple(name.split("/", 1)): stored[name] for name in stored.files}
    except Exception as error:  # zipfile and numpy raise many kinds
        raise ArtifactError(relative(path), sentence("compare.unreadable"), REPAIR.format(id=backbone_id)) from error
    return {(p, metric): values / steps_of(metric) for (p, metric), values in packed.items()}


def difference(first: Outcomes, second: Outcomes, protocol: str, metric: str) -> Estimate | None:
    """By how much the first is better on one figure, with its 95 % interval; None where it cannot be said.

    It cannot where one of them has no such figure, or had other queries.
    """
    ours, theirs = first.get((protocol, metric)), second.get((protocol, metric))
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return None
    return paired_difference(ours, theirs)
