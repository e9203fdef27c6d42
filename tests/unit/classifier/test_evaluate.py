"""Figures of a classifier, against scikit-learn and by hand."""

import fakes
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from core.classifier.data.examples import TEST, TRAIN, make
from core.classifier.evaluate import HEAD, KNN, ZERO_SHOT, evaluate, evaluate_guesses, words_of
from core.classifier.model.predict import Prediction, evaluation_of, predictions_csv
from core.classifier.training.head import Head
from core.engine.metrics import bootstrap, bootstrap_of, confusion, f1_by_class, macro_f1
from core.engine.search.zero_shot import zero_shot
from core.errors import DataError


def test_confusion_and_f1_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 5, 200), rng.integers(0, 4, 200)
    matrix = confusion(truth, guess, 5)
    assert matrix.tolist() == confusion_matrix(truth, guess, labels=range(5)).tolist()
    np.testing.assert_allclose(f1_by_class(matrix), f1_score(truth, guess, average=None, zero_division=0.0))
    assert macro_f1(matrix) == pytest.approx(f1_score(truth, guess, average="macro", zero_division=0.0))


def test_a_class_that_does_not_occur_counts_for_nothing():
    matrix = confusion(np.array([0, 0]), np.array([0, 0]), 3)
    assert np.isnan(f1_by_class(matrix)).tolist() == [False, True, True]
    assert macro_f1(matrix) == 1


def test_a_mean_has_the_same_interval_by_either_way():
    values = np.random.default_rng(1).random(50)
    assert bootstrap_of(lambda chosen: float(values[chosen].mean()), 50) == bootstrap(values)


def colours():
    """Red and green pictures as the fake sees them; the last two of each are for testing."""
    rgb = np.array([[1, 0.01 * i, 0] for i in range(5)] + [[0.01 * i, 1, 0] for i in range(5)])
    vectors = fakes.with_darkness(rgb.astype(np.float32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    parts = ([TRAIN] * 3 + [TEST] * 2) * 2
    return make([f"p{i}" for i in range(10)], ["red"] * 5 + ["green"] * 5, vectors, parts=parts)


def head(weights: list[list[float]]) -> Head:
    return Head([(np.array(weights, np.float32), np.zeros(2, np.float32))])


def test_a_perfect_head_makes_no_mistake_beside_its_rivals():
    evaluated = evaluate(
        head([[-9, 9], [9, -9], [0, 0], [0, 0]]), colours(), [TRAIN], fakes.FakeEmbedder(fakes.fake_record())
    )
    assert [figures.name for figures in evaluated.figures] == [HEAD, KNN, ZERO_SHOT]
    assert [figures.accuracy.value for figures in evaluated.figures] == [1, 1, 1]
    assert evaluated.confusion.tolist() == [[2, 0], [0, 2]]
    assert [(one.name, one.precision, one.recall, one.n) for one in evaluated.per_class] == [
        ("green", 1, 1, 2),
        ("red", 1, 1, 2),
    ]
    assert evaluated.mistakes == ()


def test_the_surest_mistakes_come_first_with_their_place():
    evaluated = evaluate(head([[3, 0], [4, 0], [0, 0], [0, 0]]), colours(), [TRAIN])  # green, always
    assert evaluated.figures[0].accuracy.value == 0.5
    assert [figures.name for figures in evaluated.figures] == [HEAD, KNN]
    assert [(m.position, m.name, m.truth, m.guess) for m in evaluated.mistakes] == [
        (4, "p4", "red", "green"),
        (3, "p3", "red", "green"),
    ]
    assert evaluated.mistakes[0].confidence > evaluated.mistakes[1].confidence
    assert np.isnan(evaluated.per_class[1].precision)


def test_accuracy_has_the_interval_of_a_share():
    truth, guess = np.array([0] * 6 + [1] * 4), np.array([0] * 6 + [1] * 3 + [0])
    found = evaluate_guesses(truth, guess, ("x", "y"))
    accuracy = found.figures[0].accuracy
    # by hand: (2np + z² ± z √(z² + 4np(1 - p))) / 2(n + z²), with n = 10, p = 0.9, z = 1.96
    assert (accuracy.value, accuracy.n) == (0.9, 10)
    assert (accuracy.low, accuracy.high) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert found.confusion.tolist() == [[6, 0], [1, 3]]
    assert [(one.name, one.recall, one.n) for one in found.per_class] == [("x", 1, 6), ("y", 0.75, 4)]


def test_predictions_are_judged_where_their_folder_names_a_class():
    labels = ("x", "y")

    def one(truth: str, label: str) -> Prediction:
        return Prediction("p", label, 1.0, np.eye(2, dtype=np.float32)[labels.index(label)], truth)

    assert evaluation_of([one("", "x")], labels) is None
    found = evaluation_of([one("x", "x"), one("", "y"), one("y", "x")], labels)
    assert found is not None
    assert found.confusion.tolist() == [[1, 0], [1, 0]]
    assert [p.wrong for p in (one("x", "x"), one("", "y"), one("y", "x"))] == [False, False, True]
    lines = predictions_csv([one("x", "x"), one("", "y")], labels).splitlines()
    assert lines[0] == "name,label,probability,truth,p_x,p_y"
    assert [line.split(",")[3] for line in lines[1:]] == ["x", ""]
    assert predictions_csv([one("", "y")], labels).splitlines()[0] == "name,label,probability,p_x,p_y"


def test_without_test_pictures_nothing_is_claimed():
    examples = colours()
    examples.parts[:] = TRAIN
    with pytest.raises(DataError, match="no test picture"):
        evaluate(head([[0, 0]] * 4), examples, [TRAIN])


def test_zero_shot_takes_the_closest_words():
    embedder = fakes.FakeEmbedder(fakes.fake_record())
    pictures = embedder.embed_images([fakes.solid((0, 0, 250)), fakes.solid((250, 5, 0))])
    assert zero_shot(embedder, pictures, {"r": ["red"], "b": ["blue"]}).tolist() == [1, 0]


@pytest.mark.parametrize(("label", "words"), [("T-shirt/top", "t-shirt or top"), ("ankle_boot", "ankle boot")])
def test_labels_become_words(label, words):
    assert words_of(label) == [words]
