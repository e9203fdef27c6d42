"""UMAP behind `fit`, and what is measured on a map, against slow and obvious oracles."""

from __future__ import annotations

import numpy as np
import pytest

from core.maps.projection import ProjectionParameters, faithfulness, fit, nearest_others, place


@pytest.fixture(scope="module")
def three_groups() -> np.ndarray:
    """(90, 8) float16: three directions with a little noise, rows of length 1."""
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(8)[:3], 30, axis=0) + 0.1 * rng.normal(size=(90, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture(scope="module")
def layout(three_groups: np.ndarray) -> np.ndarray:
    pytest.importorskip("umap", reason="umap-learn is not installed")
    return fit(three_groups, ProjectionParameters(n_neighbors=10))


def test_the_nearest_others_are_those_of_a_full_comparison(three_groups):
    vectors = three_groups.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -2)
    expected = np.argsort(-similarities, axis=1, kind="stable")[:, :7]
    rows, found = nearest_others(three_groups, 7)
    np.testing.assert_allclose(found, np.take_along_axis(similarities, expected, 1), atol=1e-5)
    assert (rows == expected).mean() > 0.99  # rounding may swap equals


def test_no_row_is_its_own_neighbour_even_among_equals():
    rows, similarities = nearest_others(np.tile(np.float32([1, 0]), (600, 1)), 3)
    assert rows.shape == (600, 3)
    assert not (rows == np.arange(600)[:, None]).any()
    np.testing.assert_allclose(similarities, 1, atol=1e-6)
    assert nearest_others(np.eye(3, dtype=np.float32), 10)[0].shape == (3, 2)


def test_groups_stay_together_and_a_seed_gives_one_map(three_groups, layout):
    assert layout.shape == (90, 2)
    assert layout.dtype == np.float32
    centres = layout.reshape(3, 30, 2).mean(axis=1)
    nearest = np.linalg.norm(layout[:, None] - centres[None], axis=2).argmin(axis=1)
    assert nearest.tolist() == np.repeat([0, 1, 2], 30).tolist()
    np.testing.assert_array_equal(fit(three_groups, ProjectionParameters(n_neighbors=10)), layout)


def test_trustworthiness_is_that_of_scikit_learn(three_groups):
    manifold = pytest.importorskip("sklearn.manifold", reason="scikit-learn is not installed")
    points = np.random.default_rng(1).normal(size=(90, 2)).astype(np.float32) + three_groups[:, :2]
    expected = manifold.trustworthiness(three_groups.astype(np.float32), points, n_neighbors=5, metric="cosine")
    measured = faithfulness(three_groups, points, k=5)
    assert measured.trustworthiness.value == pytest.approx(expected, abs=1e-3)
    assert measured.trustworthiness.low < expected < measured.trustworthiness.high
    assert (measured.k, measured.trustworthiness.n) == (5, 90)


def test_neighbours_kept_are_counted_one_by_one(three_groups):
    points = three_groups[:, :2].astype(np.float32)
    rows, _ = nearest_others(three_groups, 5)
    kept = []
    for i in range(90):
        distances = [np.inf if j == i else float(np.linalg.norm(points[i] - points[j])) for j in range(90)]
        kept.append(len(set(np.argsort(distances, kind="stable")[:5]) & set(rows[i])) / 5)
    assert faithfulness(three_groups, points, k=5).neighbours_kept.value == pytest.approx(np.mean(kept), abs=0.01)


def test_a_map_that_keeps_everything_is_perfect():
    angles = np.linspace(0, 1, 60)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    measured = faithfulness(circle, circle, k=4)
    assert (measured.trustworthiness.value, measured.neighbours_kept.value) == (1, 1)


def test_a_query_is_placed_on_its_most_central_neighbour():
    points = np.random.default_rng(2).normal(size=(10, 2)).astype(np.float32)
    sums = [sum(float(np.linalg.norm(a - b)) for b in points) for a in points]
    np.testing.assert_array_equal(place(points), points[int(np.argmin(sums))])
    np.testing.assert_array_equal(place(points[:1]), points[0])
    two_groups = np.float32([[0, 0], [0, 1], [1, 0], [90, 90]])
    assert place(two_groups).max() <= 1  # never between two groups, where there is nothing
