"""The approximate index against its oracle, and the oracle against a plain loop."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import fakes
import hnswlib
import numpy as np
import pytest

from core.config import MAX_K, MAX_LESS_ITEMS
from core.engine.files import manifest
from core.engine.files.folder import forget_digests
from core.engine.files.paths import index_file
from core.engine.index.hnsw import ExactIndex, HnswIndex, IndexParameters, load_hnsw
from core.engine.metrics import index_recall_at_k
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import load_gallery
from core.engine.search.query import Query
from core.errors import ArtifactError

PARAMETERS = IndexParameters()


def unit_rows(n: int, dim: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


ITEMS = unit_rows(600, 24)
QUERIES = unit_rows(37, 24, seed=1)


@pytest.fixture
def graph() -> HnswIndex:
    return HnswIndex.build(ITEMS, PARAMETERS)


def halves(n: int, dim: int, seed: int) -> np.ndarray:
    """Rows of four ±0.5: of length 1 exactly, and with whole numbers every sum is exact, so ties are real ties."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((n, dim), np.float32)
    for row in rows:
        row[rng.choice(dim, 4, replace=False)] = rng.choice([-0.5, 0.5], 4)
    return rows


def by_loop(items: np.ndarray, query: np.ndarray, k: int, allowed=None) -> list[int]:
    positions = range(len(items)) if allowed is None else allowed
    return sorted(positions, key=lambda p: (-float(sum(a * b for a, b in zip(items[p], query, strict=True))), p))[:k]


# --- exact search


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_exact_search_is_the_plain_loop(dtype):
    items = halves(80, 6, seed=3).astype(dtype)
    queries = np.random.default_rng(3).integers(-3, 4, (7, 6)).astype(np.float32)
    positions, similarities = ExactIndex(items).search(queries, 11)
    assert positions.dtype == np.int64
    assert similarities.dtype == np.float32
    assert positions.tolist() == [by_loop(items, query, 11) for query in queries]
    expected = (queries @ items.T.astype(np.float32))[np.arange(7)[:, None], positions]
    assert similarities.tolist() == expected.tolist()


def test_ties_come_in_order_of_position_even_where_k_cuts_them():
    items = np.eye(3, dtype=np.float32)[[0, 1, 0, 2, 0, 0]]
    index = ExactIndex(items)
    for k, expected in [(1, [0]), (3, [0, 2, 4]), (4, [0, 2, 4, 5]), (5, [0, 2, 4, 5, 1]), (6, [0, 2, 4, 5, 1, 3])]:
        positions, similarities = index.search(items[:1], k)
        assert positions.tolist() == [expected]
        assert similarities.tolist() == [[1.0, 1.0, 1.0, 1.0, 0.0, 0.0][:k]]


def test_items_beyond_the_first_block_are_found():
    items = np.zeros((20_000, 2), np.float16)
    items[:, 1] = 1
    items[[8191, 8192, 16_384, 19_999]] = [[0.8, 0.6], [0.6, 0.8], [0, -1], [1, 0]]
    positions, similarities = ExactIndex(items).search(np.array([[1, 0]], np.float32), 4)
    assert positions.tolist() == [[19_999, 8191, 8192, 0]]
    np.testing.assert_allclose(similarities, [[1, 0.8, 0.6, 0]], atol=1e-3)


def test_the_lengths_that_rounding_leaves_do_not_decide():
    queries, items = unit_rows(1, 64, seed=8), unit_rows(9000, 64, seed=9)
    rounded = items.astype(np.float16)
    lengths = np.linalg.norm(rounded.astype(np.float32), axis=1, keepdims=True)
    assert np.ptp(lengths) > 1e-4
    positions, similarities = ExactIndex(rounded).search(queries, 20)
    true = queries[0] @ (rounded / lengths).T
    assert positions[0].tolist() == np.argsort(-true, kind="stable")[:20].tolist()
    np.testing.assert_allclose(similarities[0], np.sort(-true)[:20] * -1, atol=1e-6)
    among = np.arange(0, 9000, 7)
    positions, _ = ExactIndex(rounded).search_among(queries, 20, among)
    assert positions[0].tolist() == among[np.argsort(-true[among], kind="stable")[:20]].tolist()


def test_search_among_gives_positions_of_the_whole_table():
    items = halves(50, 5, seed=4)
    queries = np.random.default_rng(4).integers(-3, 4, (4, 5)).astype(np.float32)
    allowed = np.array([3, 7, 8, 20, 31, 49])
    index = ExactIndex(items)
    for k in (1, 4, 6):
        positions, _ = index.search_among(queries, k, allowed)
        assert positions.tolist() == [by_loop(items, query, k, allowed.tolist()) for query in queries]
    positions, similarities = index.search_among(queries, 10, allowed)
    assert positions.tolist() == [by_loop(items, query, 6, allowed.tolist()) for query in queries]
    assert similarities.tolist() == [[float(items[p] @ q) for p in row] for row, q in zip(positions, queries, strict=1)]


