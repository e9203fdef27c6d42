"""Outcomes of single queries: what is read is what was written, and differences are those of the exact values."""

from __future__ import annotations

import numpy as np
import pytest

from core.compare.figures.outcomes import difference, load_outcomes, outcomes_file, save_outcomes
from core.engine.files import manifest as artifacts
from core.engine.metrics import paired_difference
from core.errors import ArtifactError


def outcomes_of(seed: int, n: int = 1000) -> dict[tuple[str, str], np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        ("clothing", "R@1"): rng.random(n) < 0.8,
        ("clothing", "P@5"): rng.integers(0, 6, n) / 5,
        ("clothing", "mAP@100"): rng.random(n),
        ("fashion-mnist", "R@1"): rng.random(2 * n) < 0.9,
    }


def save(backbone_id: str, outcomes: dict[tuple[str, str], np.ndarray]) -> None:
    artifacts.register([save_outcomes(backbone_id, outcomes)])


def test_what_is_read_is_what_was_written(tiny_artifacts):
    written = outcomes_of(0)
    save("a", written)
    read = load_outcomes("a")
    assert list(read) == list(written)
    for (protocol, metric), values in written.items():
        found = read[protocol, metric]
        if metric == "mAP@100":
            np.testing.assert_allclose(found, values, atol=1 / 510)
            assert found.mean() == pytest.approx(values.mean(), abs=1e-4)
        else:
            np.testing.assert_array_equal(found, values)
    assert outcomes_file("a").stat().st_size < 3000


def test_a_difference_is_that_of_the_values(tiny_artifacts):
    first, second = outcomes_of(0), outcomes_of(1)
    save("a", first)
    save("b", second)
    a, b = load_outcomes("a"), load_outcomes("b")
    key = ("clothing", "P@5")
    assert difference(a, b, *key) == paired_difference(first[key], second[key])
    assert difference(a, b, "clothing", "knn_accuracy") is None
    assert difference(a, {}, *key) is None
    assert difference(a, {key: np.ones(3)}, *key) is None


def test_nothing_is_known_of_what_was_not_evaluated(tiny_artifacts):
    assert load_outcomes("a") == {}


def test_a_file_that_is_not_the_manifests_is_refused(tiny_artifacts):
    save("a", outcomes_of(0))
    content = bytearray(outcomes_file("a").read_bytes())
    content[len(content) // 2] ^= 1
    outcomes_file("a").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"outcomes/a\.npz is damaged"):
        load_outcomes("a")
