"""What queries find, against a plain loop over all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.metrics import knn_predict
from core.engine.retrieval import DEPTH, K_KNN, retrieve


def unit_rows(n: int, seed: int, dim: int = 5) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def slow(queries, gallery, labels, groups) -> dict[str, list[float]]:
    names = sorted({*labels[0], *labels[1]})
    found: dict[str, list[float]] = {"R@1": [], "P@5": [], "mAP@100": [], "knn_accuracy": []}
    for q, query in enumerate(queries):
        allowed = [i for i in range(len(gallery)) if groups is None or groups[0][q] != groups[1][i]]
        near = sorted(allowed, key=lambda i, query=query: (-float(query @ gallery[i]), i))
        right = [labels[1][i] == labels[0][q] for i in near]
        found["R@1"].append(right[0])
        found["P@5"].append(sum(right[:5]) / 5)
        best = min(sum(right), DEPTH, len(gallery))
        precisions = [sum(right[: rank + 1]) / (rank + 1) for rank in range(min(DEPTH, len(near))) if right[rank]]
        found["mAP@100"].append(sum(precisions) / best if best else 0)
        votes = np.array([[names.index(labels[1][i]) for i in near[:K_KNN]]])
        weights = np.array([[query @ gallery[i] for i in near[:K_KNN]]])
        found["knn_accuracy"].append(names[knn_predict(votes, weights, len(names))[0]] == labels[0][q])
    return found


@pytest.mark.parametrize("n_gallery", [9, 150, 601])
@pytest.mark.parametrize("grouped", [False, True])
def test_every_figure_is_that_of_the_plain_loop(n_gallery, grouped):
    rng = np.random.default_rng(n_gallery)
    queries, gallery = unit_rows(510, 1), unit_rows(n_gallery, 2)
    labels = tuple(rng.choice(list("abc"), n) for n in (510, n_gallery))
    groups = tuple(rng.choice(list("vwxyz"), n) for n in (510, n_gallery)) if grouped else None
    found, expected = retrieve(queries, gallery, labels, groups), slow(queries[:40], gallery, labels, groups)
    for name, values in found.figures().items():
        np.testing.assert_allclose(values[:40], expected[name], atol=1e-6, err_msg=name)
    if groups:
        blocked = groups[0][:, None] == groups[1][found.positions]
        assert not (found.relevant & blocked).any()
