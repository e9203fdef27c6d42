"""The compare gallery: which items it has, building it in parts, and searching it as any gallery."""

from __future__ import annotations

import dataclasses
import io
import json
import pickle

import fakes
import numpy as np
import pytest
from hub_models import use
from starlette.testclient import TestClient

from core import api
from core.__main__ import main
from core.compare import build as job
from core.compare import gallery as compare
from core.compare import plan
from core.compare.build import build_gallery, estimate
from core.compare.gallery import (
    can_search,
    choose_items,
    compare_engine,
    describe_gallery,
    gallery_for,
    has_gallery,
    searchable,
)
from core.engine.backbones import BACKBONES, hub
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import ItemTable, UnknownItemError
from core.engine.files import manifest
from core.engine.files.folder import sealed, write_folder
from core.engine.files.paths import items_file
from core.engine.index.hnsw import ExactIndex
from core.engine.index.quantise import principal_directions, quantise
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Filters, Query
from core.errors import ArtifactError, DataError, UnknownNameError, VitrineError

N_CHOSEN = 25  # of Fashion-MNIST's 30 training items
#: The last three labels of the tiny catalogue name no garment.
CLOTHING = [i for i in range(fakes.N_CLOTHING) if i % 20 < 17]


@pytest.fixture
def world(tiny_artifacts, tmp_path, monkeypatch):
    """The tiny artifacts, the clothing photos that belong to them, and a second fake backbone called "other"."""
    folder = tmp_path / "data" / "clothing-dataset"
    (folder / "images").mkdir(parents=True)
    rows = ["image,sender_id,label,kids"]
    for i, rgb in enumerate(fakes.colours_of("clothing")):
        name = f"00000000-0000-0000-0000-{i:012x}"
        content = io.BytesIO()
        fakes.solid(tuple(map(int, rgb))).save(content, "JPEG", quality=100, subsampling=0)
        (folder / "images" / f"{name}.jpg").write_bytes(content.getvalue())
        rows.append(f"{name},1,Dress,False")
    (folder / "images.csv").write_text("\n".join(rows))
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    few = dataclasses.replace(CATALOGUES["fashion-mnist"], n_compared=N_CHOSEN)
    monkeypatch.setitem(CATALOGUES, "fashion-mnist", few)
    monkeypatch.setattr(plan, "PART", 8)
    monkeypatch.setattr("core.engine.progress.REPORT_S", 0)
    monkeypatch.setitem(BACKBONES, "other", fakes.fake_record("other"))
    return tmp_path


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def table(catalogue: str) -> ItemTable:
    return ItemTable.load(items_file(catalogue))


# --- which items


def test_photos_without_a_garment_and_test_pictures_stay_outside(world):
    assert choose_items("clothing", table("clothing")).tolist() == CLOTHING
    chosen = choose_items("fashion-mnist", table("fashion-mnist"))
    assert len(set(chosen.tolist())) == N_CHOSEN
    assert sorted(chosen.tolist()) == chosen.tolist()
    assert all(i % 4 != 3 for i in chosen.tolist())
    assert chosen.tolist() == choose_items("fashion-mnist", table("fashion-mnist")).tolist()


def test_the_choice_is_stored_once(world, monkeypatch):
    list(build_gallery("other"))
    before = compare.stored_positions("fashion-mnist").tolist()
    assert before == choose_items("fashion-mnist", table("fashion-mnist")).tolist()
    monkeypatch.setattr(compare, "SEED", 1)
    monkeypatch.setitem(BACKBONES, "third", fakes.fake_record("third"))
    list(build_gallery("third"))
    assert compare.stored_positions("fashion-mnist").tolist() == before


# --- building


def test_a_build_tells_how_far_it_is_and_leaves_a_gallery(world):
    assert not has_gallery("other")
    reports = list(build_gallery("other"))
    n = N_CHOSEN + len(CLOTHING)
    assert [p.n_done for p in reports[:-1]] == [*range(8, n, 8), n]
    assert {p.n_total for p in reports} == {n}
    assert (reports[-1].n_done, reports[-1].finished, reports[-2].finished) == (n, True, False)
    assert has_gallery("other")
    assert not [name for name, problem in manifest.verify_all() if problem]
    assert not list((world / "data" / "compare").iterdir())
    facts = describe_gallery("other")
    assert (facts["backbone"], facts["dim"], facts["stored_dim"]) == ("other", 4, 4)
    assert all(0 <= facts["p_at_5"][c]["full"] <= 1 for c in CATALOGUES)


