"""Searches over two tiny catalogues of plain colours, against everything compared one by one."""

from __future__ import annotations

import io
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fakes
import numpy as np
import pytest

from core.config import MAX_K
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES, embedded
from core.engine.catalogues.items import ItemTable, UnknownItemError
from core.engine.files.manifest import load_manifest, register
from core.engine.files.paths import calibration_file, index_file, items_file
from core.engine.index.hnsw import HnswIndex
from core.engine.search.engine import Hit, SearchEngine, check_labels
from core.engine.search.gallery import load_gallery
from core.engine.search.query import Filters, Query
from core.errors import ArtifactError, ImageError, UnknownNameError, VitrineError

BOTH = ("fashion-mnist", "clothing")
COLOURS = [(255, 0, 0), (40, 120, 140), (200, 90, 70), (90, 230, 60), (20, 20, 90), (128, 128, 128), (240, 150, 180)]


def embed(rgb: tuple[int, int, int]) -> np.ndarray:
    embedding = fakes.with_darkness(np.array([rgb], np.float32) / 255)[0]
    return embedding / np.linalg.norm(embedding)


def png(rgb: tuple[int, int, int], size: tuple[int, int] = (33, 21)) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb, size).save(buffer, "PNG")
    return buffer.getvalue()


def stored(catalogue: str) -> np.ndarray:
    rows = np.load(index_file("vitrine-clip", catalogue, ".npy")).astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def one_by_one(query: np.ndarray, catalogues=BOTH, labels=None) -> list[tuple[str, float]]:
    """(id, similarity) of every item that may be found, closest first."""
    found = []
    for catalogue in catalogues:
        items = fakes.make_items(catalogue).frame
        for id, label, row in zip(items["id"], items["label"], stored(catalogue), strict=True):
            if labels is None or (catalogue, label) in labels:
                found.append((id, float(row @ query)))
    return sorted(found, key=lambda entry: -entry[1])


def assert_hits(hits: list[Hit], expected: list[tuple[str, float]], atol: float = 1e-5) -> None:
    assert [hit.id for hit in hits] == [id for id, _ in expected]
    np.testing.assert_allclose([hit.similarity for hit in hits], [similarity for _, similarity in expected], atol=atol)
    assert [hit.rank for hit in hits] == list(range(1, len(expected) + 1))


def test_the_tiny_catalogues_are_whole(engine):
    for catalogue, n in (("fashion-mnist", 40), ("clothing", 30)):
        gallery = engine.gallery(catalogue)
        assert isinstance(gallery.index, HnswIndex)
        assert (gallery.index.n_items, gallery.exact.n_items, len(gallery.items)) == (n, n, n)
        expected = fakes.with_darkness(fakes.colours_of(catalogue) / np.float32(255))
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(stored(catalogue), expected, atol=1e-3)
    assert engine.notices() == []


@pytest.mark.parametrize("rgb", COLOURS)
@pytest.mark.parametrize("k", [1, 5, 12])
def test_hits_of_both_catalogues_come_merged_in_order(engine, rgb, k):
    hits = engine.search(Query(embedding=embed(rgb), k=k)).hits
    assert_hits(hits, one_by_one(embed(rgb))[:k])


def test_both_catalogues_are_among_the_hits(engine):
    hits = engine.search(Query(embedding=embed((100, 110, 105)), k=30)).hits
    assert {hit.catalogue for hit in hits} == set(BOTH)
    assert_hits(hits, one_by_one(embed((100, 110, 105)))[:30])


def test_a_hit_says_what_it_is(engine):
    hit = engine.search(Query(embedding=embed((255, 0, 0)), k=1)).hits[0]
    calibration = engine.gallery("clothing").calibration
    assert hit == Hit(
        rank=1,
        id="clothing/00000000-0000-0000-0000-000000000000",
        catalogue="clothing",
        label="T-Shirt",
        title="T-shirt",
        similarity=hit.similarity,
        closer_than=calibration.closer_than(hit.similarity),
        same_kind=calibration.same_kind(hit.similarity),
        position=0,
    )
    assert 0.99999 < hit.similarity <= 1.0


