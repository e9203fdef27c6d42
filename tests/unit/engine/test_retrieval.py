"""What queries find, against a plain loop over all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.files.tables import to_csv
from core.engine.metrics import bootstrap, bootstrap_groups, knn_predict
from core.engine.retrieval import DEPTH, K_KNN, TakenFor, figures_by_class, matrix_rows, retrieve, taken_for


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


def small() -> TakenFor:
    """Six of three classes in a plane, each by its angle: one a looks like b, one b like a, and c has no second."""
    labels = np.array(["a", "a", "a", "b", "b", "c"])
    angles = np.radians([0, 10, 91, 90, 120, 200])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    everything, own = np.arange(6), np.arange(6)
    return taken_for(retrieve(rows, rows, (labels, labels), (own, own)), everything + 10, everything + 10)


def test_what_queries_are_taken_for_is_what_lies_closest():
    found = small()
    assert found.names == ("a", "b", "c")
    assert found.matrix("first").tolist() == [[2, 1, 0], [2, 0, 0], [0, 1, 0]]
    assert found.near[0].tolist() == [11, 13, 12, 14, 15]  # itself, which it must not find, would come last
    assert found.queries.tolist() == [10, 11, 12, 13, 14, 15]
    assert (found.guesses["vote"] == retrieve_votes(found)).all()


def retrieve_votes(found: TakenFor) -> np.ndarray:
    return knn_predict(found.near_classes, found.similarities, 3)


def test_misses_come_with_the_most_similar_wrong_hit_first_and_can_be_narrowed():
    found = small()
    assert found.queries[found.misses("first")].tolist() == [12, 13, 14, 15]
    assert found.queries[found.misses("first", "b")].tolist() == [13, 14]
    assert found.queries[found.misses("first", "", "b")].tolist() == [12, 15]
    assert found.misses("first", "a", "c").tolist() == []
    some = found.only(np.array([2, 5]))
    assert (some.queries.tolist(), some.matrix("first").sum()) == ([12, 15], 2)


def test_figures_of_a_class_are_those_of_its_queries_alone():
    labels, right = np.array(["b", "a", "b", "a", "a"]), np.array([1, 0, 0, 1, 1])
    first, second = figures_by_class({"R@1": right}, labels)
    assert (first["class"], first["n"], first["R@1"]) == ("a", 3, 2 / 3)
    expected = bootstrap(np.array([0, 1, 1]))
    assert (first["R@1 low"], first["R@1 high"]) == (expected.low, expected.high)
    assert (second["class"], second["n"], second["R@1"]) == ("b", 2, 0.5)
    people = np.array(["x", "y", "x", "z", "y"])
    by_people = figures_by_class({"R@1": right}, labels, people)
    assert by_people[0]["R@1 low"] == bootstrap_groups(np.array([0, 1, 1]), people[labels == "a"]).low
    assert by_people[1] == {"class": "b", "n": 2, "R@1": 0.5}  # all of one person: no resampling says more


def test_a_matrix_is_a_table_whatever_the_classes_are_called():
    rows = matrix_rows(["class", "=b"], np.array([[1, 2], [0, 3]]))
    assert to_csv(["", "class", "=b"], rows) == ",class,'=b\r\nclass,1,2\r\n'=b,0,3\r\n"