def test_a_stopped_build_goes_on_where_it_was(world, monkeypatch):
    embedded = []
    original = fakes.FakeEmbedder._embed_pixels
    monkeypatch.setattr(
        fakes.FakeEmbedder, "_embed_pixels", lambda self, p: embedded.append(len(p)) or original(self, p)
    )
    build = build_gallery("other")
    assert next(build).n_done == 8
    assert next(build).n_done == 16
    build.close()
    assert not has_gallery("other")
    with pytest.raises(ArtifactError, match=r"has not been built\. To repair it, run: python -m core build --backb"):
        gallery_for("other", "clothing")
    taken = estimate("other")
    assert (taken.n_images, taken.n_done) == (N_CHOSEN + len(CLOTHING), 16)
    assert taken.seconds == pytest.approx((taken.n_images - 16) / taken.images_per_s)
    del embedded[:]
    reports = list(build_gallery("other"))
    assert reports[0].n_done == 24
    assert sum(embedded) == taken.n_images - 16
    whole = gallery_for("other", "clothing").exact.embeddings
    monkeypatch.setitem(BACKBONES, "whole", fakes.fake_record("whole"))
    list(build_gallery("whole"))
    assert np.array_equal(whole, gallery_for("whole", "clothing").exact.embeddings)


def test_nobody_builds_twice_at_a_time(world):
    first = build_gallery("other")
    next(first)
    with pytest.raises(VitrineError, match=r"^The gallery of Fake is being built already\.$"):
        next(build_gallery("other"))
    first.close()
    assert list(build_gallery("other"))[-1].finished


def test_what_cannot_be_built_is_one_sentence(world, monkeypatch):
    with pytest.raises(VitrineError, match="needs no gallery of its own"):
        next(build_gallery("vitrine-clip"))
    with pytest.raises(UnknownNameError):
        next(build_gallery("nothing"))
    monkeypatch.setenv("VITRINE_DATA_DIR", str(world / "empty"))
    with pytest.raises(DataError, match="The clothing dataset is not here"):
        next(build_gallery("other"))
    with pytest.raises(DataError, match="The clothing dataset is not here"):
        estimate("other")


def test_a_backbone_with_weights_from_a_hub_is_kept_outside_the_artifacts(world, monkeypatch):
    from core.engine.backbones import HubFile

    monkeypatch.setattr(job, "fetch", lambda file: None)
    for module in (job, hub):
        monkeypatch.setattr(module, "pin_of", lambda file: {"sha256": "1" * 64})
    id = "timm:a/b"
    monkeypatch.setitem(BACKBONES, id, fakes.fake_record(id, weights=HubFile("a/b", ("c",))))
    list(build_gallery(id))
    folder = world / "data" / "compare" / "timm%3Aa%2Fb"
    assert sorted(path.name for path in folder.iterdir()) == ["clothing.npy", "fashion-mnist.npy", "gallery.json"]
    assert describe_gallery(id)["weights"] == {"sha256": "1" * 64}
    assert not [name for name in manifest.load_manifest()["files"] if "timm" in name]
    assert compare_engine(id).search(Query(item="clothing/00000000-0000-0000-0000-000000000000", k=1)).hits


@pytest.mark.parametrize("name", ["timm:test_resnet.r160_in1k", "open_clip:tiny/random"])
def test_a_model_by_name_goes_from_the_hub_to_hits_that_stay_without_a_network(world, tiny_models, monkeypatch, name):
    assert list(build_gallery(name))[-1].finished
    assert describe_gallery(name)["weights"]["revision"] == "a" * 40
    use(monkeypatch, "http://127.0.0.1:9")
    assert can_search(name) and searchable()[-1] == name
    engine = compare_engine(name)
    rgb = tuple(map(int, fakes.colours_of("clothing")[2]))
    (hit,) = engine.search(Query(photo=png(rgb), k=1, filters=Filters(("clothing",)))).hits
    assert hit.similarity > 0.99
    assert (
        hit.id
        == engine.search(Query(embedding=engine.embedding_of(hit.id), k=1, filters=Filters(("clothing",)))).hits[0].id
    )


