"""Reading kind, colour and pattern from an embedding."""

from __future__ import annotations

from pathlib import Path

import fakes
import numpy as np
import pytest

from core.config import DEFAULT_BACKBONE
from core.engine.files.paths import looks_file
from core.engine.looks.reading import Head, Looks, load_looks
from core.errors import ArtifactError, OtherWeightsError

HEAD = Head(("boot", "cap"), np.array([[2, 0, 0], [0, 2, 0]], np.float32), np.array([0, 1], np.float32), 2.0, 0.9)


def test_probabilities_by_hand() -> None:
    read = HEAD.read(np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]], np.float32))
    e = np.exp
    expected = [[e(1), e(0.5)], [1, e(0.5)], [1, e(1.5)]]
    np.testing.assert_allclose(read, [np.array(row) / sum(row) for row in expected], atol=1e-6)
    assert (read.shape, read.dtype) == ((3, 2), np.float32)


def test_scores_of_any_size_give_probabilities() -> None:
    np.testing.assert_allclose(HEAD.read(np.array([[900, 0, 0], [0, 900, 0]], np.float32)), np.eye(2), atol=1e-6)


def test_every_attribute_is_read() -> None:
    read = fakes.looks().read(np.array([[1, 0, 0, 0], [0, 0, 1, 0]], np.float32))
    np.testing.assert_allclose(read["kind"], [[0.25, 0.75]] * 2, atol=1e-6)
    np.testing.assert_allclose(read["pattern"], [[0.8, 0.2]] * 2, atol=1e-6)
    sure, other = np.exp(8) / (np.exp(8) + 2), 1 / (np.exp(8) + 2)
    np.testing.assert_allclose(read["colour"], [[other, other, sure], [sure, other, other]], atol=1e-6)


def test_what_is_written_is_read_again() -> None:
    again = Looks.from_json(fakes.looks().to_json())
    for name, head in fakes.looks().heads.items():
        assert (again.heads[name].classes, again.heads[name].sure) == (head.classes, head.sure)
        np.testing.assert_allclose(again.heads[name].weights, head.weights, atol=1e-4)
        np.testing.assert_allclose(again.heads[name].bias, head.bias, atol=1e-4)


@pytest.mark.parametrize("wrong", [{"classes": ["boot"]}, {"bias": [1.0]}, {"weights": [1.0, 2.0]}])
def test_heads_that_do_not_fit_are_refused(wrong: dict[str, list[object]]) -> None:
    with pytest.raises(ValueError, match="another shape"):
        Head.from_json(HEAD.to_json() | wrong)


def test_a_backbone_without_the_file_reads_nothing(tiny_artifacts: Path) -> None:
    assert load_looks(DEFAULT_BACKBONE) is None
    fakes.add_looks()
    loaded = load_looks(DEFAULT_BACKBONE)
    assert loaded is not None
    assert list(loaded.heads) == ["kind", "colour", "pattern"]
    assert load_looks("hog") is None


def test_a_damaged_file_is_refused(tiny_artifacts: Path) -> None:
    fakes.add_looks()
    path = looks_file(DEFAULT_BACKBONE)
    path.write_bytes(path.read_bytes().replace(b"boot", b"coat"))
    with pytest.raises(ArtifactError, match=r"looks\.json is damaged"):
        load_looks(DEFAULT_BACKBONE)


def test_a_file_of_another_version_is_refused(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.engine.looks.reading.SCHEMA", 0)
    fakes.add_looks()
    monkeypatch.undo()
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(tiny_artifacts))
    with pytest.raises(ArtifactError, match=r"looks\.json is of another version.* build --calibration"):
        load_looks(DEFAULT_BACKBONE)


def test_what_was_fitted_for_other_weights_is_refused(tiny_artifacts: Path) -> None:
    fakes.add_looks(weights="another")
    with pytest.raises(OtherWeightsError, match=r"What reads kind, colour and pattern .* build --calibration"):
        load_looks(DEFAULT_BACKBONE)
