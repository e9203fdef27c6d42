"""Fitting what reads kind, colour and pattern."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.looks.attributes import NOTHING
from core.training.looks import Pictures, best_temperature, fit_head, fit_looks


def clusters(n: int, names: str, dim: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """n pictures of each class, around axes of their own."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.eye(dim)[: len(names)], n, axis=0) + 0.1 * rng.normal(size=(n * len(names), dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), np.repeat(list(names), n)


@pytest.mark.parametrize(("names", "dim"), [("abc", 5), ("ab", 9)])
def test_classes_are_told_apart(names: str, dim: int) -> None:
    head = fit_head(clusters(40, names, dim), clusters(10, names, dim, seed=1), 0.9)
    assert (head.classes, head.weights.shape, head.sure) == (tuple(names), (len(names), dim), 0.9)
    embeddings, classes = clusters(10, names, dim, seed=2)
    read = head.read(embeddings)
    assert [head.classes[place] for place in read.argmax(axis=1)] == classes.tolist()
    np.testing.assert_allclose(read.sum(axis=1), 1, atol=1e-5)


def test_two_classes_are_read_as_the_model_reads_them() -> None:
    from sklearn.linear_model import LogisticRegression

    train, kept = clusters(40, "ab", 4), clusters(30, "ab", 4, seed=1)
    head = fit_head(train, kept, 0.9)
    model = LogisticRegression(C=10.0, max_iter=2000).fit(*train)
    scores = model.decision_function(kept[0])
    np.testing.assert_allclose(head.read(kept[0])[:, 1], 1 / (1 + np.exp(-scores / head.temperature)), atol=1e-4)


def test_a_class_of_few_pictures_is_not_read_and_does_not_disturb() -> None:
    embeddings, classes = clusters(20, "abc", 4)
    few = np.flatnonzero((classes != "c") | (np.cumsum(classes == "c") <= 14))
    kept = clusters(10, "abcd", 4, seed=1)  # classes that are not read, too
    assert fit_head((embeddings[few], classes[few]), kept, 1).classes == ("a", "b")
    enough = np.flatnonzero((classes != "c") | (np.cumsum(classes == "c") <= 15))
    assert fit_head((embeddings[enough], classes[enough]), kept, 1).classes == ("a", "b", "c")


def test_the_temperature_makes_shares_come_true() -> None:
    # Scores say 0.982 for the first class (log-odds 4), which is right in 3 of 4 cases (log-odds 1.0986).
    scores, right = np.tile([4.0, 0.0], (400, 1)), np.repeat([0, 0, 0, 1], 100)
    assert best_temperature(scores, right) == pytest.approx(4 / np.log(3), rel=0.02)


def test_only_pictures_with_one_class_count() -> None:
    known = [NOTHING | {"kind": frozenset(classes)} for classes in ("a", "ab", "", "b")]  # type: ignore[operator]
    embeddings, classes = Pictures(np.eye(4, dtype=np.float32), known).of("kind")
    assert classes.tolist() == ["a", "b"]
    np.testing.assert_array_equal(embeddings, np.eye(4)[[0, 3]])


def test_every_attribute_is_fitted_on_its_own() -> None:
    embeddings, classes = clusters(20, "ab", 3)
    known = [{name: frozenset({name + one}) for name in ("kind", "colour", "pattern")} for one in classes]
    pictures = Pictures(embeddings, known)
    looks = fit_looks(pictures, pictures, {"kind": 0.9, "colour": 0.8, "pattern": 0.7})
    assert {name: head.classes for name, head in looks.heads.items()} == {
        name: (f"{name}a", f"{name}b") for name in ("kind", "colour", "pattern")
    }
    assert [head.sure for head in looks.heads.values()] == [0.9, 0.8, 0.7]