def test_the_api_searches_with_whatever_the_command_line_does(world, tiny_models, monkeypatch, capsys):
    name, rgb = "timm:test_resnet.r160_in1k", tuple(map(int, fakes.colours_of("clothing")[2]))
    with TestClient(api.application()) as client:
        asked = {"data": {"backbone": name, "k": 3, "catalogue": "clothing"}, "files": {"image": ("a.png", png(rgb))}}
        refusal = client.post("/api/search", **asked)
        assert refusal.status_code == 422 and refusal.json()["detail"].startswith(
            "backbone must be one of vitrine-clip"
        )
        list(build_gallery(name))
        found = client.post("/api/search", **asked).json()
        photo = world / "a.png"
        photo.write_bytes(png(rgb))
        assert main(["search", str(photo), "--backbone", name, "--k", "3", "--catalogue", "clothing", "--json"]) == 0
        same = json.loads(capsys.readouterr().out)
        assert [hit["id"] for hit in found["hits"]] == [hit["id"] for hit in same["hits"]]
        listed = {one["id"]: one["searchable"] for one in client.get("/api/backbones").json()["backbones"]}
        assert listed[name] is True
    monkeypatch.setattr(compare, "find_spec", lambda library: None)  # as where this is only served
    assert not can_search(name)


# --- searching


def test_a_compare_gallery_finds_what_a_full_one_finds_among_its_items(world):
    list(build_gallery("other"))
    full, ours = SearchEngine(), compare_engine("other")
    allowed = {f"{c}": set(compare.stored_positions(c).tolist()) for c in CATALOGUES}
    for catalogue, item in (("clothing", 5), ("fashion-mnist", int(compare.stored_positions("fashion-mnist")[7]))):
        item_id = table(catalogue).row(item).id
        expected = [h for h in full.search(Query(item=item_id, k=100)).hits if h.position in allowed[h.catalogue]]
        found = ours.search(Query(item=item_id, k=100)).hits
        assert len(found) == len(CLOTHING) + N_CHOSEN - 1
        assert found[0].id == expected[0].id
        theirs = {h.id: h for h in expected}
        assert {h.id for h in found} == set(theirs)
        for hit in found:
            assert hit.similarity == pytest.approx(theirs[hit.id].similarity, abs=0.02)
            assert (hit.position, hit.title) == (theirs[hit.id].position, theirs[hit.id].title)
            assert 0 <= hit.same_kind <= 1
            assert 0 <= hit.closer_than <= 1


def test_filters_work_on_a_part(world):
    list(build_gallery("other"))
    engine = compare_engine("other")
    query = engine.embedding_of("clothing/00000000-0000-0000-0000-000000000000")
    label = table("clothing").row(3).label
    found = engine.search(
        Query(embedding=query, k=10, filters=Filters(("clothing",), frozenset({("clothing", label)})))
    ).hits
    assert sorted(hit.position for hit in found) == [3, 23]
    assert {
        hit.catalogue for hit in engine.search(Query(embedding=query, k=50, filters=Filters(("fashion-mnist",)))).hits
    } == {"fashion-mnist"}


def test_an_item_outside_the_part_is_embedded_from_its_picture(world):
    list(build_gallery("other"))
    outside, engine = table("clothing").row(17), compare_engine("other")
    assert outside.label in CATALOGUES["clothing"].no_garment
    with pytest.raises(UnknownItemError, match=outside.id):
        engine.embedding_of(outside.id)
    picture = fakes.solid(tuple(map(int, fakes.colours_of("clothing")[17])))
    expected = engine.search(Query(embedding=engine.embedder.embed_images([picture])[0], k=3)).hits
    assert [hit.id for hit in engine.search(Query(item=outside.id, k=3)).hits] == [hit.id for hit in expected]
    with pytest.raises(UnknownItemError, match="clothing/none"):
        engine.search(Query(item="clothing/none"))


def test_the_default_backbone_costs_no_file_of_its_own(world):
    list(build_gallery("other"))  # which stores the choice of items
    gallery = gallery_for("vitrine-clip", "clothing")
    assert gallery.exact.n_items == len(CLOTHING)
    found, _ = gallery.index.search(gallery.exact.embedding(4)[None], 1)
    assert found.tolist() == [[4]]
    assert compare_engine("vitrine-clip").search(Query(photo=png((200, 10, 10)), k=3)).hits[0].catalogue == "clothing"