def test_search_among_nothing_finds_nothing():
    positions, similarities = ExactIndex(ITEMS).search_among(QUERIES, 5, np.array([], np.int64))
    assert (positions.shape, positions.dtype, similarities.shape) == ((37, 0), np.int64, (37, 0))


# --- the graph against it


def test_the_graph_finds_what_exact_search_finds(graph):
    exact = ExactIndex(ITEMS)
    for k in (1, 5, 10, 40):
        positions, similarities = graph.search(QUERIES, k)
        expected, expected_similarities = exact.search(QUERIES, k)
        assert (positions.dtype, similarities.dtype) == (np.int64, np.float32)
        assert index_recall_at_k(positions, expected) >= 0.99
        found = np.take_along_axis(QUERIES @ ITEMS.T, positions, 1)
        np.testing.assert_allclose(similarities, found, atol=1e-6)  # 1 - distance, of the item it says
        assert (np.diff(similarities, axis=1) <= 0).all()
        same = positions == expected
        np.testing.assert_allclose(similarities[same], expected_similarities[same], atol=1e-6)


def clusters(n: int, dim: int, n_clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Items in tight clusters, as training makes them, and the middles of those."""
    rng = np.random.default_rng(0)
    middles = unit_rows(n_clusters, dim, seed=10)
    items = middles[rng.integers(n_clusters, size=n)] + 0.6 / np.sqrt(dim) * rng.normal(size=(n, dim))
    return (items / np.linalg.norm(items, axis=1, keepdims=True)).astype(np.float32), middles


def test_the_graph_finds_what_queries_from_outside_the_items_are_closest_to():
    """Visitors' photos and words lie outside the clusters: there a graph loses its way that finds moved items."""
    items, middles = clusters(2500, 48, 40)
    rng = np.random.default_rng(1)
    between = (
        middles[rng.integers(40, size=150)] + middles[rng.integers(40, size=150)] + 0.3 * rng.normal(size=(150, 48))
    )
    queries = {"moved": items[:150] + 0.01, "elsewhere": unit_rows(150, 48, seed=2), "between": between}
    exact, usual = ExactIndex(items), HnswIndex.build(items, PARAMETERS)
    recalls = {}
    for kind, rows in queries.items():
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        expected, _ = exact.search(rows, 10)
        found, _ = usual.search(rows, 10)
        assert index_recall_at_k(found, expected) >= 0.99, kind
        assert (found[:, 0] == expected[:, 0]).mean() >= 0.99, kind
        recalls[kind] = index_recall_at_k(usual.search_at(rows, 10, 10)[0], expected)
    assert recalls["moved"] > 0.95  # by which alone one would have thought a narrow search to be good enough
    assert max(recalls["elsewhere"], recalls["between"]) < 0.9


def test_an_item_finds_itself_first(graph):
    positions, similarities = graph.search(ITEMS, 1)
    assert positions[:, 0].tolist() == list(range(600))
    np.testing.assert_allclose(similarities, 1, atol=1e-6)


@pytest.mark.parametrize("n_queries", [0, 1, 2, 7, 37])
def test_the_size_of_a_batch_changes_nothing(graph, n_queries):
    whole, _ = graph.search(QUERIES, 5)
    positions, similarities = graph.search(QUERIES[:n_queries], 5)
    assert positions.shape == similarities.shape == (n_queries, 5)
    assert positions.tolist() == whole[:n_queries].tolist()


@pytest.mark.parametrize("k", [600, 601, 10_000])
def test_k_of_all_items_or_more_gives_all_of_them_in_order(graph, k):
    positions, similarities = graph.search(QUERIES[:3], k)
    expected, expected_similarities = ExactIndex(ITEMS).search(QUERIES[:3], 600)
    assert [sorted(row) for row in positions.tolist()] == [list(range(600))] * 3
    assert positions[:, :100].tolist() == expected[:, :100].tolist()
    np.testing.assert_allclose(similarities, expected_similarities, atol=1e-6)


def test_no_search_changes_what_later_ones_find():
    index = HnswIndex.build(ITEMS, IndexParameters(ef=10))
    before = index.search(QUERIES, 5)
    index.search(QUERIES[:1], 200)
    index.search_at(QUERIES[:1], 5, 400)
    assert index._graph.ef == 10
    for found, expected in zip(index.search(QUERIES, 5), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_usual_search_is_wide_enough_for_as_many_hits_as_may_be_asked_for():
    assert IndexParameters().ef >= 2 * (MAX_K + MAX_LESS_ITEMS + 1)


def test_duplicates_are_all_found():
    items = np.repeat(unit_rows(20, 24, seed=5), 6, axis=0)
    index = HnswIndex.build(items, PARAMETERS)
    positions, similarities = index.search(items[::6], 6)
    assert [sorted(row) for row in positions.tolist()] == [list(range(6 * i, 6 * i + 6)) for i in range(20)]
    np.testing.assert_allclose(similarities, 1, atol=1e-6)
    exact, _ = ExactIndex(items).search(items[::6], 6)
    assert [sorted(row) for row in exact.tolist()] == [sorted(row) for row in positions.tolist()]


@pytest.mark.parametrize("kind", ["exact", "graph"])
def test_bad_queries_are_refused_before_any_library_sees_them(graph, kind):
    index = graph if kind == "graph" else ExactIndex(ITEMS)
    for queries, k, message in [
        (QUERIES[0], 5, r"queries must be \(q, 24\), not \(24,\)"),
        (QUERIES[:, :23], 5, r"queries must be \(q, 24\), not \(37, 23\)"),
        (np.zeros((1, 25), np.float32), 5, r"not \(1, 25\)"),
        (np.where(np.arange(24) == 7, np.nan, QUERIES), 5, "must be finite"),
        (np.where(np.arange(24) == 7, np.inf, QUERIES), 5, "must be finite"),
        (QUERIES, 0, "k must be at least 1"),
        (QUERIES, -3, "k must be at least 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            index.search(queries, k)


def test_an_index_knows_its_size(graph):
    assert (ExactIndex(ITEMS).n_items, ExactIndex(ITEMS).dim) == (600, 24)
    assert (graph.n_items, graph.dim, graph.parameters) == (600, 24, PARAMETERS)


# --- on disk


def entry_of(index: HnswIndex, **changes: object) -> dict:
    known = {"count": index.n_items, "dim": index.dim, "space": "cosine", "parameters": asdict(PARAMETERS)}
    return known | changes


def register(folder: Path, *names: str) -> None:
    manifest.save_manifest(manifest.empty_manifest(), [folder / name for name in names])


@pytest.fixture
def saved(graph: HnswIndex, artifacts_folder: Path) -> Path:
    path = artifacts_folder / "indexes" / "x.hnsw"
    graph.save(path)
    register(artifacts_folder, "indexes/x.hnsw")
    return path


def test_a_loaded_graph_answers_like_the_one_that_was_saved(graph, saved):
    loaded = load_hnsw(saved, entry_of(graph), ITEMS)
    assert (loaded.n_items, loaded.dim, loaded._graph.ef) == (600, 24, PARAMETERS.ef)
    for k in (1, 10, 600):
        before, after = graph.search(QUERIES, k), loaded.search(QUERIES, k)
        assert after[0].tolist() == before[0].tolist()
        assert after[1].tolist() == before[1].tolist()


def test_the_same_items_give_the_same_file(tmp_path):
    files = []
    for name in ("a.hnsw", "b.hnsw"):
        HnswIndex.build(ITEMS, PARAMETERS, n_threads=1).save(tmp_path / name)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    HnswIndex.build(ITEMS, IndexParameters(seed=7)).save(tmp_path / "c.hnsw")
    assert (tmp_path / "c.hnsw").read_bytes() != files[0]


@pytest.mark.parametrize(
    "changes", [{"dim": 23}, {"dim": 25}, {"count": 599}, {"count": 601}, {"space": "l2"}, {"space": "ip"}]
)
def test_an_entry_that_does_not_fit_is_refused(graph, saved, changes):
    with pytest.raises(ArtifactError, match=r"artifacts/indexes/x\.hnsw does not fit the embeddings beside it"):
        load_hnsw(saved, entry_of(graph, **changes), ITEMS)


@pytest.mark.parametrize("n_items", [599, 601])
def test_a_graph_of_another_count_is_refused(graph, saved, n_items):
    items = unit_rows(n_items, 24)
    with pytest.raises(ArtifactError, match=r"artifacts/indexes/x\.hnsw could not be loaded"):
        load_hnsw(saved, entry_of(graph, count=n_items), items)


def test_a_graph_of_other_items_is_refused(graph, saved):
    with pytest.raises(ArtifactError, match="does not find the items it holds"):
        load_hnsw(saved, entry_of(graph), unit_rows(600, 24, seed=9))


def test_unknown_parameters_are_refused(graph, saved):
    with pytest.raises(ArtifactError, match="could not be loaded"):
        load_hnsw(saved, entry_of(graph, parameters={"m": 16}), ITEMS)


def test_a_flipped_bit_anywhere_never_reaches_hnswlib(graph, saved, monkeypatch):
    def never(*_: object, **__: object) -> None:
        raise AssertionError("hnswlib was given a damaged file")

    monkeypatch.setattr(hnswlib, "Index", never)
    with pytest.raises(AssertionError, match="hnswlib was given"):  # the trap works
        load_hnsw(saved, entry_of(graph), ITEMS)
    content = saved.read_bytes()
    rng = np.random.default_rng(0)
    for position in [0, len(content) - 1, *rng.integers(0, len(content), 28).tolist()]:
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(rng.integers(8))
        saved.write_bytes(damaged)
        forget_digests()  # two writes may fall into one tick of the clock
        with pytest.raises(ArtifactError, match="is damaged: its sha256 is not the manifest's"):
            load_hnsw(saved, entry_of(graph), ITEMS)


def test_a_graph_that_is_not_in_the_manifest_is_refused(graph, saved):
    register(saved.parent.parent)
    with pytest.raises(ArtifactError, match="is not in the manifest"):
        load_hnsw(saved, entry_of(graph), ITEMS)


def test_saving_into_a_folder_that_does_not_exist_makes_it(graph, tmp_path):
    path = tmp_path / "new" / "x.hnsw"
    graph.save(path)
    assert [file.name for file in path.parent.iterdir()] == ["x.hnsw"]
    again = hnswlib.Index("cosine", 24)
    again.load_index(str(path))
    again.set_ef(PARAMETERS.ef)
    assert again.knn_query(QUERIES, 5)[0].tolist() == graph.search(QUERIES, 5)[0].tolist()


def test_saving_where_nothing_can_be_written_raises(graph, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        graph.save(tmp_path / "file" / "x.hnsw")


@pytest.mark.parametrize("kept", [0, 5000])
def test_a_full_disk_leaves_the_old_graph(tmp_path, kept):
    """hnswlib reports no write errors: what it left is read back before it replaces anything."""
    index = HnswIndex.build(ITEMS, PARAMETERS)
    path = tmp_path / "x.hnsw"
    path.write_bytes(b"old")
    whole = index._graph

    class Full:
        def save_index(self, name: str) -> None:
            whole.save_index(name)
            os.truncate(name, kept)

    index._graph = Full()
    with pytest.raises(OSError, match=r"x\.hnsw (was not|could not be) written|Invalid"):
        index.save(path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.hnsw"]


# --- a gallery whose graph cannot be used


def test_a_damaged_graph_is_replaced_by_exact_search_with_a_notice(tiny_artifacts):
    whole = SearchEngine()
    query = fakes.with_darkness(np.array([[0.9, 0.3, 0.2]], np.float32))[0]
    query /= np.linalg.norm(query)
    before = whole.search(Query(embedding=query, k=10)).hits
    assert whole.notices() == []
    assert isinstance(whole.gallery("clothing").index, HnswIndex)

    path = index_file("vitrine-clip", "clothing", ".hnsw")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    gallery = load_gallery("vitrine-clip", "clothing")
    assert gallery.index is gallery.exact
    assert str(gallery.notice) == (
        "artifacts/indexes/vitrine-clip/clothing.hnsw is damaged: its sha256 is not the manifest's. To repair it, "
        "run: git restore artifacts, or python -m core build. Until then, every item is compared: the answers are "
        "right, only slower."
    )
    engine = SearchEngine()
    after = engine.search(Query(embedding=query, k=10)).hits
    assert engine.notices() == [gallery.notice]
    assert [hit.id for hit in after] == [hit.id for hit in before]
    np.testing.assert_allclose([h.similarity for h in after], [h.similarity for h in before], atol=1e-3)


@pytest.mark.parametrize("name", ["clothing.npy", "calibration.json"])
def test_damaged_embeddings_or_calibration_are_not_replaced(tiny_artifacts, name):
    path = tiny_artifacts / "indexes" / "vitrine-clip" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{name} is damaged"):
        load_gallery("vitrine-clip", "clothing")


def test_an_ef_for_one_search_finds_what_the_index_set_so_would():
    rows = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    one, other = (HnswIndex.build(rows, IndexParameters(M=4, ef_construction=40)) for _ in range(2))
    queries = rows[:50] + 0.1
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    for ef in (10, 50, 500):
        other._graph.set_ef(ef)
        for found, expected in zip(one.search_at(queries, 5, ef), other.search(queries, 5), strict=True):
            np.testing.assert_array_equal(found, expected)
    narrow, wide = (one.search_at(queries, 5, ef)[0] for ef in (5, 500))
    assert (narrow != wide).any()
    np.testing.assert_array_equal(one.search_at(queries, 5, 1)[0], narrow)  # never fewer candidates than hits
