"""The engines of one process: the default stays, of the others the last used are kept."""

from __future__ import annotations

import pytest

from core.engine.search import process


@pytest.fixture(autouse=True)
def _forgotten():
    process._engine.cache_clear()
    yield
    process._engine.cache_clear()


def test_an_engine_is_made_once_and_the_one_not_used_for_longest_goes(artifacts_folder):
    default, *others = [process.engine(), *(process.engine(f"other-{number}") for number in range(process.MAX_KEPT))]
    assert len({id(engine) for engine in (default, *others)}) == 1 + process.MAX_KEPT
    assert process.engine("other-0") is others[0]
    process.engine("one-more")
    assert process.engine("other-0") is others[0]
    assert process.engine("other-1") is not others[1]
    assert process.engine() is default
    assert [engine.backbone_id for engine in others] == ["other-0", "other-1"]


def test_other_artifacts_have_other_engines(artifacts_folder, monkeypatch, tmp_path):
    here = process.engine(), process.engine("other")
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(tmp_path / "elsewhere"))
    there = process.engine(), process.engine("other")
    assert not {id(engine) for engine in here} & {id(engine) for engine in there}
