"""Trying out `ef` finds what an index with that `ef` finds, and leaves the served index as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fakes
import numpy as np
import pytest

from core.compare.index_lab import EfLab
from core.engine.catalogues import CATALOGUES
from core.engine.search.engine import SearchEngine
from core.errors import ArtifactError


@pytest.fixture
def lab(engine: SearchEngine) -> EfLab:
    return EfLab(engine)


def query() -> np.ndarray:
    return fakes.FakeEmbedder(fakes.fake_record()).embed_images([fakes.solid((200, 90, 70))])[0]


def test_exact_search_is_the_plain_comparison(lab: EfLab, engine: SearchEngine) -> None:
    found = lab.exact(query(), 7)
    scored = []
    for catalogue in CATALOGUES:
        rows = engine.gallery(catalogue).exact.embeddings.astype(np.float32)
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        scored += [(-float(s), catalogue, p) for p, s in enumerate(unit @ query())]
    assert found.places == [(catalogue, p) for _, catalogue, p in sorted(scored)[:7]]
    assert found.similarities == sorted(found.similarities, reverse=True)
    assert found.ms > 0


def test_wide_enough_a_search_finds_all_and_an_item_can_be_left_out(lab: EfLab) -> None:
    exact = lab.exact(query(), 7)
    assert lab.search(query(), 7, 500).places == exact.places
    without = exact.places[0]
    assert lab.search(query(), 6, 500, [without]).places == exact.places[1:]
    assert lab.exact(query(), 6, [without]).places == exact.places[1:]


def test_the_index_that_serves_keeps_its_ef(lab: EfLab, engine: SearchEngine) -> None:
    served = [engine.gallery(catalogue).index for catalogue in CATALOGUES]
    before = [index._graph.ef for index in served]
    lab.search(query(), 5, 9)
    assert [index._graph.ef for index in served] == before
    assert lab.served_ef == fakes.PARAMETERS.ef


def test_visitors_who_turn_it_at_the_same_time_do_not_meet(lab: EfLab) -> None:
    alone = {ef: lab.search(query(), 10, ef).places for ef in (10, 60)}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda ef: (ef, lab.search(query(), 10, ef).places), [10, 60] * 20))
    assert all(places == alone[ef] for ef, places in found)


def test_a_damaged_index_is_said(tiny_artifacts: Path) -> None:
    engine = SearchEngine()
    for catalogue in CATALOGUES:
        engine.gallery(catalogue)
    file = tiny_artifacts / "indexes" / "vitrine-clip" / "clothing.hnsw"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ArtifactError, match=r"clothing\.hnsw is damaged"):
        EfLab(engine)
