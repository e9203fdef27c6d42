"""The benchmark as rows: every backbone's figures on one protocol, with intervals, beside what they cost.

Figures that others published stand beside ours; `published.toml` says what each is and where it is from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.compare.figures.evaluation import Evaluation
from core.engine.backbones import BACKBONES

#: In the order of the columns; a protocol has some of them.
METRICS = (
    *("R@1", "P@5", "mAP@100", "knn_accuracy", "linear_accuracy", "zero_shot_accuracy", "colour_P@5", "text_R@10"),
)
COSTS = ("ms_p50", "ms_p95", "images_per_s", "peak_memory_mb", "n_parameters", "bytes_per_vector")
RUN = ("date", "processor", "threads", "python", "torch", "onnxruntime", "numpy")

Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """One figure of somebody else's.

    Attributes:
        system: What was measured.
        protocol: Ours that it comes closest to.
        metric: Ours that it comes closest to.
        value: In [0, 1].
        source: Where it was published.
        note: How the definition differs from ours; "" where it is the same.
    """

    system: str
    protocol: str
    metric: str
    value: float
    source: str
    note: str = ""


_TABLE = tomllib.loads(Path(__file__).with_name("published.toml").read_text("utf-8"))
PUBLISHED = tuple(Published(**figure) for figure in _TABLE["figure"])


def metrics_of(evaluation: Evaluation, protocol: str) -> list[str]:
    """The metrics that somebody has on a protocol, in the order of `METRICS`, then any others."""
    known = {one["metric"] for one in evaluation.results if one["protocol"] == protocol}
    return [name for name in METRICS if name in known] + sorted(known - set(METRICS))


def rows_of(evaluation: Evaluation, protocol: str, others: Iterable[str] = ()) -> list[Row]:
    """One row a backbone that was evaluated, the best by the first metric first; then `others` that were not.

    Returns:
        Each with `backbone`, `title`, `trained_on`, `learned` (whether training has seen the training part of the
        protocol's data), `computed`, `command` that computes it; for every metric its value, and its
        bounds as "METRIC low" and "METRIC high"; the fields of `COSTS` and `RUN`. What is not known is left out.
    """
    done = {one["backbone"] for one in evaluation.results if one["protocol"] == protocol}
    first = next(iter(metrics_of(evaluation, protocol)), "")
    rows = [_row(evaluation, protocol, id) for id in sorted(done)]
    rows.sort(key=lambda row: -row.get(first, -1.0))
    return rows + [_row(evaluation, protocol, id) for id in dict.fromkeys(others) if id not in done]


def _row(evaluation: Evaluation, protocol: str, id: str) -> Row:
    figures = evaluation.figures(id, protocol)
    record = BACKBONES.get(id)
    run = evaluation.runs.get(id, {})
    row: Row = {
        "backbone": id,
        "title": record.title if record else id,
        "trained_on": record.trained_on if record else "",
        "learned": record is not None and protocol in record.learned_from,
        "computed": bool(figures),
        "command": f"python -m core evaluate --backbone {id}",
    }
    for metric, one in figures.items():
        row |= {metric: one["value"], f"{metric} low": one["low"], f"{metric} high": one["high"], "n": one["n"]}
    row |= {name: run["cost"][name] for name in COSTS if name in run.get("cost", {})}
    return row | {name: run["machine"][name] for name in RUN if name in run.get("machine", {})}


def columns_of(metrics: Sequence[str]) -> list[str]:
    """The columns of the table as a file, in order."""
    bounds = [column for name in metrics for column in (name, f"{name} low", f"{name} high")]
    return ["backbone", "title", "trained_on", "learned", *bounds, "n", *COSTS, *RUN, "command"]


def beside(protocol: str) -> list[Published]:
    """The figures that stand beside one of our protocols, best first."""
    return sorted((one for one in PUBLISHED if one.protocol == protocol), key=lambda one: (one.metric, -one.value))
