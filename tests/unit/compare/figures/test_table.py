"""The benchmark's rows and differences, from files whose content is known."""

from __future__ import annotations

import csv

from core.compare.figures.evaluation import PROTOCOLS, Evaluation
from core.compare.figures.table import columns_of, metrics_of, rows_of
from core.engine.backbones import BACKBONES
from core.engine.files.tables import to_csv


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
    row = rows_of(EVALUATION, "clothing")[1]
    assert row == {
        "backbone": "hog", "title": "HOG", "trained_on": "nothing", "learned": False,
        "computed": True, "command": "python -m core evaluate --backbone hog",
        "P@5": 0.4, "P@5 low": 0.39, "P@5 high": 0.42, "R@1": 0.5, "R@1 low": 0.49, "R@1 high": 0.52, "n": 100,
        **COST, "bytes_per_vector": 3530, **MACHINE,
    }  # fmt: skip


def test_the_best_comes_first_and_who_has_learned_from_the_data_is_said():
    rows = rows_of(EVALUATION, "clothing")
    assert [(row["backbone"], row["R@1"], row["learned"]) for row in rows] == [
        ("vitrine-clip", 0.8, True), ("hog", 0.5, False),
    ]  # fmt: skip
    assert "Fashion-MNIST" in rows[0]["trained_on"]


def test_every_backbone_says_what_it_was_trained_on():
    assert [id for id, record in BACKBONES.items() if not record.trained_on] == []
    assert {name for record in BACKBONES.values() for name in record.learned_from} == set(PROTOCOLS)


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
    figures = ["R@1", "R@1 low", "R@1 high", "P@5", "P@5 low", "P@5 high"]
    assert head[:10] == ["backbone", "title", "trained_on", "learned", *figures]
    better, first = (dict(zip(head, line, strict=True)) for line in csv.reader(lines[1:3]))
    assert (first["backbone"], first["R@1 low"], first["ms_p50"]) == ("hog", "0.490000", "5.000000")
    assert better["P@5"] == ""