def test_every_hit_has_the_meaning_of_its_own_catalogue(engine):
    hits = engine.search(Query(embedding=embed((128, 100, 110)), k=70)).hits
    for hit in hits:
        calibration = engine.gallery(hit.catalogue).calibration
        assert hit.closer_than == calibration.closer_than(hit.similarity)
        assert hit.same_kind == calibration.same_kind(hit.similarity)
    middle = hits[20]
    others = [engine.gallery(catalogue).calibration.closer_than(middle.similarity) for catalogue in BOTH]
    assert others[0] != others[1]  # the two tables differ, so the wrong one would show
    assert middle.closer_than != middle.same_kind
    assert hits[0].closer_than > hits[-1].closer_than
    assert hits[0].same_kind > hits[-1].same_kind


@pytest.mark.parametrize("catalogue", BOTH)
def test_one_catalogue_alone(engine, catalogue):
    hits = engine.search(Query(embedding=embed((90, 100, 120)), k=8, filters=Filters((catalogue,)))).hits
    assert_hits(hits, one_by_one(embed((90, 100, 120)), (catalogue,))[:8])
    assert [hit.catalogue for hit in hits] == [catalogue] * 8


def test_a_catalogue_named_twice_is_searched_once(engine):
    once = engine.search(Query(embedding=embed((90, 100, 120)), k=8, filters=Filters(("clothing",)))).hits
    assert (
        engine.search(Query(embedding=embed((90, 100, 120)), k=8, filters=Filters(("clothing", "clothing")))).hits
        == once
    )


@pytest.mark.parametrize(
    "labels",
    [
        {("clothing", "Dress")},
        {("clothing", "Shirt"), ("clothing", "Skip"), ("clothing", "Hat")},
        {("clothing", "Shirt"), ("fashion-mnist", "Shirt")},
        {("fashion-mnist", label) for label in CATALOGUES["fashion-mnist"].classes},
    ],
)
@pytest.mark.parametrize("rgb", COLOURS[:4])
def test_a_class_filter_gives_k_hits_where_there_are_enough(engine, labels, rgb):
    expected = one_by_one(embed(rgb), labels=labels)
    for k in (1, 2, 5):
        hits = engine.search(Query(embedding=embed(rgb), k=k, filters=Filters(labels=frozenset(labels)))).hits
        assert len(hits) == min(k, len(expected))
        # Rows are stored in half precision, so neighbours closer together than that may change places.
        np.testing.assert_allclose([hit.similarity for hit in hits], [s for _, s in expected[:k]], atol=1e-3)
        assert {(hit.catalogue, hit.label) for hit in hits} <= labels
        assert len({hit.id for hit in hits}) == len(hits)
        truth = dict(expected)
        np.testing.assert_allclose([hit.similarity for hit in hits], [truth[hit.id] for hit in hits], atol=1e-3)


def test_a_class_filter_finds_the_right_items_in_order(engine):
    # Red's nearest long-sleeved tops: numbers 1 and 21 of thirty round the colour wheel.
    hits = engine.search(
        Query(embedding=embed((255, 0, 0)), k=5, filters=Filters(labels=frozenset({("clothing", "Longsleeve")})))
    ).hits
    assert [hit.position for hit in hits] == [1, 21]
    assert [hit.title for hit in hits] == ["Long-sleeved top"] * 2


def test_a_class_of_one_catalogue_is_not_looked_for_in_the_other(engine):
    # "Dress" is a class of both.
    hits = engine.search(
        Query(embedding=embed((90, 90, 90)), k=50, filters=Filters(labels=frozenset({("clothing", "Dress")})))
    ).hits
    assert sorted(hit.position for hit in hits) == [5, 25]
    assert [hit.catalogue for hit in hits] == ["clothing", "clothing"]
    assert (
        engine.search(
            Query(
                embedding=embed((90, 90, 90)),
                k=5,
                filters=Filters(("fashion-mnist",), frozenset({("clothing", "Dress")})),
            )
        ).hits
        == []
    )


