"""The map of a catalogue of one's own: made in a process that can be stopped, or projected where there is no UMAP."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

from core.config import ROOT
from core.engine.progress import Background
from core.errors import DataError
from core.maps import own
from core.maps.own import MIN_ITEMS, OwnMap, begin
from core.maps.projection import fit, strongest_directions, unit

Popen = subprocess.Popen
needs_umap = pytest.mark.skipif(find_spec("umap") is None, reason="umap-learn is not installed")


def groups(n: int = 60, dim: int = 12) -> np.ndarray:
    """Three groups, each around a direction of its own."""
    noise = np.random.default_rng(0).standard_normal((n, dim)).astype(np.float32)
    return unit(0.1 * noise + np.eye(dim, dtype=np.float32)[np.arange(n) % 3])


def ended(work: Background[OwnMap], seconds: float = 300) -> Background[OwnMap]:
    until = time.monotonic() + seconds
    while not work.finished:
        assert time.monotonic() < until
        time.sleep(0.05)
    return work


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
    work = ended(begin(groups()))
    chart = work.result
    assert (chart.method, work.problem) == ("pca", None)
    np.testing.assert_array_equal(chart.points, strongest_directions(groups()))
    assert 0 < chart.faithful.neighbours_kept.value <= chart.faithful.trustworthiness.value <= 1
    with pytest.raises(DataError, match="at least 5 pictures; there are 4"):
        begin(groups(MIN_ITEMS - 1))
    assert ended(begin(groups(MIN_ITEMS))).result.points.shape == (5, 2)


@needs_umap
def test_umap_in_its_process_gives_what_it_gives_here_and_tells_how_far_it_is():
    pytest.importorskip("umap")  # which warns of what else is not installed
    told: list[tuple[int, int]] = []
    expected = fit(groups(), report=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 1
    work = ended(begin(groups()))
    assert work.problem is None
    assert work.progress.n_done == work.progress.n_total == told[-1][1]
    np.testing.assert_allclose(work.result.points, expected, atol=1e-4)


@needs_umap
@pytest.mark.parametrize("how", ["stopped", "let go"])
def test_stopped_or_let_go_it_ends_and_leaves_nothing(how, monkeypatch, tmp_path):
    monkeypatch.setattr(own.tempfile, "tempdir", str(tmp_path))
    processes: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(
        own.subprocess, "Popen", lambda *args, **kw: processes.append(Popen(*args, **kw)) or processes[-1]
    )
    work = begin(groups(2000))
    while not processes:
        time.sleep(0.02)
    if how == "stopped":
        work.stop()
        assert (ended(work).result, work.problem) == (None, None)
    del work
    gc.collect()
    assert processes[0].wait(60) != 0  # killed: it did not end by itself
    until = time.monotonic() + 60
    while any(tmp_path.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert ended(begin(groups())).result is not None  # it is the next one's turn


@needs_umap
def test_its_process_ends_with_whoever_began_it(tmp_path):
    np.save(tmp_path / "embeddings.npy", groups(2000))
    command = [sys.executable, "-m", "core.maps.own", str(tmp_path)]
    with Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        process.stdin.close()
        assert process.wait(60) == 1


@needs_umap
def test_a_process_that_fails_is_a_sentence(monkeypatch):
    monkeypatch.setattr(own.sys, "executable", shutil.which("false"))
    assert "could not be drawn (FileNotFoundError)" in str(ended(begin(groups())).problem)
