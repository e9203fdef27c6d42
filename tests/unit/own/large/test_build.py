"""A source -> a catalogue in Milvus: whole or not at all, never embedded twice, checked before it is used."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fakes
import milvus
import numpy as np
import pytest

from core.config import DEFAULT_BACKBONE, MAX_CELL, MilvusPlace
from core.engine.backbones import BACKBONES
from core.engine.index.milvus import collection
from core.engine.index.milvus import server as servers
from core.engine.index.milvus.collection import MilvusIndex, collection_of
from core.engine.index.milvus.rows import Row
from core.engine.search import remote
from core.errors import DataError, OtherWeightsError, UnknownNameError
from core.own.ingest.incoming import UploadError
from core.own.ingest.item_csv import CsvRow
from core.own.large import build as large
from core.own.large import shards
from core.own.large.build import OneProcess, build_large
from core.own.large.listing import PathSource, open_listing

COLOURS = {f"kinds-{at % 3}/{at:03}.png": (at, 255 - at, (37 * at) % 256) for at in range(60)}


@pytest.fixture(scope="module", params=["lite", "server"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusPlace]:
    place = milvus.place_of(request.param, tmp_path_factory.mktemp("milvus"))
    before = set(collection.names(servers.server(place)))
    yield place
    milvus.close(place, *(set(collection.names(servers.server(place))) - before))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Shards of 16, kept where nobody else looks."""
    monkeypatch.setattr(shards, "ROOT", tmp_path)
    for module in (shards, large):
        monkeypatch.setattr(module, "SHARD", 16)
    monkeypatch.setitem(BACKBONES, DEFAULT_BACKBONE, fakes.fake_record())


@pytest.fixture
def embedder() -> fakes.FakeEmbedder:
    return fakes.FakeEmbedder(fakes.fake_record())


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return milvus.write_pictures(tmp_path / "pictures", COLOURS)


def index_of(place: MilvusPlace, name: str) -> MilvusIndex:
    return MilvusIndex(servers.server(place), collection_of(servers.server(place), name))


def names_in(index: MilvusIndex) -> list[str]:
    rows = index.rows(index.listed(collection.Chosen(), 0, 1000))
    return [rows[position]["name"] for position in sorted(rows)]


def test_a_folder_is_written_in_its_order_and_what_is_bad_is_told(
    place: MilvusPlace, pictures: Path, embedder: fakes.FakeEmbedder
) -> None:
    (pictures / "kinds-1" / "005.png").write_bytes(b"no picture")
    built = build_large(pictures, "folder", place, embedder, fakes.looks())
    assert built.n_items == 60
    assert [name for name, _ in built.skipped] == ["kinds-1/005.png"]
    index = index_of(place, "folder")
    assert names_in(index) == sorted(COLOURS)
    row = index.rows([7], vectors=True)[7]
    name = sorted(COLOURS)[7]
    assert (row["label"], row["address"], row["width"]) == (name.partition("/")[0], name, 20)
    expected = embedder.embed_images([fakes.solid(COLOURS[name])])[0]
    assert index.embedding(7) == pytest.approx(expected, abs=1e-6)
    assert index.facts["labels"] == ["kinds-0", "kinds-1", "kinds-2"]
    assert set(index.facts["colours"]) <= {"", "red", "green", "blue"}
    read = fakes.looks().read(np.stack([index.embedding(at) for at in range(60)]))["colour"]
    for number, colour in enumerate(("blue", "green", "red")):
        likely = (read.argmax(axis=1) == number) & (read.max(axis=1) >= 0.5)
        assert index.listed(collection.Chosen(colours=[colour]), 0, 60) == np.flatnonzero(likely).tolist()


