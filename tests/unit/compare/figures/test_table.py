"""The benchmark's rows and differences, from files whose content is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.compare.figures.evaluation import Evaluation
from core.compare.figures.outcomes import save_outcomes
from core.compare.figures.table import columns_of, differences, metrics_of, rows_of
from core.engine.files import manifest as artifacts
from core.engine.files.tables import to_csv
from core.engine.metrics import paired_difference


def figure(backbone: str, metric: str, value: float, protocol: str = "clothing") -> dict[str, object]:
    bounds = {"value": value, "low": round(value - 0.01, 5), "high": round(value + 0.02, 5), "n": 100}
    return {"backbone": backbone, "protocol": protocol, "metric": metric} | bounds


MACHINE = {"date": "2026-01-01", "processor": "Z80", "threads": 1, "python": "3.11", "numpy": "2.0"}
COST = {"ms_p50": 5.0, "ms_p95": 6.0, "images_per_s": 100, "peak_memory_mb": 90, "n_parameters": 7}
EVALUATION = Evaluation(
    [
        figure("hog", "P@5", 0.4),
        figure("hog", "R@1", 0.5),
        figure("hog", "R@1", 0.9, "fashion-mnist"),
        figure("vitrine-clip", "R@1", 0.8),
        figure("vitrine-clip", "ECE", 0.03),
    ],
    {"hog": {"machine": MACHINE, "cost": COST | {"bytes_per_vector": 3530}}},
)


def test_metrics_come_in_their_usual_order_and_new_ones_last():
    assert metrics_of(EVALUATION, "clothing") == ["R@1", "P@5", "ECE"]
    assert metrics_of(EVALUATION, "fashion-mnist") == ["R@1"]
    assert metrics_of(EVALUATION, "clothing-small") == []


def test_a_row_holds_figures_bounds_costs_and_the_run():
    row = rows_of(EVALUATION, "clothing")[0]
    assert row == {
        "backbone": "hog", "title": "HOG", "computed": True, "command": "python -m core evaluate --backbone hog",
        "P@5": 0.4, "P@5 low": 0.39, "P@5 high": 0.42, "R@1": 0.5, "R@1 low": 0.49, "R@1 high": 0.52, "n": 100,
        **COST, "bytes_per_vector": 3530, **MACHINE,
    }  # fmt: skip


def test_what_was_not_evaluated_has_a_row_with_the_command():
    rows = rows_of(EVALUATION, "fashion-mnist", ["vitrine-clip", "hog", "raw-pixels"])
    assert [(row["backbone"], row["computed"]) for row in rows] == [
        ("hog", True), ("vitrine-clip", False), ("raw-pixels", False),
    ]  # fmt: skip
    assert rows[2]["command"] == "python -m core evaluate --backbone raw-pixels"
    assert "R@1" not in rows[2]


def test_the_file_has_a_line_a_backbone_and_bounds_beside_each_figure():
    lines = to_csv(columns_of(["R@1", "P@5"]), rows_of(EVALUATION, "clothing")).splitlines()
    head = lines[0].split(",")
    assert head[:8] == ["backbone", "title", "R@1", "R@1 low", "R@1 high", "P@5", "P@5 low", "P@5 high"]
    first = dict(zip(head, lines[1].split(","), strict=True))
    assert (first["backbone"], first["R@1 low"], first["ms_p50"]) == ("hog", "0.490000", "5.000000")
    assert dict(zip(head, lines[2].split(","), strict=True))["P@5"] == ""


def test_differences_are_those_of_the_queries(tiny_artifacts):
    rng = np.random.default_rng(0)
    values = {id: rng.random(300) < share for id, share in (("a", 0.8), ("b", 0.6), ("c", 0.8))}
    artifacts.register([save_outcomes(id, {("clothing", "R@1"): right}) for id, right in values.items()])
    found = differences("a", ["a", "b", "c", "d"], "clothing", "R@1")
    assert list(found) == ["b", "c", "d"]
    assert found["b"] == paired_difference(values["a"], values["b"])
    assert found["b"].low > 0
    assert found["c"].low < 0 < found["c"].high
    assert found["d"] is None
    assert found["b"].value == pytest.approx(values["a"].mean() - values["b"].mean())
