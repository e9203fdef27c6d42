"""What every gallery must do: hnswlib, exact, Milvus Lite, and a Milvus server where one is named."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import milvus
import numpy as np
import pytest

from core.engine.catalogues.items import ItemTable, UnknownItemError
from core.engine.index.hnsw import ExactIndex, HnswIndex, IndexParameters
from core.engine.index.milvus.collection import MilvusIndex, collection_of
from core.engine.index.milvus.rows import Row
from core.engine.index.milvus.server import server
from core.engine.search.gallery import BuiltGallery, Gallery
from core.engine.search.query import Choice
from core.engine.search.remote import MilvusGallery

KINDS = ("exact", "hnsw", "lite", "server")
N, DIM = 300, 16
#: Labels that an expression made of texts would trip over.
HOSTILE = (
    'a "quoted" one', "it's", "back\\slash", "]) or position >= 0 or label_key in [(", "' or 1 == 1 or '", "%", "_",
    "{labels}", "two\nlines", "🧥 Mantel", "", "label_key", "NULL", "-- ; drop", "a" * 1500,
)  # fmt: skip


def some_embeddings() -> np.ndarray:
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(N, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


EMBEDDINGS = some_embeddings()
LABELS = [HOSTILE[position % len(HOSTILE)] for position in range(N)]
Made = Callable[..., Gallery]


@pytest.fixture(params=KINDS, scope="module")
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """(embeddings, labels, positions that are taken out again) -> a gallery of the kind."""
    kind = request.param
    if kind in ("exact", "hnsw"):
        yield lambda *asked: _built(kind, *asked)
        return
    place, numbers = milvus.place_of(kind, tmp_path_factory.mktemp("milvus")), itertools.count()

    def remote(embeddings: np.ndarray, labels: list[str], without: tuple[int, ...] = ()) -> Gallery:
        rows = [Row(f"{at}.jpg", label) for at, label in enumerate(labels)]
        name = f"contract-{next(numbers)}"
        milvus.write(place, name, embeddings, rows)
        index = MilvusIndex(server(place), collection_of(server(place), name))
        if without:
            index.delete(without)
        return MilvusGallery("contract", index, None)

    yield remote
    milvus.close(place, *(f"contract-{number}" for number in range(next(numbers))))


@pytest.fixture(scope="module")
def gallery(make: Made) -> Gallery:
    """All the items, for tests that change nothing."""
    return make(EMBEDDINGS, LABELS)


def _built(kind: str, embeddings: np.ndarray, labels: list[str], without: tuple[int, ...] = ()) -> Gallery:
    kept = [position for position in range(len(embeddings)) if position not in without]
    ids = [f"contract/{position}" for position in kept]
    known = [labels[position] for position in kept]
    columns = {"id": ids, "label": known, "title": known, "split": ["train"] * len(kept)}
    table = ItemTable.from_columns("contract", sorted(set(labels)), **columns)
    exact = ExactIndex(embeddings[kept])
    index = HnswIndex.build(embeddings[kept], IndexParameters()) if kind == "hnsw" else exact
    return BuiltGallery(table, exact, index, None)


def ids_of(gallery: Gallery, positions: np.ndarray) -> list[str]:
    return [gallery.items.row(int(position)).id for position in positions]


def naive(query: np.ndarray, allowed: list[int], k: int) -> list[str]:
    """The ids of the k closest, by looking at each."""
    similarities = {position: float(EMBEDDINGS[position] @ query) for position in allowed}
    return [f"contract/{position}" for position in sorted(allowed, key=lambda at: -similarities[at])[:k]]


def test_the_same_hits_for_the_same_queries(gallery: Gallery) -> None:
    assert len(gallery.items) == N
    for query in some_embeddings()[::37]:
        positions, similarities = gallery.search(query, 10)
        assert ids_of(gallery, positions) == naive(query, list(range(N)), 10)
        assert similarities == pytest.approx(np.sort(EMBEDDINGS @ query)[::-1][:10], abs=1e-5)


def test_a_filter_leaves_what_it_names_and_always_k_of_it(gallery: Gallery) -> None:
    query = EMBEDDINGS[0]
    for label in HOSTILE:
        allowed = [position for position in range(N) if LABELS[position] == label]
        positions, _ = gallery.search(query, 12, Choice(frozenset({label})))
        assert ids_of(gallery, positions) == naive(query, allowed, 12)
    two = frozenset(HOSTILE[:2])
    positions, _ = gallery.search(query, 12, Choice(two))
    assert ids_of(gallery, positions) == naive(query, [at for at in range(N) if LABELS[at] in two], 12)
    for none in (frozenset({"no such label"}), frozenset()):
        positions, similarities = gallery.search(query, 5, Choice(none))
        assert (len(positions), len(similarities)) == (0, 0)


def test_more_than_there_is_gives_all_there_is(make: Made) -> None:
    gallery = make(EMBEDDINGS[:7], LABELS[:7])
    positions, similarities = gallery.search(EMBEDDINGS[3], 100)
    assert sorted(positions.tolist()) == list(range(7))
    assert (np.diff(similarities) <= 0).all()
    assert gallery.search(EMBEDDINGS[3], 100, Choice(frozenset({LABELS[2]})))[0].tolist() == [2]


def test_duplicates_are_all_found(make: Made) -> None:
    embeddings = np.concatenate([EMBEDDINGS[:20], np.repeat(EMBEDDINGS[5:6], 30, axis=0)])
    gallery = make(embeddings, ["one"] * 50)
    positions, similarities = gallery.search(EMBEDDINGS[5], 31)
    assert sorted(positions.tolist()) == [5, *range(20, 50)]
    assert similarities == pytest.approx(np.ones(31), abs=1e-5)


def test_what_is_taken_out_is_not_found(make: Made) -> None:
    gone = (0, 5, 299)
    gallery = make(EMBEDDINGS, LABELS, gone)
    left = [position for position in range(N) if position not in gone]
    assert len(gallery.items) == N - 3
    for at in gone:
        positions, _ = gallery.search(EMBEDDINGS[at], 10)
        assert ids_of(gallery, positions) == naive(EMBEDDINGS[at], left, 10)
        with pytest.raises(UnknownItemError):
            gallery.items.position(f"contract/{at}")
    page = gallery.page(Choice(), 8)
    assert (page.n, ids_of(gallery, np.array(page.positions))) == (N - 3, [f"contract/{at}" for at in left[:8]])
    page = gallery.page(Choice(), 8, start=290)
    assert ids_of(gallery, np.array(page.positions)) == [f"contract/{at}" for at in left[290:]]


@pytest.mark.parametrize("wrong", [np.full(DIM, math.nan), np.full(DIM, math.inf), np.ones(DIM - 1), np.ones(DIM + 1)])
def test_what_is_no_query_is_refused(gallery: Gallery, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="queries must be"):
        gallery.search(wrong.astype(np.float32), 3)
    with pytest.raises(ValueError, match="k must be"):
        gallery.search(EMBEDDINGS[0], 0)
    assert gallery.search(EMBEDDINGS[0], 1)[0].tolist() == [0]  # and it goes on


def test_an_items_embedding_is_the_one_that_was_given(gallery: Gallery) -> None:
    for position in (0, 17, N - 1):
        assert gallery.embedding(gallery.items.position(f"contract/{position}")) == pytest.approx(
            EMBEDDINGS[position], abs=1e-6
        )
    for wrong in ("contract/-1", "contract/300", "contract/007", "contract/", "other/3", "contract/1e2", "contract/٣"):
        with pytest.raises(UnknownItemError):
            gallery.items.position(wrong)


def test_pages_go_through_all_items_once(gallery: Gallery) -> None:
    pages = [gallery.page(Choice(), 64, start) for start in range(0, N + 64, 64)]
    assert {page.n for page in pages} == {N}
    assert [at for page in pages for at in page.positions] == list(range(N))
    label = HOSTILE[3]
    of_label = [at for at in range(N) if LABELS[at] == label]
    page = gallery.page(Choice(frozenset({label})), 7, 4)
    assert (page.n, list(page.positions)) == (len(of_label), of_label[4:11])
    page = gallery.page(Choice(frozenset({label})), 7, after=of_label[9])
    assert (page.n, list(page.positions)) == (len(of_label) - 10, of_label[10:17])
    assert gallery.page(Choice(frozenset()), 7).n == 0


def test_a_row_says_what_was_written(gallery: Gallery) -> None:
    item = gallery.items.row(9)
    assert (item.id, item.catalogue, item.label) == ("contract/9", "contract", "🧥 Mantel")
    with pytest.raises(IndexError):
        gallery.items.row(N)