def test_the_same_pictures_from_a_zip_and_from_parquet(
    place: MilvusPlace, pictures: Path, tmp_path: Path, embedder: fakes.FakeEmbedder
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    names = sorted(COLOURS)
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        for name in names:
            archive.write(pictures / name, name)
    outside = ["../shop.zip", "/etc/hostname", "gone.png"]
    table = {
        "path": [*names, *outside],
        "label": [name.partition("/")[0] for name in names] + ["", "", ""],
        "colour": ["navy" if at == 3 else "no colour at all" for at in range(63)],
    }
    parquet.write_table(pa.table(table), pictures / "shop.parquet")
    for source in (tmp_path / "shop.zip", pictures / "shop.parquet"):
        built = build_large(source, source.suffix[1:], place, embedder, None)
        assert (built.n_items, [name for name, _ in built.skipped]) == (60, outside if built.skipped else [])
        index = index_of(place, source.suffix[1:])
        rows = index.rows(range(60))
        assert [rows[at]["address"] for at in range(60)] == names
        assert [rows[at]["label"] for at in range(60)] == [name.partition("/")[0] for name in names]
    assert index.listed(collection.Chosen(colours=["navy"]), 0, 9) == [3]


def test_what_was_embedded_before_a_stop_is_not_embedded_again(
    place: MilvusPlace, pictures: Path, embedder: fakes.FakeEmbedder
) -> None:
    done: list[int] = []

    class Stopping(OneProcess):
        def embed(self, them: shards.Shards, numbers):  # type: ignore[no-untyped-def]
            for number, content in super().embed(them, numbers):
                done.append(number)
                yield number, content
                if len(done) == 2:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_large(pictures, "stopped", place, embedder, None, Stopping(embedder))
    with pytest.raises(UnknownNameError):
        remote._Remote(place).gallery("stopped", fakes.fake_record(), lambda: None)
    assert build_large(pictures, "stopped", place, embedder, None, Stopping(embedder)).n_items == 60
    assert done == [0, 1, 2, 3]
    assert names_in(index_of(place, "stopped")) == sorted(COLOURS)
    (pictures / "kinds-0" / "000.png").write_bytes((pictures / "kinds-0" / "003.png").read_bytes() + b"\0")
    assert len(shards.Shards.of(open_listing(pictures), "stopped", embedder).missing()) == 4  # the source has changed


def test_a_rebuild_that_fails_changes_nothing_and_leaves_nothing(
    place: MilvusPlace, pictures: Path, embedder: fakes.FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_large(pictures, "rebuilt", place, embedder, None)
    before, there = index_of(place, "rebuilt"), servers.server(place)
    known = set(there.call("list_collections"))

    def failing():  # type: ignore[no-untyped-def]
        for at in range(1500):
            if at == 1200:
                raise OSError("the disk is full")
            yield Row(f"{at}"), np.eye(4, dtype=np.float32)[at % 4]

    with pytest.raises(OSError, match="full"):
        large.write_collection(there, "rebuilt", {"dim": 4}, failing())
    assert set(there.call("list_collections")) == known
    assert collection_of(there, "rebuilt") == before.collection
    opened = remote._Remote(place)
    monkeypatch.setattr(remote, "MILVUS_FRESH_S", 0.0)
    record = fakes.fake_record()
    assert len(opened.gallery("rebuilt", record, lambda: None).items) == 60
    (pictures / "kinds-0" / "000.png").unlink()
    assert build_large(pictures, "rebuilt", place, embedder, None).n_items == 59
    assert len(opened.gallery("rebuilt", record, lambda: None).items) == 59  # noticed by who has it open
    assert before.collection not in there.call("list_collections")


def test_what_does_not_fit_is_refused_in_a_sentence(
    place: MilvusPlace, pictures: Path, embedder: fakes.FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_large(pictures, "checked", place, embedder, None)
    index, there = index_of(place, "checked"), servers.server(place)
    monkeypatch.setattr(remote, "MILVUS_FRESH_S", 0.0)

    def open_now() -> remote.MilvusGallery:
        return remote._Remote(place).gallery("checked", fakes.fake_record(), lambda: None)

    def describe(**changes: object) -> None:
        collection.describe(there, index.collection, {**index.facts, **changes})

    assert len(open_now().items) == 60
    describe(count=61)
    with pytest.raises(DataError, match="has 60 items where its description says 61"):
        open_now()
    describe(schema=99)
    with pytest.raises(DataError, match="schema"):
        open_now()
    describe(backbone="hog")
    with pytest.raises(DataError, match="made with hog"):
        open_now()
    describe(weights_sha256="0" * 64)
    with pytest.raises(OtherWeightsError, match=r"checked.*--index milvus"):
        open_now()
    describe()
    there.call("upsert", index.collection, [{**broken_row(there, index)}], partition_name=collection.ABOUT)
    with pytest.raises(DataError, match="sha256"):
        open_now()
    there.call("delete", index.collection, filter="position < 0")
    with pytest.raises(DataError, match="JSON"):
        open_now()
    there.call("drop_alias", collection.alias_of("checked"))
    with pytest.raises(UnknownNameError, match="checked"):
        open_now()


def broken_row(there: servers.Server, index: MilvusIndex) -> dict[str, object]:
    """The description with one figure changed, under the seal of before."""
    (row,) = there.call(
        "query", index.collection, filter="position == -1", output_fields=["*"], partition_names=[collection.ABOUT]
    )
    said = json.loads(row["about"])
    return {**row, "about": json.dumps({**said, "count": 1})}


def test_a_catalogue_of_another_name_is_left_alone(place: MilvusPlace) -> None:
    rows = np.eye(4, dtype=np.float32)
    for name in ("a", "a--b", "a-b"):
        milvus.write(place, name, rows)
    milvus.write(place, "a", rows[:2])
    assert {"a", "a--b", "a-b"} <= set(collection.names(servers.server(place)))
    assert [index_of(place, name).n_items for name in ("a", "a--b", "a-b")] == [2, 4, 4]


def test_a_text_that_every_row_of_a_table_names_is_not_written_out_for_each(tmp_path: Path) -> None:
    """Two megabytes of file, a hundred gigabytes of labels."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    n = 100_000
    label = pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array(["a" * 10**6]))
    parquet.write_table(pa.table({"path": ["1.png"] * n, "label": label}), tmp_path / "labels.parquet")
    source = open_listing(tmp_path / "labels.parquet").source
    assert len(source) == n
    assert isinstance(source, PathSource)
    assert source._rows[-1] == CsvRow(n, "1.png", "a" * MAX_CELL, "")


def test_what_is_no_source_is_refused(place: MilvusPlace, tmp_path: Path, embedder: fakes.FakeEmbedder) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    (tmp_path / "text.pdf").write_bytes(b"x")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 is not enough")
    (tmp_path / "empty").mkdir()
    parquet.write_table(pa.table({"price": [1]}), tmp_path / "priced.parquet")
    parquet.write_table(pa.table({"path": [["a"]]}), tmp_path / "nested.parquet")
    for name, said in (
        ("text.pdf", "neither a folder"),
        ("broken.parquet", "no Parquet file"),
        ("nested.parquet", "no Parquet file"),
        ("priced.parquet", "no column of paths"),
    ):
        with pytest.raises(UploadError, match=said):
            build_large(tmp_path / name, "refused", place, embedder, None)
    with pytest.raises(DataError, match="no picture"):
        build_large(tmp_path / "empty", "refused", place, embedder, None)
    with pytest.raises(DataError, match="cannot be read"):
        build_large(tmp_path / "gone.zip", "refused", place, embedder, None)
    with pytest.raises(DataError, match="is no name"):
        build_large(tmp_path / "empty", "A B", place, embedder, None)
