"""The sweep of index settings against counting by hand, and benchmark.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fakes
import numpy as np
import pytest

from core.compare.figures.benchmark import keep_benchmark, read_benchmark
from core.config import DEFAULT_BACKBONE
from core.engine.files import manifest
from core.engine.files.folder import forget_digests
from core.engine.index.hnsw import ExactIndex, HnswIndex
from core.engine.search.engine import SearchEngine
from core.errors import ArtifactError
from core.jobs.benchmark import growth, scale
from core.jobs.benchmark.index import K, Trial, sweep


def unit_rows(n: int, dim: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_sweep_has_a_row_for_every_setting_and_more_candidates_find_more():
    queries = {"photos": unit_rows(200, 24, seed=1), "items": unit_rows(3000, 24)[:100]}
    found = sweep(unit_rows(3000, 24), queries, ms=(4, 16), efs=(10, 40, 400))
    assert [(row["M"], row["ef"]) for row in found["rows"]] == [(m, ef) for m in (4, 16) for ef in (10, 40, 400)]
    for source in queries:
        recalls = np.array([row[source]["index_recall@10"] for row in found["rows"]]).reshape(2, 3)
        assert (np.diff(recalls, axis=1) >= 0).all()
        assert recalls[0, 2] > recalls[0, 0]
        assert (recalls[1] >= recalls[0]).all()
        assert recalls[1, 2] > 0.99
    assert (found["n_items"], found["dim"]) == (3000, 24)
    assert found["n_queries"] == {"photos": 200, "items": 100}
    assert min(row["ms"] for row in found["rows"]) > 0


def test_a_larger_catalogue_is_the_real_one_with_others_like_it():
    real = unit_rows(400, 24)
    real[200:] = real[:200] + 0.02 * unit_rows(200, 24, seed=1)  # pairs, closer to each other than to any other
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    more = growth.grown(real, 1000)
    assert (more[:400] == real).all()
    assert more.shape == (1000, 24)
    assert more.dtype == np.float32
    assert np.allclose(np.linalg.norm(more, axis=1), 1, atol=1e-6)
    assert (more == growth.grown(real, 1000)).all()
    assert len(np.unique(more.round(5), axis=0)) > 950
    assert (growth.grown(real, 100) == real[:100]).all()
    nearest = np.sort(more[400:] @ real.T)[:, -1]
    assert np.median(nearest) > np.median(np.sort(unit_rows(600, 24, seed=2) @ real.T)[:, -1])


def test_every_size_is_searched_and_a_graph_is_built_once(monkeypatch, tmp_path):
    real, queries, made, grown = unit_rows(500, 24), {"photos": unit_rows(30, 24, seed=1)}, {}, growth.grown
    monkeypatch.setattr(growth, "grown", lambda items, n: made[n] if n in made else made.setdefault(n, grown(items, n)))
    monkeypatch.setattr(growth, "SIZES", (300, 900))
    monkeypatch.setattr(growth, "everything", lambda engine: real)
    monkeypatch.setattr(growth, "asked", lambda engine, items, part: queries)
    found = growth.growth(SearchEngine(), tmp_path)
    assert [row["n_items"] for row in found["rows"]] == [300, 900]
    assert min(row["photos"]["index_recall@10"] for row in found["rows"]) > 0.99
    for row in found["rows"]:
        assert row["times_faster_than_exact"] == pytest.approx(row["exact_ms"] / row["ms"], abs=0.1, rel=0.05)
    assert len(list(tmp_path.glob("*.hnsw"))) == 2

    def never(*args: object) -> None:
        raise AssertionError("it is there")

    monkeypatch.setattr(HnswIndex, "build", never)
    assert [row["photos"] for row in growth.growth(SearchEngine(), tmp_path)["rows"]] == [
        row["photos"] for row in found["rows"]
    ]


def test_a_search_is_widened_until_it_finds_enough(monkeypatch, tmp_path):
    real, queries = unit_rows(900, 24), {"photos": unit_rows(30, 24, seed=1)}
    monkeypatch.setattr(growth, "SIZES", (900,))
    monkeypatch.setattr(growth, "EFS", (10, 900, 1000))
    monkeypatch.setattr(growth, "everything", lambda engine: real)
    monkeypatch.setattr(growth, "asked", lambda engine, items, part: queries)
    narrow, wide = growth.growth(SearchEngine(), tmp_path)["rows"]
    assert (narrow["ef"], wide["ef"]) == (10, 900)
    assert narrow["photos"]["index_recall@10"] < 0.99 <= wide["photos"]["index_recall@10"]


def test_a_search_is_told_what_it_finds_and_whether_it_begins_right():
    items = unit_rows(60, 8)
    items[1] = items[0]  # either of them is right
    queries = {"photos": unit_rows(20, 8, seed=1), "items": items[:5]}
    trial = Trial(items, queries)
    exact = ExactIndex(items)

    def backwards(query: np.ndarray) -> np.ndarray:
        return exact.search(query, K)[0][0][::-1]

    def half(query: np.ndarray) -> np.ndarray:
        return exact.search(query, K)[0][0][: K // 2]

    def twin(query: np.ndarray) -> np.ndarray:
        found = exact.search(query, K)[0][0]
        return np.concatenate([found[1:2], found[:1], found[2:]])

    def figures(search):
        found = trial(search)
        assert found.keys() == {"photos", "items", "ms", "p95_ms"}
        return [tuple(found[source].values()) for source in queries]

    assert figures(lambda query: exact.search(query, K)[0][0]) == [(1, 1), (1, 1)]
    assert figures(backwards) == [(1, 0), (1, 0)]
    assert figures(half) == [(0.5, 1), (0.5, 1)]
    assert figures(twin) == [(1, 0), (1, 0.4)]


def test_what_is_measured_replaces_its_part_only(tiny_artifacts):
    assert read_benchmark() == {}
    keep_benchmark({"date": "2026-01-01"}, {"index": {"ef": 32}, "server": {"start_to_answer_s": 4}})
    keep_benchmark({"date": "2026-02-02"}, {"index": {"ef": 64}})
    assert read_benchmark() == {
        "index": {"machine": {"date": "2026-02-02"}, "results": {"ef": 64}},
        "server": {"machine": {"date": "2026-01-01"}, "results": {"start_to_answer_s": 4}},
    }
    assert manifest.verified(tiny_artifacts / "benchmark.json")


def test_a_file_of_another_version_is_refused(tiny_artifacts):
    for content in ("{", "[]", '{"schema": 99, "parts": {"index": 1}}', "[" * 1000 + "]" * 1000):
        path = tiny_artifacts / "benchmark.json"
        path.write_text(content)
        with pytest.raises(ArtifactError, match=r"benchmark\.json is (not in the manifest|damaged)"):
            read_benchmark()
        manifest.register([path])
        with pytest.raises(ArtifactError, match=r"benchmark\.json (has schema .{1,40}, this|is damaged: it is)"):
            read_benchmark()


def test_no_changed_bit_is_shown_as_a_figure(tiny_artifacts):
    keep_benchmark({"date": "2026-01-01"}, {"index": {"ef": 32}})
    path = tiny_artifacts / "benchmark.json"
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        forget_digests()  # two writes may fall into one tick of the clock
        with pytest.raises(ArtifactError, match=r"^artifacts/benchmark.json is damaged: .* git restore artifacts$"):
            read_benchmark()


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


def test_indexes_are_measured_as_a_catalogue_grows_and_never_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("milvus_lite", reason="pymilvus is not installed: pip install -r requirements-scale.txt")
    real, queries, run = unit_rows(400, 24), {"photos": unit_rows(20, 24, seed=1)}, scale._in_a_process
    done: list[tuple[str, str]] = []

    def counted(name: str, folder: Path, *seconds: float) -> dict[str, Any]:
        done.append((name, str(len(np.load(folder / "items.npy", mmap_mode="r")))))
        return run(name, folder, *seconds)

    monkeypatch.setattr(scale, "_in_a_process", counted)
    monkeypatch.setattr(scale, "SIZES", (200, 600))
    monkeypatch.setattr(scale, "everything", lambda engine: real)
    monkeypatch.setattr(scale, "asked", lambda engine, items, part, n: queries)
    monkeypatch.setattr(scale, "_pictures_per_s", lambda cache: {"nobody": 0.0})
    found = scale.scale(SearchEngine(), tmp_path, round_s=0.2)
    assert [(row["index"], row["n_items"]) for row in found["rows"]] == [
        (name, n) for n in (200, 600) for name in ("exact", "hnswlib", "milvus-lite")
    ]
    assert all(row["index_recall@10"] >= 0.99 for row in found["rows"])  # so few are all looked at
    assert all(row["p95_ms"] >= row["p50_ms"] > 0 for row in found["rows"])
    assert len(done) == 6
    assert scale.scale(SearchEngine(), tmp_path)["rows"] == found["rows"]
    assert len(done) == 6
    assert scale.scale(SearchEngine(), tmp_path / "new", budget_s=0)["left_out"][0] == "exact at 200"