def test_a_minimum_similarity_cuts_the_end_off(engine):
    query = embed((200, 90, 70))
    expected = one_by_one(query)[:20]
    minimum = (expected[6][1] + expected[7][1]) / 2
    hits = engine.search(Query(embedding=query, k=20, filters=Filters(min_similarity=minimum))).hits
    assert_hits(hits, expected[:7])
    assert engine.search(Query(embedding=query, k=20, filters=Filters(min_similarity=1.01))).hits == []
    dresses = Filters(("clothing",), frozenset({("clothing", "Dress")}), min_similarity=0.999)
    assert engine.search(Query(embedding=query, k=20, filters=dresses)).hits == []


@pytest.mark.parametrize("item_id", ["clothing/00000000-0000-0000-0000-000000000007", "fashion-mnist/test/00019"])
def test_items_like_an_item_leave_it_out(engine, item_id):
    catalogue, position = item_id.partition("/")[0], int(item_id[-2:], 10)
    query = stored(catalogue)[position]
    np.testing.assert_allclose(engine.embedding_of(item_id), query, atol=1e-6)
    expected = one_by_one(query)
    assert expected[0][0] == item_id
    for k in (1, 5, 12):
        assert_hits(engine.search(Query(item=item_id, k=k)).hits, expected[1 : k + 1])
    for k in (69, 100):
        assert {hit.id for hit in engine.search(Query(item=item_id, k=k)).hits} == {id for id, _ in expected[1:]}
    label = engine.gallery(catalogue).items.row(position).label
    own = Filters((catalogue,), frozenset({(catalogue, label)}))
    hits = engine.search(Query(item=item_id, k=5, filters=own)).hits
    assert_hits(hits, [e for e in one_by_one(query, (catalogue,), {(catalogue, label)}) if e[0] != item_id][:5], 1e-3)


def test_k_is_at_most_the_limit_and_at_least_one(engine, monkeypatch):
    query = embed((120, 80, 40))
    expected = one_by_one(query)
    assert MAX_K >= 70
    assert_hits(engine.search(Query(embedding=query, k=10_000)).hits, expected)
    monkeypatch.setattr("core.engine.search.engine.MAX_K", 9)
    assert_hits(engine.search(Query(embedding=query, k=10)).hits, expected[:9])
    assert_hits(engine.search(Query(embedding=query, k=0)).hits, expected[:1])
    assert_hits(engine.search(Query(embedding=query, k=-5)).hits, expected[:1])


def test_a_photo_is_decoded_embedded_and_searched(engine, tmp_path):
    rgb = (64, 160, 96)
    (tmp_path / "photo.bin").write_bytes(png(rgb))
    expected = one_by_one(embed(rgb))[:5]
    for source in (png(rgb), tmp_path / "photo.bin"):
        result = engine.search(Query(photo=source))
        assert_hits(result.hits, expected)
        np.testing.assert_allclose(result.embedding, embed(rgb), atol=1e-6)
        assert list(result.timings_ms) == ["decode", "embed", "search"]
        assert all(ms > 0 for ms in result.timings_ms.values())


def test_words_are_searched_in_the_same_space(engine):
    result = engine.search(Query(text="a RED dress", k=3))
    assert_hits(result.hits, one_by_one(embed((255, 0, 0)))[:3])
    assert list(result.timings_ms) == ["decode", "embed", "search"]
    assert result.timings_ms["decode"] == 0


def test_words_on_a_backbone_for_pictures_are_refused(engine, monkeypatch):
    monkeypatch.delattr(fakes.FakeEmbedder, "_embed_texts")
    with pytest.raises(VitrineError, match="understands pictures only"):
        engine.search(Query(text="red"))


def test_a_photo_that_cannot_be_read_is_named(engine, tmp_path):
    with pytest.raises(ImageError, match=r"^my photo: the file is empty\.$"):
        engine.search(Query(photo=b"", name="my photo"))
    with pytest.raises(ImageError, match=r"^nowhere\.jpg: there is no such file\.$"):
        engine.search(Query(photo=tmp_path / "nowhere.jpg"))