def png(rgb) -> bytes:
    content = io.BytesIO()
    fakes.solid(rgb).save(content, "PNG")
    return content.getvalue()


# --- damage


def test_a_damaged_gallery_is_refused(world):
    list(build_gallery("other"))
    folder = compare.shipped_folder("other")
    array, description = folder / "clothing.npy", folder / "gallery.json"
    whole, unsealed = array.read_bytes(), {**compare.describe_gallery("other")}
    array.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ArtifactError, match=r"clothing\.npy is damaged: its sha256 is not the one stated"):
        gallery_for("other", "clothing")
    array.write_bytes(whole)
    description.write_text(description.read_text().replace('"dim": 4', '"dim": 5'))
    manifest.register([description])
    with pytest.raises(ArtifactError, match=r"gallery\.json is damaged: its sha256 is not the one stated"):
        gallery_for("other", "clothing")
    for change, problem in (
        ({"schema": 2}, "has schema 2, this version reads 1"),
        ({"backbone": "efficientnet-lite0"}, "is of another backbone"),
        ({"items": "0"}, "does not fit the item table"),
        ({"hashes": dict.fromkeys(CATALOGUES, "0")}, "does not fit the item table"),
        ({"dim": 5}, "does not have the dimensions"),
    ):
        description.write_text(json.dumps(sealed(unsealed | change)))
        manifest.register([description])
        with pytest.raises(ArtifactError, match=problem):
            gallery_for("other", "clothing")
    description.write_text("{")
    with pytest.raises(ArtifactError, match=r"gallery\.json is damaged"):
        gallery_for("other", "clothing")


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("clothing.npy", pickle.dumps([1]), r"other/clothing\.npy cannot be read"),
        ("clothing.npy", npy(np.zeros((27, 4), np.int8)), r"other/clothing\.npy is damaged: a row of it"),
        ("gallery.json", {"calibration": {}}, r"other/gallery\.json is damaged: its entries are not"),
        ("gallery.json", {"hashes": 7}, r"other/gallery\.json is damaged: its entries are not"),
    ],
)
def test_what_is_no_gallery_is_refused_whoever_signed_it(world, file, content, problem):
    list(build_gallery("other"))
    folder, facts = compare.shipped_folder("other"), compare.describe_gallery("other")
    contents = {path.name: path.read_bytes() for path in folder.glob("*.npy")}
    if isinstance(content, dict):
        manifest.register(write_folder(folder, "gallery.json", facts | content, contents))
    else:
        manifest.register(write_folder(folder, "gallery.json", facts, contents | {file: content}))
    with pytest.raises(ArtifactError, match=problem):
        gallery_for("other", "clothing")


# --- fewer dimensions, fewer bits


def test_a_part_speaks_in_positions_of_the_whole():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 24)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    positions = np.sort(rng.choice(1000, 60, replace=False))
    index, exact = ExactIndex(rows, positions), ExactIndex(rows)
    found, similarities = index.search(rows[:7], 9)
    expected, same = exact.search(rows[:7], 9)
    assert np.array_equal(found, positions[expected])
    np.testing.assert_allclose(similarities, same)
    allowed = np.concatenate([positions[10:20], [1001]])
    found, _ = index.search_among(rows[:2], 20, allowed)
    assert sorted(found[0].tolist()) == positions[10:20].tolist()
    np.testing.assert_allclose(index.embedding(int(positions[3])), rows[3], atol=1e-6)
    with pytest.raises(KeyError):
        index.embedding(1001)
    assert (index.n_items, index.dim) == (60, 24)


def test_what_lies_in_few_dimensions_loses_nothing_but_rounding():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 40))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    components = principal_directions(rows, 6)
    np.testing.assert_allclose(components.T @ components, np.eye(6), atol=1e-5)
    stored = quantise(rows, components)
    assert (stored.dtype, stored.shape) == (np.int8, (200, 6))
    index = ExactIndex(stored, np.arange(200), components)
    found, similarities = index.search(rows, 200)
    order = np.argsort(found, axis=1)
    np.testing.assert_allclose(np.take_along_axis(similarities, order, 1), rows @ rows.T, atol=0.02)
    assert index.dim == 40
    np.testing.assert_allclose(index.embedding(11), rows[11], atol=0.02)
    for wrong in (rows[:, :6], rows[0]):
        with pytest.raises(ValueError, match=r"queries must be \(q, 40\)"):
            index.search(wrong, 3)
