"""Agreement between backbones, by hand and against plain loops."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from core.compare.agreement import Pair, alike, disagreements, furthest, kinds_of, pairs, shared
from core.engine.catalogues.items import Item
from core.engine.index.hnsw import ExactIndex


def test_what_two_lists_share_by_hand():
    assert shared(["a", "b", "c"], ["c", "x", "a"]) == pytest.approx(2 / 3)
    assert shared(["a", "b"], ["b", "a"]) == 1
    assert shared(["a"], ["b"]) == 0
    assert shared(["a", "b"], ["a", "b", "c", "d"]) == 0.5
    assert shared(["a"], []) == 0
    assert shared([], []) == 1


def kinds(*names: str) -> list[frozenset[str]]:
    """Each of one kind, or of several as "coat or jacket"."""
    return [frozenset(name.split(" or ")) for name in names]


def test_repeated_kinds_count_as_often_as_both_have_them():
    assert shared(["dress", "dress", "hat"], ["dress", "shirt", "shirt"]) == pytest.approx(1 / 3)
    assert alike(kinds("dress", "dress", "hat"), kinds("dress", "shirt", "shirt")) == pytest.approx(1 / 3)
    assert alike(kinds("dress", "dress", "hat"), kinds("dress", "hat", "dress")) == 1
    assert alike([], []) == 1
    assert alike(kinds("hat"), []) == 0


def test_a_label_that_leaves_kinds_open_is_like_each_of_them_once():
    assert alike(kinds("coat", "hat"), kinds("coat or jacket", "dress")) == 0.5
    assert alike(kinds("coat", "coat"), kinds("coat or jacket", "dress")) == 0.5
    # The coat must leave "coat or jacket" to the jacket, which has no other.
    assert alike(kinds("coat", "jacket"), kinds("coat or jacket", "coat")) == 1
    assert alike(kinds("jacket", "coat"), kinds("coat", "coat or jacket")) == 1


def test_an_item_is_of_the_kinds_that_its_label_leaves_open_or_of_its_title(tiny_artifacts):
    assert {"coat", "jacket"} <= kinds_of(Item("fashion-mnist/train/00000", "fashion-mnist", "Coat", "Coat"))
    assert kinds_of(Item("clothing/none", "clothing", "Outwear", "Coat or jacket")) == {"Coat or jacket"}


HITS = {
    name: list(zip(ids, kinds(*labels), strict=True))
    for name, (ids, labels) in {
        "a": ("123", ("dress", "dress", "hat")),
        "b": ("298", ("dress", "dress", "dress")),
        "c": ("736", ("shoe", "hat", "bag")),
    }.items()
}


def test_every_two_are_compared_in_order():
    assert pairs(HITS, 3) == [Pair("a", "b", 1 / 3, 2 / 3), Pair("a", "c", 1 / 3, 1 / 3), Pair("b", "c", 0, 0)]
    assert pairs(HITS, 1) == [Pair("a", "b", 0, 1), Pair("a", "c", 0, 0), Pair("b", "c", 0, 0)]
    assert pairs({"a": HITS["a"]}, 3) == []


def test_the_furthest_apart_differ_in_items_first_then_in_kinds():
    assert furthest(pairs(HITS, 3)) == Pair("b", "c", 0, 0)
    assert furthest(pairs(HITS, 1)) == Pair("a", "c", 0, 0)


def test_the_same_items_are_of_the_same_kinds():
    rng = np.random.default_rng(5)
    labels = kinds(*rng.integers(0, 3, 30).astype(str))
    for _ in range(50):
        hits = {name: [(str(i), labels[i]) for i in rng.choice(30, 5, replace=False)] for name in "abc"}
        assert all(pair.kinds >= pair.overlap for pair in pairs(hits, 5))


def embeddings_of(seed: int, n: int = 60, dim: int = 6) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    rows[7] = rows[3]  # an item need not be its own nearest
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def slow(rows: dict[str, np.ndarray], labels: list[str], k: int) -> list[tuple[int, float, float, float]]:
    """Every item of the gallery: compare with every other, sort, count."""
    found = []
    for position in range(len(labels)):
        order: dict[str, list[int]] = {}
        for name, matrix in rows.items():
            unit = matrix.astype(np.float32) / np.linalg.norm(matrix.astype(np.float32), axis=1, keepdims=True)
            similarities = (unit @ unit[position]).tolist()
            order[name] = sorted(range(len(labels)), key=lambda i, s=similarities: (-s[i], i))
        near = {name: [i for i in places if i != position][:k] for name, places in order.items()}
        overlaps, same_kinds, apart = [], [], []
        for a, b in combinations(near.values(), 2):
            overlaps.append(len(set(a) & set(b)) / k)
            left = [labels[i] for i in b]
            same = 0
            for label in (labels[i] for i in a):
                if label in left:
                    left.remove(label)
                    same += 1
            same_kinds.append(same / k)
        for ours, theirs in permutations(near, 2):
            apart += [order[ours].index(one) / len(labels) for one in near[theirs]]
        found.append((position, *(float(np.mean(values)) for values in (overlaps, same_kinds, apart))))
    return sorted(found, key=lambda item: (item[1], item[2], -item[3]))


def test_disagreements_are_those_of_the_slow_way():
    rows = {name: embeddings_of(seed) for seed, name in enumerate("abc")}
    labels = [str(i % 4) for i in range(60)]
    items = list(enumerate(kinds(*labels)))
    found = disagreements({name: ExactIndex(matrix) for name, matrix in rows.items()}, items, 5, n_sample=60)
    expected = slow(rows, labels, 5)
    assert [item.item for item in found] == [entry[0] for entry in expected]
    scores = [(item.overlap, item.kinds, item.distance) for item in found]
    np.testing.assert_allclose(scores, [entry[1:] for entry in expected], atol=1e-6)
    assert len({score[2] for score in scores}) > 50  # what ties on items and kinds is told apart
    assert all(item.item not in near for item in found for near in item.neighbours.values())
    assert found[0].overlap < found[-1].overlap


def test_the_sample_is_the_same_again_and_another_with_another_seed():
    galleries = {name: ExactIndex(embeddings_of(seed)) for seed, name in enumerate("ab")}
    labels = list(enumerate(kinds("x") * 60))
    first, again = ([item.item for item in disagreements(galleries, labels, n_sample=10, seed=seed)] for seed in (1, 1))
    assert first == again
    assert len(set(first)) == 10
    assert first != [item.item for item in disagreements(galleries, labels, n_sample=10, seed=2)]


def test_alike_backbones_agree_on_everything():
    gallery = ExactIndex(embeddings_of(0))
    found = disagreements({"a": gallery, "b": gallery}, list(enumerate(kinds("x", "y") * 30)), n_sample=60)
    assert {(item.overlap, item.kinds) for item in found} == {(1.0, 1.0)}


def test_galleries_of_other_items_are_refused():
    with pytest.raises(ValueError, match="same items"):
        disagreements(
            {"a": ExactIndex(embeddings_of(0)), "b": ExactIndex(embeddings_of(1, 50))}, list(enumerate(kinds("x") * 60))
        )
    with pytest.raises(ValueError, match="same items"):
        disagreements({"a": ExactIndex(embeddings_of(0))}, list(enumerate(kinds("x") * 60)))