def test_names_that_do_not_exist_are_refused(engine):
    with pytest.raises(UnknownNameError, match=r"no catalogue named 'shoes'\. Known: clothing, fashion-mnist\."):
        engine.search(Query(embedding=embed((1, 2, 3)), k=5, filters=Filters(("shoes",))))
    with pytest.raises(UnknownItemError, match="no item with the id 'clothing/x'"):
        engine.search(Query(item="clothing/x"))
    for item_id in ("x", "shoes/1", "/clothing/x"):
        with pytest.raises(UnknownNameError, match="no catalogue named"):
            engine.search(Query(item=item_id))
    with pytest.raises(UnknownNameError, match="no backbone named 'nothing'"):
        SearchEngine("nothing").search(Query(photo=png((1, 2, 3))))


@pytest.mark.parametrize("subjects", [{}, {"item": ""}, {"item": "x", "text": "red"}, {"photo": b"", "text": "a"}])
def test_a_question_has_one_subject(subjects):
    with pytest.raises(ValueError, match="exactly one of photo, item, text and embedding"):
        Query(**subjects)


def test_labels_are_checked_against_the_catalogues():
    pairs = [("clothing", "Dress"), ("fashion-mnist", "T-shirt/top")]
    assert check_labels(pairs) == frozenset(pairs)
    assert check_labels([]) == frozenset()
    with pytest.raises(UnknownNameError, match=r"no class named 'Trouser'\. Known: Blazer, Blouse"):
        check_labels([("clothing", "Trouser")])
    with pytest.raises(UnknownNameError, match="no catalogue named 'x'"):
        check_labels([("x", "Dress")])


@pytest.mark.parametrize("query", [np.full(4, np.nan, np.float32), np.ones(3, np.float32), np.ones((1, 4), np.float32)])
def test_an_embedding_that_is_none_is_refused(engine, query):
    with pytest.raises(ValueError, match="queries must be"):
        engine.search(Query(embedding=query))


def test_many_threads_get_the_answers_of_one(tiny_artifacts):
    alone = SearchEngine()
    ids = ["clothing/00000000-0000-0000-0000-000000000003", "fashion-mnist/train/00020"]
    calls = [
        *(lambda e, rgb=rgb, k=k: e.search(Query(photo=png(rgb), k=k)).hits for rgb in COLOURS for k in (1, 5, 40)),
        *(lambda e, text=text: e.search(Query(text=text)).hits for text in ("red shoes", "navy coat")),
        *(lambda e, id=id: e.search(Query(item=id, k=6)).hits for id in ids),
        lambda e: (
            e.search(
                Query(embedding=embed((9, 99, 199)), k=4, filters=Filters(labels=frozenset({("clothing", "Hat")})))
            ).hits
        ),
        lambda e: [e.notices()],
    ]
    expected = [call(alone) for call in calls]
    shared = SearchEngine()  # nothing is loaded yet: they also race for that
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            order = np.random.default_rng(0).permutation(len(calls))
            found = list(pool.map(lambda i: calls[i](shared), order))
            assert found == [expected[i] for i in order]


def test_each_thing_is_loaded_once_and_only_when_needed(tiny_artifacts, monkeypatch):
    loaded = []
    for name in ("load_gallery", "load_embedder"):
        original = getattr(__import__("core.engine.search.engine", fromlist=[name]), name)
        monkeypatch.setattr(
            f"core.engine.search.engine.{name}", lambda *a, original=original: loaded.append(a[-1]) or original(*a)
        )
    engine = SearchEngine()
    assert loaded == []
    engine.search(Query(embedding=embed((1, 2, 3)), k=1, filters=Filters(("clothing",))))
    assert loaded == ["clothing"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: engine.search(Query(photo=png((5, 5, 5)))), range(16)))
    engine.warm_up()
    assert sorted(loaded) == ["clothing", "fashion-mnist", "vitrine-clip"]


# --- galleries that do not fit together


def test_a_backbone_that_was_not_built_says_the_command(tiny_artifacts, monkeypatch):
    monkeypatch.setitem(BACKBONES, "other", fakes.fake_record("other"))
    with pytest.raises(
        ArtifactError, match=r"has not been built\. To repair it, run: python -m core build --backbone other"
    ):
        SearchEngine("other").gallery("clothing")


def rewrite(path: Path, content: bytes) -> None:
    """Replace an artifact and have the manifest agree, as a build that went wrong would."""
    path.write_bytes(content)
    register([path])


