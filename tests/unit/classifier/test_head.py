"""The head's arithmetic, against finite differences and against scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest

from core.classifier.training.head import Adam, Head, class_weights, logits, loss_and_gradients, softmax, start
from core.errors import DataError

RNG = np.random.default_rng(0)


def problem(n: int = 12, dim: int = 5, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    targets = RNG.integers(0, n_classes, n)
    return RNG.standard_normal((n, dim)), targets, RNG.uniform(0.5, 2, n)


@pytest.mark.parametrize("sizes", [[5, 3], [5, 4, 3]])
@pytest.mark.parametrize("dropout", [False, True])
def test_gradients_are_what_finite_differences_say(sizes, dropout):
    x, targets, weights = problem()
    layers = [(RNG.standard_normal((a, b)), RNG.standard_normal(b)) for a, b in pairwise(sizes)]
    mask = RNG.integers(0, 2, (12, 4)) * 2.0 if dropout and len(sizes) == 3 else None
    _, gradients = loss_and_gradients(layers, x, targets, weights, mask)
    for layer, gradient in zip(layers, gradients, strict=True):
        for tensor, expected in zip(layer, gradient, strict=True):
            for place in np.ndindex(tensor.shape):
                here = tensor[place]
                losses = []
                for step in (1e-5, -1e-5):
                    tensor[place] = here + step
                    losses.append(loss_and_gradients(layers, x, targets, weights, mask)[0])
                tensor[place] = here
                assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(expected[place], abs=1e-6)


def test_the_optimum_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    x, targets, _ = problem(60)
    layers = start([5, 3], np.random.default_rng(0))
    layers = [(w.astype(np.float64), b.astype(np.float64)) for w, b in layers]
    for rate in (0.05, 0.005, 0.0005):
        adam = Adam(layers, rate, 0.0)
        for _ in range(1500):
            loss, gradients = loss_and_gradients(layers, x, targets, np.ones(60))
            ridge = [(g + w / 60, gb) for (w, _), (g, gb) in zip(layers, gradients, strict=True)]  # C=1
            adam.step(ridge)
    expected = LogisticRegression(C=1.0, tol=1e-9, max_iter=5000).fit(x, targets)
    assert loss > 0
    np.testing.assert_allclose(softmax(logits(layers, x)), expected.predict_proba(x), atol=2e-3)


def test_decay_pulls_weights_and_leaves_biases():
    layers = [(np.ones((2, 2)), np.ones(2))]
    Adam(layers, rate=0.1, decay=0.5).step([(np.zeros((2, 2)), np.zeros(2))])
    np.testing.assert_allclose(layers[0][0], 0.95)
    np.testing.assert_allclose(layers[0][1], 1)


def test_weights_make_classes_count_the_same():
    weights = class_weights(np.array([0, 0, 0, 1]), 3)
    np.testing.assert_allclose(weights * [3, 1, 0], [4 / 3, 4 / 3, 0], rtol=1e-6)


def test_softmax_survives_large_numbers():
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])), [[1, 0], [0.5, 0.5]])


def test_embeddings_of_another_length_are_refused():
    head = Head([(np.zeros((4, 2), np.float32), np.zeros(2, np.float32))])
    np.testing.assert_allclose(head.probabilities(np.zeros((1, 4), np.float32)), [[0.5, 0.5]])
    with pytest.raises(DataError, match="length 4, not 5"):
        head.probabilities(np.zeros((1, 5), np.float32))
