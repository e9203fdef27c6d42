"""The sweep of index settings against counting by hand, and benchmark.json."""

from __future__ import annotations

import fakes
import numpy as np

from core.compare.figures.benchmark import keep_benchmark, read_benchmark
from core.config import DEFAULT_BACKBONE
from core.engine.files import manifest
from core.jobs.benchmark.index import moved_a_little, sweep


def unit_rows(n: int, dim: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_sweep_has_a_row_for_every_setting_and_more_candidates_find_more():
    found = sweep(unit_rows(3000, 24), ms=(4, 16), efs=(10, 40, 400))
    assert [(row["M"], row["ef"]) for row in found["rows"]] == [(m, ef) for m in (4, 16) for ef in (10, 40, 400)]
    recalls = np.array([row["index_recall@10"] for row in found["rows"]]).reshape(2, 3)
    assert (np.diff(recalls, axis=1) > 0).all()
    assert (recalls[1] >= recalls[0]).all()
    assert recalls[1, 2] > 0.99
    assert (found["n_items"], found["dim"]) == (3000, 24)
    assert min(row["queries_per_s"] for row in found["rows"]) > 0


def test_queries_lie_near_an_item_and_are_the_same_again():
    items = unit_rows(50, 8)
    queries = moved_a_little(items, 20)
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, rtol=1e-5)
    nearest = (queries @ items.T).max(axis=1)
    assert (nearest > 0.97).all()
    assert (nearest < 0.9999).all()
    np.testing.assert_array_equal(queries, moved_a_little(items, 20))
    assert len(moved_a_little(items, 500)) == 50


def test_what_is_measured_replaces_its_part_only(tiny_artifacts):
    assert read_benchmark() == {}
    keep_benchmark({"date": "2026-01-01"}, {"index": {"ef": 32}, "server": {"start_to_answer_s": 4}})
    keep_benchmark({"date": "2026-02-02"}, {"index": {"ef": 64}})
    assert read_benchmark() == {
        "index": {"machine": {"date": "2026-02-02"}, "results": {"ef": 64}},
        "server": {"machine": {"date": "2026-01-01"}, "results": {"start_to_answer_s": 4}},
    }
    assert manifest.verified(tiny_artifacts / "benchmark.json")


def test_a_file_of_another_version_counts_as_none(tiny_artifacts):
    for content in ("{", "[]", '{"schema": 99, "parts": {"index": 1}}'):
        (tiny_artifacts / "benchmark.json").write_text(content)
        assert read_benchmark() == {}


def test_what_is_damaged_stays_damaged_when_something_else_is_written(tiny_artifacts):
    fakes.add_map(DEFAULT_BACKBONE, every=1)
    before = manifest.load_manifest()["files"]
    path = tiny_artifacts / "maps" / f"{DEFAULT_BACKBONE}.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (tiny_artifacts / "catalogues" / "fashion-mnist.sheets").unlink()
    wrong = [(name, problem) for name, problem in manifest.verify_all() if problem]
    assert [name for name, _ in wrong] == ["catalogues/fashion-mnist.sheets", f"maps/{DEFAULT_BACKBONE}.npz"]
    keep_benchmark({"date": "2026-01-01"}, {"index": {"ef": 32}})
    assert [(name, problem) for name, problem in manifest.verify_all() if problem] == wrong
    after = manifest.load_manifest()["files"]
    assert after.keys() - before.keys() == {"benchmark.json"}
    assert {name: after[name] for name in before} == before