def test_another_item_table_is_refused(engine):
    items, path = fakes.make_items("clothing"), items_file("clothing")
    ItemTable(items.columns | {"label": items.columns["label"][::-1]}, items.classes).save(path)
    rewrite(path, path.read_bytes())
    with pytest.raises(ArtifactError, match=r"indexes/vitrine-clip/clothing\.npy does not fit the item table"):
        engine.gallery("clothing")


@pytest.mark.parametrize("cut", [np.s_[:29], np.s_[:, :3]], ids=["rows", "columns"])
def test_other_embeddings_are_refused(engine, cut):
    path = index_file("vitrine-clip", "clothing", ".npy")
    buffer = io.BytesIO()
    np.save(buffer, np.load(path)[cut])
    rewrite(path, buffer.getvalue())
    with pytest.raises(ArtifactError, match=r"clothing\.npy does not fit the item table"):
        engine.gallery("clothing")


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_embeddings_that_no_search_could_use_are_refused_whoever_signed_them(engine):
    path = index_file("vitrine-clip", "clothing", ".npy")
    rows = np.load(path)
    for bad in (0, np.nan, np.inf):
        odd = rows.copy()
        odd[17] = bad
        rewrite(path, npy(odd))
        for read in (load_gallery, embedded.stored):
            with pytest.raises(
                ArtifactError, match=r"clothing\.npy is damaged: a row of it is not finite, or nothing but"
            ):
                read("vitrine-clip", "clothing")
    for content in (pickle.dumps(rows), b"\x93NUMPY\x01\x00", b"garbage" * 100):
        rewrite(path, content)
        for read in (load_gallery, embedded.stored):
            with pytest.raises(ArtifactError, match=r"clothing\.npy cannot be read \(\w+\)\. To repair it, run: git"):
                read("vitrine-clip", "clothing")


@pytest.mark.parametrize(
    "change",
    [
        lambda known: [],
        lambda known: known | {"tables": 7},
        lambda known: known | {"tables": {"clothing": []}},
        lambda known: known | {"tables": {"clothing": {"photo": {"quantiles": [], "steps": [], "probabilities": []}}}},
        lambda known: (
            known | {"tables": {"clothing": {"photo": {"quantiles": [1], "steps": [1], "probabilities": [2, 3]}}}}
        ),
        lambda known: known | {"weight": [[[]]]},
    ],
)
def test_a_calibration_of_another_form_is_refused_whoever_signed_it(engine, change):
    path = calibration_file("vitrine-clip")
    rewrite(path, json.dumps(change(json.loads(path.read_bytes()))).encode())
    with pytest.raises(
        ArtifactError, match=r"calibration\.json is of another version\. To repair it, run: python -m core"
    ):
        load_gallery("vitrine-clip", "clothing")
    rewrite(path, b"[" * 1000 + b"]" * 1000)
    with pytest.raises(ArtifactError, match=r"calibration\.json is of another version"):
        load_gallery("vitrine-clip", "clothing")


def test_a_graph_of_other_items_is_replaced_by_exact_search(engine):
    graph = index_file("vitrine-clip", "clothing", ".hnsw")
    rng = np.random.default_rng(0)
    HnswIndex.build(-np.abs(rng.normal(size=(30, 4))).astype(np.float32), fakes.PARAMETERS).save(graph)
    rewrite(graph, graph.read_bytes())
    gallery = engine.gallery("clothing")
    assert gallery.index is gallery.exact
    assert "clothing.hnsw does not find the items it holds" in str(gallery.notice)
    expected = one_by_one(embed((255, 0, 0)), ("clothing",))[:3]
    assert_hits(
        engine.search(Query(embedding=embed((255, 0, 0)), k=3, filters=Filters(("clothing",)))).hits, expected, 1e-3
    )


def test_the_files_of_a_gallery_are_where_the_manifest_says(tiny_artifacts):
    paths = [index_file("vitrine-clip", "clothing", ".npy"), items_file("clothing"), calibration_file("vitrine-clip")]
    names = [
        "indexes/vitrine-clip/clothing.npy",
        "catalogues/clothing.json",
        "indexes/vitrine-clip/calibration.json",
    ]
    assert [path.relative_to(tiny_artifacts).as_posix() for path in paths] == names
    assert set(names) <= set(load_manifest()["files"])
