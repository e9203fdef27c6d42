"""Backbones asked side by side: their answers are those of plain loops, and none waits for another."""

from __future__ import annotations

import dataclasses
import gc
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import compared
import numpy as np
import pytest

from core.__main__ import main
from core.compare import build, gallery
from core.compare.agreement import disputes
from core.compare.build import build_behind
from core.compare.gallery import choose_items
from core.compare.side_by_side import SideBySide, ask
from core.config import DEFAULT_BACKBONE, ROOT
from core.engine import backbones
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.load import LOADERS, load_embedder
from core.engine.files.paths import items_file
from core.engine.progress import Progress
from core.engine.search.query import Query
from core.errors import VitrineError

IDS = (DEFAULT_BACKBONE, "reddish", "dark")
PHOTO = ROOT / "samples" / "dress.jpg"


@pytest.fixture(autouse=True)
def _fakes(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared.register(monkeypatch)
    compared.write_galleries()
    gallery._compare_engine.cache_clear()


def gallery_items() -> list[tuple[str, int, str]]:
    """(catalogue, position, item id) of the compare gallery."""
    rows = []
    for catalogue in CATALOGUES:
        items = ItemTable.load(items_file(catalogue))
        rows += [(catalogue, int(p), items.row(int(p)).id) for p in choose_items(catalogue, items)]
    return rows


def slow_hits(id: str, embedding: np.ndarray, k: int, without: str = "") -> list[str]:
    known = {catalogue: compared.embeddings_of(id, catalogue) for catalogue in CATALOGUES}
    scored = [
        (-float(known[catalogue][position] @ embedding), catalogue, position, item)
        for catalogue, position, item in gallery_items()
        if item != without
    ]
    return [entry[3] for entry in sorted(scored)[:k]]


@pytest.mark.parametrize("id", IDS)
def test_a_photo_is_answered_from_the_shared_gallery(id: str) -> None:
    from core.engine.images.decode import open_image

    answer = ask(id, Query(photo=PHOTO, name="dress", k=5))
    record = backbones.get(id)
    embedding = load_embedder(record).embed_images([open_image(PHOTO)])[0]
    assert [hit.id for hit in answer.hits] == slow_hits(id, embedding, 5)
    assert [hit.rank for hit in answer.hits] == [1, 2, 3, 4, 5]
    assert (answer.problem, answer.estimate, answer.n_items) == (None, None, len(gallery_items()))
    assert answer.embed_ms is not None
    assert answer.embed_ms > 0


def test_an_item_is_asked_with_what_is_stored_and_never_finds_itself() -> None:
    catalogue, position, item = gallery_items()[3]
    for id in IDS:
        answer = ask(id, Query(item=item, k=4))
        expected = slow_hits(id, compared.embeddings_of(id, catalogue)[position], 4, without=item)
        assert [hit.id for hit in answer.hits] == expected
        assert answer.embed_ms is None


def test_an_item_outside_the_gallery_is_embedded_from_its_picture() -> None:
    item = "fashion-mnist/test/00003"
    assert item not in [id for _, _, id in gallery_items()]
    answer = ask("reddish", Query(item=item, k=3))
    expected = slow_hits("reddish", compared.embeddings_of("reddish", "fashion-mnist")[3], 3)
    assert [hit.id for hit in answer.hits] == expected
    assert answer.embed_ms is not None


@pytest.mark.parametrize(
    ("id", "question", "sentence"),
    [
        ("nothing", Query(photo=PHOTO), "no backbone named 'nothing'"),
        ("unloadable", Query(photo=PHOTO), "needs no-such-package. Run: pip install -r requirements-compare.txt"),
        ("dark", Query(photo=b"no picture", name="x.jpg"), "x.jpg: it is not a picture of an accepted type"),
        ("dark", Query(item="fashion-mnist/none"), "no item with the id 'fashion-mnist/none'"),
        ("dark", Query(item="elsewhere/1"), "no catalogue named 'elsewhere'"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(id: str, question: Query, sentence: str) -> None:
    answer = ask(id, question)
    assert sentence in str(answer.problem)
    assert answer.hits == []


def test_a_damaged_gallery_is_a_sentence_with_the_repair(tiny_artifacts: Path) -> None:
    file = tiny_artifacts / "compare" / "dark" / "clothing.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    problem = str(ask("dark", Query(photo=PHOTO, k=5)).problem)
    assert "is damaged" in problem
    assert "python -m core build --backbone dark" in problem
    assert ask("reddish", Query(photo=PHOTO, k=5)).hits


def test_a_slow_backbone_holds_no_other_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    class Slow(compared.WeighedEmbedder):
        def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
            gate.wait(20)
            return super()._embed_pixels(pixels)

    record = dataclasses.replace(backbones.get("dark"), loader="slow")
    monkeypatch.setitem(LOADERS, "slow", lambda r: Slow(r, (1, 1, 1, 9)))
    monkeypatch.setitem(backbones.BACKBONES, "dark", record)
    gallery._compare_engine.cache_clear()
    asked = SideBySide(IDS, Query(photo=PHOTO, name="dress", k=5))
    try:
        assert not asked.wait(0.01)
        for _ in range(100):
            if asked.answer(DEFAULT_BACKBONE) and asked.answer("reddish"):
                break
            asked.wait(0.1)
        assert asked.answer(DEFAULT_BACKBONE).hits
        assert asked.answer("reddish").hits
        assert asked.answer("dark") is None
        assert not asked.finished
    finally:
        gate.set()
    assert asked.wait(20)
    assert [asked.answer(id).backbone_id for id in IDS] == [*IDS]


def test_nobody_else_sees_what_a_visitor_asks() -> None:
    first = SideBySide(IDS, Query(item=gallery_items()[0][2], k=3))
    second = SideBySide(IDS, Query(item=gallery_items()[9][2], k=3))
    assert first.wait(20)
    assert second.wait(20)
    for asked, row in ((first, 0), (second, 9)):
        catalogue, position, item = gallery_items()[row]
        for id in IDS:
            expected = slow_hits(id, compared.embeddings_of(id, catalogue)[position], 3, without=item)
            assert [hit.id for hit in asked.answer(id).hits] == expected


def test_disputes_are_where_the_neighbours_differ() -> None:
    rows = gallery_items()
    found = disputes(["reddish", "dark"], 4, k=3)
    near = {}
    for id in ("reddish", "dark"):
        known = {catalogue: compared.embeddings_of(id, catalogue) for catalogue in CATALOGUES}
        unit = np.stack([known[catalogue][position] for catalogue, position, _ in rows]).astype(np.float16)
        unit = unit.astype(np.float32) / np.linalg.norm(unit.astype(np.float32), axis=1, keepdims=True)
        scores = unit @ unit.T
        np.fill_diagonal(scores, -2)
        near[id] = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    overlaps = [len(set(a) & set(b)) / 3 for a, b in zip(near["reddish"], near["dark"], strict=True)]
    assert [one.overlap for one in found] == pytest.approx(sorted(overlaps)[:4])
    for one in found:
        row = [(c, p) for c, p, _ in rows].index(one.item)
        for id in near:
            assert one.neighbours[id] == [rows[other][:2] for other in near[id][row]]


def test_a_gallery_is_built_behind_the_visitors_back_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    step, closed = threading.Semaphore(0), threading.Event()

    def slowly(backbone_id: str) -> Iterator[Progress]:
        try:
            for n in range(1, 4):
                step.acquire(timeout=20)
                yield Progress(n, 3, n, 0, 1.0, 3.0 - n, finished=n == 3)
        finally:
            closed.set()

    monkeypatch.setattr(build, "build_gallery", slowly)
    work = build_behind("unbuilt")
    assert work.progress is None
    step.release(3)
    assert closed.wait(20)
    assert work.progress.finished
    closed.clear()
    stopped = build_behind("unbuilt")
    step.release()
    while stopped.progress is None:
        threading.Event().wait(0.01)
    stopped.stop()
    step.release()
    assert closed.wait(20)
    assert stopped.progress.n_done == 2
    closed.clear()
    begun = build_behind("unbuilt")
    del begun  # whoever asked has left; what is built is everybody's
    gc.collect()
    assert not closed.wait(0.2)
    step.release(3)
    assert closed.wait(20)


def test_a_gallery_that_cannot_be_built_says_why() -> None:
    work = build_behind("nothing")
    for _ in range(200):
        if work.finished:
            break
        threading.Event().wait(0.05)
    assert "no backbone named 'nothing'" in str(work.problem)


def test_the_command_line_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(PHOTO), "--backbones", *IDS, "--k", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for answer in found["answers"]:
        expected = ask(answer["backbone"], Query(photo=PHOTO, name=PHOTO.name, k=3))
        assert [hit["id"] for hit in answer["hits"]] == [hit.id for hit in expected.hits]
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == [
        (IDS[0], IDS[1]), (IDS[0], IDS[2]), (IDS[1], IDS[2]),
    ]  # fmt: skip
    assert main(["compare", "--backbones", "reddish", "dark", "--seed", "2"]) == 0
    assert "overlap" in capsys.readouterr().out
    assert main(["compare", str(PHOTO), "--backbones", "dark", "unloadable"]) == 1
    assert "needs no-such-package" in capsys.readouterr().err


def test_no_disputes_with_a_backbone_that_has_no_gallery() -> None:
    with pytest.raises(VitrineError, match="python -m core build --backbone unbuilt"):
        disputes(["dark", "unbuilt"], 1)
