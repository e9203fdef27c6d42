"""A catalogue of one's own: what goes in can be found, what is taken out cannot, and it all fits together."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import math
import threading

import fakes
import hnswlib
import numpy as np
import pytest
from brought import BASIC, COLOURS, incoming, picture, png
from PIL import Image

from core.config import Quota
from core.engine import progress
from core.engine.catalogues.items import UnknownItemError
from core.engine.progress import ProgressClock
from core.engine.search.calibration import fit
from core.engine.search.query import Filters, Query
from core.errors import DataError, DownloadError, ImageError, UnknownNameError, VitrineError
from core.own.catalogue import OwnCatalogue
from core.own.duplicates import find_duplicates
from core.own.files import build_own
from core.own.ingest.incoming import Incoming, Skipped, UploadError
from core.own.items import embeddings_npz, index_bytes, items_csv
from core.own.search import OwnSearch, describe


@pytest.fixture
def embedder():
    return fakes.FakeEmbedder(fakes.fake_record())


@pytest.fixture
def catalogue(embedder):
    result = OwnCatalogue(embedder)
    list(result.add(BASIC))
    return result


def engine_of(own):
    """An engine that searches this catalogue and no other."""
    engine = OwnSearch(fakes.bare_engine(), own)
    engine.catalogues = {"own": describe(own)}
    return engine


def ids(result) -> list[str]:
    return [hit.id for hit in result.hits]


def test_a_bad_picture_in_the_middle_moves_nothing(catalogue, embedder):
    assert [(item.id, item.name, item.label, item.title) for item in catalogue.items] == [
        ("own/1", "red.png", "warm", "warm"),
        ("own/2", "green.png", "cold", "cold"),
        ("own/3", "blue.png", "cold", "A blue thing"),
        ("own/4", "pink.png", "", "pink.png"),
    ]
    expected = embedder.embed_images(fakes.solid(rgb) for rgb in COLOURS.values())
    np.testing.assert_array_equal(catalogue.embeddings, expected)
    assert catalogue.embeddings.dtype == np.float32
    assert catalogue.labels == ("warm", "cold", "cold", "")
    link, text = catalogue.skipped
    assert link == BASIC[1]
    assert text.name == "text.png" and str(text.reason).startswith("it is not a picture of an accepted type")


def test_an_item_keeps_what_came_with_it(catalogue):
    item = catalogue.item("own/3")
    assert (item.width, item.height, item.source) == (20, 20, "https://x.test/b")
    assert item.sha256 == hashlib.sha256(BASIC[4].data).hexdigest()
    with Image.open(io.BytesIO(catalogue.thumbnail("own/3"))) as image:
        assert (image.format, image.size) == ("JPEG", (20, 20))
    assert catalogue.thumbnail("own/99") is None


def test_a_photo_finds_itself_with_similarity_one(embedder):
    """The embedding of an item is, to the last bit, that of a photo that is searched with."""
    rng = np.random.default_rng(0)
    sizes = [(40, 30), (30, 41), (700, 20), (20, 20), (17, 16)]
    photos = [png(Image.fromarray(rng.integers(0, 256, (h, w, 3), np.uint8))) for w, h in sizes]
    own = OwnCatalogue(embedder)
    list(own.add(Incoming(f"{number}.png", "", data) for number, data in enumerate(photos)))
    for position, photo in enumerate(photos):
        result = engine_of(own).search(Query(photo=photo, k=1))
        np.testing.assert_array_equal(result.embedding, own.embeddings[position])
        assert result.hits[0].similarity == pytest.approx(1, abs=1e-6)
        assert result.hits[0].similarity <= 1
    with Image.open(io.BytesIO(own.items[2].thumbnail)) as image:
        assert image.size == (256, 7)


def test_search_gives_ids_and_cosines_in_order(catalogue):
    query = catalogue.embedder.embed_images([fakes.solid((250, 10, 10))])[0]
    expected = catalogue.embeddings @ query
    order = np.argsort(-expected)
    result = engine_of(catalogue).search(Query(photo=picture((250, 10, 10)), k=3))
    assert ids(result) == [f"own/{position + 1}" for position in order[:3]]
    assert [hit.similarity for hit in result.hits] == pytest.approx(expected[order[:3]].tolist(), abs=1e-6)
    assert [(hit.rank, hit.position, hit.catalogue) for hit in result.hits] == [
        (rank, position, "own") for rank, position in enumerate(order[:3], start=1)
    ]
    assert set(result.timings_ms) == {"decode", "embed", "search"}
    assert all(math.isnan(hit.closer_than) and math.isnan(hit.same_kind) for hit in result.hits)


def test_words_similar_items_and_filters(catalogue):
    assert ids(engine_of(catalogue).search(Query(text="blue", k=1))) == ["own/3"]
    assert ids(engine_of(catalogue).search(Query(item="own/1"))) == ["own/4", "own/2", "own/3"]
    assert ids(engine_of(catalogue).search(Query(item="own/1", k=1))) == ["own/4"]
    cold = Filters(labels=frozenset({("own", "cold"), ("clothing", "warm")}))
    assert ids(engine_of(catalogue).search(Query(photo=picture((250, 10, 10)), k=5, filters=cold))) == [
        "own/2",
        "own/3",
    ]
    assert ids(engine_of(catalogue).search(Query(text="blue", k=5, filters=Filters(min_similarity=0.999)))) == ["own/3"]
    assert ids(engine_of(catalogue).search(Query(text="white", k=5, filters=Filters(min_similarity=0.9999)))) == []
    with pytest.raises(UnknownItemError):
        engine_of(catalogue).search(Query(item="own/9"))
    with pytest.raises(ImageError, match=r"^odd\.png: "):
        engine_of(catalogue).search(Query(photo=b"x", name="odd.png"))


def test_an_empty_catalogue_can_be_searched(embedder):
    own = OwnCatalogue(embedder)
    assert own.embeddings.shape == (0, 4)
    assert engine_of(own).search(Query(text="red")).hits == []


def test_a_calibration_says_what_a_similarity_means(embedder):
    pairs = np.linspace(0, 1, 100)
    table = fit(pairs, pairs, pairs > 0.5, n_steps=10)
    own = OwnCatalogue(embedder, table)
    list(own.add([incoming("red.png"), incoming("green.png")]))
    hits = engine_of(own).search(Query(photo=picture((200, 30, 30)))).hits
    assert [hit.id for hit in hits] == ["own/1", "own/2"]
    for hit in hits:
        assert hit.closer_than == table.closer_than(hit.similarity)
        assert hit.same_kind == table.same_kind(hit.similarity)
    assert all(math.isnan(hit.closer_than) for hit in engine_of(own).search(Query(text="red")).hits)  # of pictures only


def test_progress_moves_and_ends(embedder, monkeypatch):
    monkeypatch.setattr(progress, "REPORT_S", 0)
    many = [incoming(f"{i}.png", rgb=(i, 0, 0)) if i % 10 else Skipped(f"{i}.png", "why not") for i in range(30)]
    reports = list(OwnCatalogue(embedder).add(many))
    assert [(r.n_done, r.n_total, r.n_added, r.n_skipped, r.finished) for r in (reports[0], *reports[19:])] == [
        (1, 30, 0, 1, False),
        *((n, 30, n - -(-n // 10), -(-n // 10), False) for n in range(20, 31)),
        (30, 30, 27, 3, True),
    ]
    assert all(report.images_per_s > 0 for report in reports)
    assert reports[9].seconds_left == pytest.approx(20 / reports[9].images_per_s)
    assert reports[-1].seconds_left == 0


def test_a_slow_source_still_reports(embedder, monkeypatch):
    monkeypatch.setattr(progress, "REPORT_S", 0)
    own = OwnCatalogue(embedder)
    reports = own.add(iter(BASIC))
    first = next(reports)
    assert (first.n_done, first.n_total, first.seconds_left) == (1, None, None)
    assert len(own) == 1
    assert [report.n_done for report in reports] == [2, 3, 4, 5, 6, 6]


def test_the_clock_counts():
    times = iter([0.0, 0.1, 0.6, 2.0])
    clock = ProgressClock(10, lambda: next(times))
    assert not clock.is_time()
    assert clock.is_time()
    clock.n_added, clock.n_skipped = 3, 1
    report = clock.report()
    assert (report.images_per_s, report.seconds_left) == (2.0, 3.0)


def test_cancelling_keeps_what_was_done(embedder, monkeypatch):
    monkeypatch.setattr(progress, "REPORT_S", 0.01)
    own = OwnCatalogue(embedder)
    taken = []

    def source():
        for number in range(500):
            taken.append(number)
            yield incoming(f"{number}.png", rgb=(number % 256, number // 256, 0))

    steps = own.add(source())
    done = next(progress.n_done for progress in steps if progress.n_done > 1)
    steps.close()
    assert 1 < len(own) == len(own.embeddings) == done == len(taken) < 500
    assert ids(engine_of(own).search(Query(item="own/1", k=1))) != []
    list(own.add([incoming("blue.png")]))
    assert own.items[-1].name == "blue.png" and ids(engine_of(own).search(Query(text="blue", k=1))) == [
        own.items[-1].id
    ]


def test_more_can_be_added_later_and_ids_are_never_given_again(catalogue):
    catalogue.remove(["own/4", "own/2"])
    assert catalogue.skipped != []
    list(catalogue.add([incoming("pink.png")]))
    assert [item.id for item in catalogue.items] == ["own/1", "own/3", "own/5"]
    assert catalogue.skipped == []
    assert len(catalogue.embeddings) == 3
    assert ids(engine_of(catalogue).search(Query(text="pink", k=1))) == ["own/5"]
    assert ids(engine_of(catalogue).search(Query(text="green", k=5)))[0] != "own/2"
    assert catalogue.item("own/5").name == "pink.png"


def test_removing_what_is_not_there_removes_nothing(catalogue):
    with pytest.raises(UnknownItemError):
        catalogue.remove(["own/1", "own/9"])
    assert len(catalogue) == 4
    catalogue.remove([])
    catalogue.remove([item.id for item in catalogue.items])
    assert len(catalogue) == 0 and catalogue.embeddings.shape == (0, 4) and catalogue.n_bytes == 0


def test_two_catalogues_know_nothing_of_each_other(embedder):
    one, other = OwnCatalogue(embedder), OwnCatalogue(embedder)
    list(one.add([incoming("red.png")]))
    list(other.add([incoming("blue.png"), incoming("green.png")]))
    assert [item.name for item in one.items] == ["red.png"]
    assert [item.name for item in other.items] == ["blue.png", "green.png"]
    assert [hit.title for hit in engine_of(one).search(Query(text="blue")).hits] == ["red.png"]


MANY = [incoming(f"{number}.png", rgb=(number, 100, 0)) for number in range(10)]


@pytest.mark.parametrize(
    "quota, n_kept, reason",
    [
        (Quota(images=4), 4, "a catalogue of your own holds at most 4 pictures"),
        (Quota(bytes=3 * len(MANY[0].data) + 5), 3, "one visit may bring at most 0.000263 MB of pictures"),
        (Quota(megapixels=3.5 * 20 * 20 / 1e6), 3, "one visit may bring at most 0.0014 megapixels of pictures"),
        (Quota(memory=1), 1, "a catalogue of your own takes at most 1e-06 MB of memory"),
    ],
)
def test_what_is_over_the_quota_is_left_out_with_the_reason(embedder, quota, n_kept, reason):
    assert len({len(one.data) for one in MANY}) == 1
    own = OwnCatalogue(embedder, quota=quota)
    reports = list(own.add(MANY))
    assert [item.name for item in own.items] == [f"{number}.png" for number in range(n_kept)]
    assert [(str(one.name), str(one.reason)) for one in own.skipped] == [
        (f"{n_kept}.png and all after it", reason.replace("0.000263", f"{quota.bytes / 1e6:g}"))
    ]
    assert (reports[-1].n_done, reports[-1].finished) == (n_kept, True)
    list(own.add([MANY[9]]))
    assert len(own) == n_kept


def test_room_is_made_by_removing_but_not_for_bytes_that_were_brought(embedder):
    own = OwnCatalogue(embedder, quota=Quota(images=2, bytes=3 * len(MANY[0].data)))
    list(own.add(MANY[:2]))
    own.remove(["own/1"])
    list(own.add(MANY[2:3]))
    assert [item.id for item in own.items] == ["own/2", "own/3"]
    own.remove(["own/2"])
    list(own.add(MANY[3:4]))
    assert len(own) == 1 and str(own.skipped[0].reason).startswith("one visit")


def test_a_backbone_that_fails_leaves_the_catalogue_whole(catalogue, monkeypatch):
    def fail(images):
        raise VitrineError("Fake gave no usable embedding.")

    monkeypatch.setattr(catalogue.embedder, "embed_images", fail)
    with pytest.raises(VitrineError):
        list(catalogue.add([incoming("red.png")]))
    assert len(catalogue) == len(catalogue.embeddings) == 4


def test_duplicates_are_told_from_near_duplicates(embedder):
    rgbs = [(255, 0, 0), (0, 255, 0), (255, 0, 0), (250, 5, 5), (0, 0, 255), (255, 0, 0), (0, 250, 0)]
    own = OwnCatalogue(embedder)
    list(own.add([incoming(f"{number}.png", rgb=rgb) for number, rgb in enumerate(rgbs)]))
    report = find_duplicates({item.id: item.sha256 for item in own.items}, own.embeddings, 0.99)
    assert report.exact == [("own/1", "own/3", "own/6")]
    expected = own.embeddings @ own.embeddings.T
    pairs = {(pair.id_a, pair.id_b): pair.similarity for pair in report.near}
    assert set(pairs) == {("own/1", "own/4"), ("own/3", "own/4"), ("own/4", "own/6"), ("own/2", "own/7")}
    assert list(pairs.values()) == sorted(pairs.values(), reverse=True)
    assert pairs["own/1", "own/4"] == pytest.approx(expected[0, 3], abs=1e-6)
    assert report.n_near == 4


def test_duplicates_across_blocks_agree_with_a_naive_count(embedder, monkeypatch):
    monkeypatch.setattr("core.own.duplicates._BLOCK", 7)
    monkeypatch.setattr("core.own.duplicates.MAX_PAIRS", 25)
    rng = np.random.default_rng(1)
    own = OwnCatalogue(embedder)
    list(own.add([incoming(f"{i}.png", rgb=tuple(map(int, rng.integers(0, 256, 3)))) for i in range(40)]))
    similarities = own.embeddings @ own.embeddings.T
    naive = [(-similarities[a, b], a, b) for a in range(40) for b in range(a + 1, 40) if similarities[a, b] >= 0.9]
    report = find_duplicates({item.id: item.sha256 for item in own.items}, own.embeddings, 0.9)
    assert report.n_near == len(naive) > 25
    found = [(pair.id_a, pair.id_b) for pair in report.near]
    assert found == [(f"own/{a + 1}", f"own/{b + 1}") for _, a, b in sorted(naive)[:25]]
    assert find_duplicates({}, np.empty((0, 4), np.float32)).n_near == 0


def test_the_item_table_is_safe_and_whole(catalogue):
    rows = list(csv.DictReader(io.StringIO(items_csv(catalogue.items), newline="")))
    assert [row["id"] for row in rows] == ["own/1", "own/2", "own/3", "own/4"]
    assert [row["Price"] for row in rows] == ["", "", "'=1+1", ""]
    assert [row["item_id"] for row in rows] == ["", "", "7", ""]
    assert rows[2] | {"sha256": ""} == {
        "id": "own/3",
        "name": "blue.png",
        "label": "cold",
        "title": "A blue thing",
        "width": "20",
        "height": "20",
        "sha256": "",
        "source": "https://x.test/b",
        "Price": "'=1+1",
        "item_id": "7",
    }


def test_the_embeddings_can_be_read_without_pickle(catalogue):
    with np.load(io.BytesIO(embeddings_npz(catalogue.items, catalogue.embeddings, "fake")), allow_pickle=False) as file:
        assert file["ids"].tolist() == ["own/1", "own/2", "own/3", "own/4"]
        assert file["names"].tolist()[2] == "blue.png"
        assert file["labels"].tolist() == ["warm", "cold", "cold", ""]
        assert file["backbone"].item() == "fake"
        np.testing.assert_array_equal(file["embeddings"], catalogue.embeddings)


def test_the_index_finds_what_it_holds(catalogue, tmp_path):
    (tmp_path / "own.hnsw").write_bytes(index_bytes(catalogue.embeddings))
    index = hnswlib.Index("cosine", 4)
    index.load_index(str(tmp_path / "own.hnsw"))
    positions, distances = index.knn_query(catalogue.embeddings, k=1)
    assert positions[:, 0].tolist() == [0, 1, 2, 3]
    assert distances[:, 0] == pytest.approx(0, abs=1e-6)
    with pytest.raises(DataError, match="no items"):
        index_bytes(np.empty((0, 4), np.float32))


def test_a_folder_becomes_files_that_stay(tmp_path, embedder):
    for one in (BASIC[0], BASIC[2], BASIC[3]):
        file = tmp_path / "from" / one.label / one.name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(one.data)
    reports = []
    result = build_own(tmp_path / "from", "mine", tmp_path / "to", embedder, reports.append)
    assert [file.relative_to(tmp_path / "to").as_posix() for file in result.files] == [
        f"mine/{name}" for name in ("embeddings.npz", "index.hnsw", "items.csv", "pictures.npz", "catalogue.json")
    ]
    assert (result.n_items, [skipped.name for skipped in result.skipped]) == (2, ["warm/text.png"])
    assert reports[-1].finished
    facts = json.loads((tmp_path / "to" / "mine" / "catalogue.json").read_text())
    assert (facts["backbone"], facts["dim"], facts["count"], facts["space"]) == ("vitrine-clip", 4, 2, "cosine")
    for name, entry in facts["files"].items():
        content = (tmp_path / "to" / "mine" / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    rows = list(csv.DictReader((tmp_path / "to" / "mine" / "items.csv").read_text().splitlines()))
    assert [(row["name"], row["label"]) for row in rows] == [("cold/green.png", "cold"), ("warm/red.png", "warm")]


def test_what_cannot_be_built_is_said(tmp_path, embedder, monkeypatch):
    def refusal(path, name="mine"):
        with pytest.raises(VitrineError) as caught:
            build_own(path, name, tmp_path / "to", embedder)
        return caught.value

    (tmp_path / "empty").mkdir()
    (tmp_path / "a.zip").write_bytes(b"x")
    (tmp_path / "a.csv").write_text("url\nhttps://x.test/1\n")
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"x")
    monkeypatch.delenv("VITRINE_ALLOW_URLS", raising=False)
    assert "that name is taken" in str(refusal(tmp_path / "empty", "clothing"))
    assert "is no name for a catalogue" in str(refusal(tmp_path / "empty", "../x"))
    assert str(refusal(tmp_path / "empty")).endswith("empty holds no picture that can be used.")
    assert str(refusal(tmp_path / "bad")).startswith(f"{tmp_path}/bad holds no picture that can be used; the first was")
    assert isinstance(refusal(tmp_path / "a.zip"), UploadError)
    assert isinstance(refusal(tmp_path / "a.csv"), DownloadError)
    assert "is neither a folder" in str(refusal(tmp_path / "a.png"))
    assert "cannot be read" in str(refusal(tmp_path / "none.zip"))
    assert not (tmp_path / "to").exists()


def test_items_cannot_be_changed(catalogue):
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalogue.items[0].label = "x"


def test_own_items_join_the_built_catalogues_and_the_shared_engine_never_learns_of_them(engine):
    colour = tuple(map(int, fakes.colours_of("clothing")[5]))
    own = OwnCatalogue(engine.embedder, engine.gallery("clothing").calibration)
    list(own.add([incoming("same.png", "mine", rgb=colour), incoming("green.png", "mine", rgb=(0, 255, 0))]))
    joined = OwnSearch(engine, own)
    assert list(joined.catalogues) == ["fashion-mnist", "clothing", "own"]
    assert (joined.catalogues["own"].n_items, joined.catalogues["own"].classes) == (2, {"mine": "mine"})
    twin = fakes.make_items("clothing").row(5).id
    first, second, *rest = joined.search(Query(photo=picture(colour), k=10)).hits
    assert [first.id, second.id] == [twin, "own/1"]  # equally close: the built one first
    assert [hit.rank for hit in (first, second, *rest)] == list(range(1, 11))
    assert first.closer_than == second.closer_than
    everything = joined.search(Query(photo=picture(colour), k=100)).hits
    assert sorted(hit.id for hit in everything if hit.catalogue == "own") == ["own/1", "own/2"]
    assert len(everything) == 2 + fakes.N_CLOTHING + fakes.N_FASHION_MNIST
    assert ids(joined.search(Query(item="own/1", k=1))) == [twin]
    assert ids(joined.search(Query(item=twin, k=1, filters=Filters(("own",))))) == ["own/1"]
    assert ids(joined.search(Query(item=twin, k=9, filters=Filters(labels=frozenset({("own", "mine")}))))) == [
        "own/1",
        "own/2",
    ]
    assert "own" not in engine.catalogues
    assert {hit.catalogue for hit in engine.search(Query(photo=picture(colour), k=100)).hits} == {
        "clothing",
        "fashion-mnist",
    }
    with pytest.raises(UnknownNameError):
        engine.search(Query(item="own/1"))


def test_a_gallery_is_made_anew_after_a_change_and_never_changed(catalogue):
    before = catalogue.gallery
    assert catalogue.gallery is before
    catalogue.remove(["own/1"])
    assert len(before.items) == len(before.exact.embeddings) == 4
    assert catalogue.gallery.items.frame["id"].tolist() == ["own/2", "own/3", "own/4"]
    assert catalogue.gallery.items.row(1).title == "A blue thing"
    assert catalogue.gallery.items.row(2).label == ""


def test_a_search_while_pictures_come_in_loses_none(embedder):
    """Streamlit begins a new run of a session before the last one has stopped."""
    own = OwnCatalogue(embedder)
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            gallery = own.gallery
            assert len(gallery.items) == len(gallery.exact.embeddings)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        list(own.add(incoming(f"{i}.png", rgb=(i % 256, i // 2, 9)) for i in range(300)))
    finally:
        done.set()
        looking.join()
    assert len(own) == len(own.embeddings) == own.revision == 300
    expected = embedder.embed_images(fakes.solid((i % 256, i // 2, 9)) for i in range(300))
    np.testing.assert_allclose(own.embeddings, expected, atol=1e-6)
