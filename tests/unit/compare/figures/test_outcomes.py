"""Outcomes of single queries: what is read is what was written, and differences are those of the exact values."""

from __future__ import annotations

import numpy as np
import pytest

from core.compare.figures.outcomes import (
    differences,
    load_outcomes,
    load_senders,
    outcomes_file,
    save_outcomes,
    save_senders,
)
from core.engine.files import manifest as artifacts
from core.engine.metrics import holm, paired_difference
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


def test_every_two_are_tested_and_corrected_for_their_number(tiny_artifacts):
    values = {id: outcomes_of(seed) for seed, id in enumerate("abc")}
    for id, outcomes in values.items():
        save(id, outcomes)
    key = ("clothing", "P@5")
    found = differences("abcd", *key)
    assert list(found) == [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    alone = {
        pair: paired_difference(*(values[id][key] for id in pair)) for pair in (("a", "b"), ("a", "c"), ("b", "c"))
    }
    for pair, p in zip(alone, holm([one.p for one in alone.values()]), strict=True):
        assert (found[pair].value, found[pair].low, found[pair].high, found[pair].p) == (
            *(alone[pair].value, alone[pair].low, alone[pair].high),
            p,
        )
    assert {pair for pair, one in found.items() if one is None} == {("a", "d"), ("b", "d"), ("c", "d")}


def test_a_difference_cannot_be_said_of_other_queries(tiny_artifacts):
    save("a", outcomes_of(0))
    save("b", {("clothing", "P@5"): np.ones(3)})
    assert differences("ab", "clothing", "P@5") == {("a", "b"): None}
    assert differences("ab", "clothing", "knn_accuracy") == {("a", "b"): None}


def test_queries_of_one_sender_are_drawn_together(tiny_artifacts):
    values, key = {id: outcomes_of(seed) for seed, id in enumerate("ab")}, ("clothing", "R@1")
    for id, outcomes in values.items():
        save(id, outcomes)
    names = np.array(["x", "y", "z", "w"]).repeat(250)
    artifacts.register([save_senders({key: names, ("looks", "R@1"): names[:3]})])
    np.testing.assert_array_equal(load_senders()[key], np.array([1, 2, 3, 0]).repeat(250))
    assert differences("ab", *key)["a", "b"] == paired_difference(values["a"][key], values["b"][key], names)


def test_nothing_is_known_of_what_was_not_evaluated(tiny_artifacts):
    assert load_outcomes("a") == {}


def test_a_file_that_is_not_the_manifests_is_refused(tiny_artifacts):
    save("a", outcomes_of(0))
    content = bytearray(outcomes_file("a").read_bytes())
    content[len(content) // 2] ^= 1
    outcomes_file("a").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"outcomes/a\.npz is damaged"):
        load_outcomes("a")
