"""The benchmark of large catalogues: what it measures of a small one, and what it leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.jobs.benchmark import scale


def some(n: int) -> np.ndarray:
    rows = np.random.default_rng(3).normal(size=(n, 16)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_an_index_that_takes_too_long_is_ended_and_said_to_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "everything", lambda engine: some(400))
    monkeypatch.setattr(scale, "asked", lambda *arguments: {"photos": some(20)})
    monkeypatch.setattr(scale, "SIZES", (300,))
    monkeypatch.setattr(scale, "INDEXES", ("exact", "hnswlib"))
    monkeypatch.setattr(scale, "_pictures_per_s", lambda cache: {})
    pytest.importorskip("pymilvus")
    pytest.importorskip("milvus_lite")
    told = scale.scale(None, tmp_path, limit_s=1e-3)  # type: ignore[arg-type]
    assert told["left_out"] == [f"{name} at 300: took longer than 0 s" for name in ("exact", "hnswlib")]
    again = scale.scale(None, tmp_path)  # type: ignore[arg-type]
    assert (again["rows"], again["left_out"]) == ([], told["left_out"])  # they are not tried again
    (tmp_path / "300-exact.json").unlink()
    (row,) = scale.scale(None, tmp_path, round_s=0.2)["rows"]  # type: ignore[arg-type]
    assert (row["n_items"], row["index"], row["index_recall@10"]) == (300, "exact", 1.0)
