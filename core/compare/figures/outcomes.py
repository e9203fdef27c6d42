"""What every single query of the evaluation got, kept small, so that two backbones can be compared query by query.

Beside it is kept who gave each query, once for all backbones: where one person gave many, these are drawn together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.engine.files.folder import written
from core.engine.files.manifest import load_manifest, relative, verified
from core.engine.metrics import Differences, compare_all
from core.errors import ArtifactError, sentence

#: Into how many steps a query's figure is divided. A share of five hits has five, right or wrong has one; average
#: precision is rounded to 1/255, which moves the mean of a thousand queries by less than 0.0001.
STEPS = {"mAP@100": 255}
_OF_FIVE = 5


def steps_of(metric: str) -> int:
    """Into how many steps a figure is divided."""
    return _OF_FIVE if metric.endswith("P@5") else STEPS.get(metric, 1)


REPAIR = "python -m core evaluate --backbone {id}"

#: (protocol, metric) -> (n,) values in [0, 1], in the protocol's order of queries; of senders, (n,) uint16 numbers.
Outcomes = dict[tuple[str, str], np.ndarray]
_SENDERS = "senders"  # no backbone has this id


def outcomes_file(backbone_id: str) -> Path:
    """Where a backbone's outcomes are."""
    return artifacts_dir() / "outcomes" / f"{backbone_id}.npz"


def save_outcomes(backbone_id: str, outcomes: Mapping[tuple[str, str], np.ndarray]) -> Path:
    """Write a backbone's outcomes, one byte a query before compression; the manifest is the caller's business.

    Args:
        backbone_id: Whose they are.
        outcomes: See `Outcomes`.
    """
    steps = {key: np.asarray(values, np.float64) * steps_of(key[1]) for key, values in outcomes.items()}
    return _save(backbone_id, {key: np.rint(values).astype(np.uint8) for key, values in steps.items()})


def save_senders(senders: Mapping[tuple[str, str], np.ndarray]) -> Path:
    """Write whose each query is, by number; the manifest is the caller's business."""
    codes = {key: np.unique(names, return_inverse=True)[1] for key, names in senders.items()}
    return _save(_SENDERS, {key: numbers.astype(np.uint16) for key, numbers in codes.items()})


def _save(name: str, arrays: Outcomes) -> Path:
    path = outcomes_file(name)
    with written(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **{"/".join(key): array for key, array in arrays.items()})  # type: ignore[arg-type]
    return path


def load_outcomes(backbone_id: str) -> Outcomes:
    """A backbone's outcomes; {} where it has not been evaluated.

    Raises:
        ArtifactError: The file is not as the manifest says.
    """
    return {key: packed / steps_of(key[1]) for key, packed in _load(backbone_id, backbone_id).items()}


def load_senders() -> Outcomes:
    """Whose each query is, for the figures whose queries were given by people.

    Raises:
        ArtifactError: The file is not as the manifest says.
    """
    return _load(_SENDERS, DEFAULT_BACKBONE)


def _load(name: str, backbone_id: str) -> Outcomes:
    path = outcomes_file(name)
    if relative(path) not in load_manifest()["files"]:
        return {}
    verified(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {tuple(name.split("/", 1)): stored[name] for name in stored.files}
    except Exception as error:  # zipfile and numpy raise many kinds
        raise ArtifactError(relative(path), sentence("compare.unreadable"), REPAIR.format(id=backbone_id)) from error


def differences(ids: Iterable[str], protocol: str, metric: str) -> Differences:
    """By how much the first of every two backbones is better on one figure; see `compare_all`.

    Raises:
        ArtifactError: What is kept of a backbone's queries is damaged.
    """
    key = (protocol, metric)
    return compare_all({id: load_outcomes(id).get(key) for id in ids}, load_senders().get(key))
