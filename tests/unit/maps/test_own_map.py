"""The map of a catalogue of one's own: made in a process that can be stopped, or projected where there is no UMAP."""

from __future__ import annotations

import shutil
import time
from importlib.util import find_spec

import numpy as np
import pytest

from core.errors import DataError
from core.maps import own
from core.maps.own import MIN_ITEMS, OwnMap
from core.maps.projection import fit, strongest_directions, unit

needs_umap = pytest.mark.skipif(find_spec("umap") is None, reason="umap-learn is not installed")


def groups(n: int = 60, dim: int = 12) -> np.ndarray:
    """Three groups, each around a direction of its own."""
    noise = np.random.default_rng(0).standard_normal((n, dim)).astype(np.float32)
    return unit(0.1 * noise + np.eye(dim, dtype=np.float32)[np.arange(n) % 3])


def ended(chart: OwnMap, seconds: float = 300) -> OwnMap:
    until = time.monotonic() + seconds
    while not chart.finished:
        assert time.monotonic() < until
        time.sleep(0.05)
    return chart


def test_the_strongest_directions_are_those_of_a_whole_decomposition():
    x = groups()
    centred = x - x.mean(axis=0)
    _, scales, directions = np.linalg.svd(centred, full_matrices=False)
    found, expected = strongest_directions(x), centred @ directions[:2].T
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), scales[:2], rtol=1e-4)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-4)
    assert strongest_directions(x[:5, :1]).shape == (5, 2)


def test_where_there_is_no_umap_it_is_a_projection_and_says_so(monkeypatch):
    monkeypatch.setattr(own, "find_spec", lambda name: None)
    chart = ended(OwnMap(groups()))
    assert (chart.method, chart.problem) == ("pca", None)
    np.testing.assert_array_equal(chart.points, strongest_directions(groups()))
    assert 0 < chart.faithful.neighbours_kept.value <= chart.faithful.trustworthiness.value <= 1
    with pytest.raises(DataError, match="at least 5 pictures; there are 4"):
        OwnMap(groups(MIN_ITEMS - 1))
    assert ended(OwnMap(groups(MIN_ITEMS))).points.shape == (5, 2)


@needs_umap
def test_umap_in_its_process_gives_what_it_gives_here_and_tells_how_far_it_is():
    pytest.importorskip("umap")  # which warns of what else is not installed
    told: list[tuple[int, int]] = []
    expected = fit(groups(), report=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 1
    chart = ended(OwnMap(groups()))
    assert chart.problem is None
    assert chart.share == 1
    np.testing.assert_allclose(chart.points, expected, atol=1e-4)


@needs_umap
def test_stopped_it_ends_soon_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(own.tempfile, "tempdir", str(tmp_path))
    chart = OwnMap(groups(2000))
    while not any(tmp_path.glob("*/embeddings.npy")):
        time.sleep(0.02)
    started = time.monotonic()
    chart.stop()
    assert ended(chart).points is None
    assert time.monotonic() - started < 30
    assert chart.problem is None
    assert not any(tmp_path.iterdir())


@needs_umap
def test_a_process_that_fails_is_a_sentence(monkeypatch):
    monkeypatch.setattr(own.sys, "executable", shutil.which("false"))
    assert "could not be drawn (FileNotFoundError)" in str(ended(OwnMap(groups())).problem)
