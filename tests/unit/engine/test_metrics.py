"""Each metric on an example worked out by hand, and against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from core.engine.metrics import (
    Difference,
    Estimate,
    average_precision_at_k,
    bootstrap,
    bootstrap_calibration_error,
    bootstrap_groups,
    calibration_error,
    holm,
    index_recall_at_k,
    knn_predict,
    paired_difference,
    precision_at_k,
    wilson,
)

RELEVANT = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]], bool)


def test_precision_counts_the_first_k():
    assert precision_at_k(RELEVANT, 1).tolist() == [1, 0, 1, 0]
    assert precision_at_k(RELEVANT, 2).tolist() == [0.5, 0, 1, 0]
    assert precision_at_k(RELEVANT, 5).tolist() == [0.6, 0, 1, 0.2]


def test_average_precision_by_hand():
    # Precisions at the relevant ranks: 1/1, 2/3, 3/4; at depth 3 only the first two count.
    n_relevant = np.array([3, 0, 9, 2])
    found = average_precision_at_k(RELEVANT, n_relevant, 5)
    np.testing.assert_allclose(found, [(1 + 2 / 3 + 3 / 4) / 3, 0, 1, (1 / 5) / 2])
    found = average_precision_at_k(RELEVANT, n_relevant, 3)
    np.testing.assert_allclose(found, [(1 + 2 / 3) / 3, 0, 1, 0])


@pytest.mark.parametrize("k", [1, 7, 20])
def test_average_precision_is_the_plain_loop(k):
    rng = np.random.default_rng(k)
    relevant = rng.random((50, 20)) < rng.random((50, 1))
    n_relevant = relevant.sum(axis=1) + rng.integers(0, 5, 50)
    expected = []
    for row, total in zip(relevant, n_relevant, strict=True):
        hits, score = 0, 0.0
        for rank, right in enumerate(row[:k], 1):
            if right:
                hits += 1
                score += hits / rank
        expected.append(score / min(k, total) if total else 0.0)
    np.testing.assert_allclose(average_precision_at_k(relevant, n_relevant, k), expected)
    assert max(expected) <= 1


def test_neighbours_vote_with_their_similarity():
    labels = np.array([[2, 0, 0], [1, 1, 2], [0, 2, 2]])
    similarities = np.array([[0.9, 0.5, 0.3], [0.1, 0.2, 0.9], [0.8, 0.5, 0.4]])
    assert knn_predict(labels, similarities, 3).tolist() == [2, 2, 2]  # 0.9 > 0.8; 0.9 > 0.3; 0.9 > 0.8


def test_a_tie_goes_to_the_lowest_class_number():
    assert knn_predict(np.array([[2, 1], [1, 2]]), np.array([[0.5, 0.5], [0.25, 0.25]]), 4).tolist() == [1, 1]


def test_negative_similarities_have_no_vote():
    assert knn_predict(np.array([[0, 1, 1]]), np.array([[0.1, -0.9, 0.05]]), 2).tolist() == [0]
    assert knn_predict(np.array([[2, 1]]), np.array([[-0.1, -0.2]]), 3).tolist() == [0]


def test_the_bootstrap_interval_holds_the_mean_and_is_the_same_again():
    values = np.random.default_rng(1).random(400) < 0.7
    first, second = bootstrap(values), bootstrap(values)
    assert first == second
    assert first.n == 400
    assert first.value == pytest.approx(values.mean())
    assert first.low < first.value < first.high
    half_width = 1.96 * np.sqrt(first.value * (1 - first.value) / 400)  # the normal approximation
    assert first.value - first.low == pytest.approx(half_width, rel=0.15)
    assert first.high - first.value == pytest.approx(half_width, rel=0.15)
    assert bootstrap(values, seed=1) != first


def test_the_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    estimates = [bootstrap(rng.normal(size=60), n_resamples=300) for _ in range(200)]
    covered = np.mean([estimate.low <= 0 <= estimate.high for estimate in estimates])
    assert 0.89 <= covered <= 0.99


def test_what_never_varies_has_an_interval_of_no_width():
    estimate = bootstrap(np.array([0.25, 0.25, 0.25]))
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.25, 0.25, 0.25, 3)


def test_no_queries_have_no_mean():
    with pytest.raises(ValueError, match="no queries"):
        bootstrap(np.array([]))


def test_the_paired_bootstrap_is_the_slow_one():
    rng = np.random.default_rng(3)
    first, second = rng.random(80) < 0.8, rng.random(80) < 0.6
    found = paired_difference(first, second, n_resamples=200, seed=4)
    draws = np.random.default_rng(4)
    differences = []
    for _ in range(200):  # the same queries for both, one by one
        chosen = draws.integers(0, 80, 80)
        ours = sum(float(first[i]) for i in chosen) / 80
        theirs = sum(float(second[i]) for i in chosen) / 80
        differences.append(ours - theirs)
    low, high = np.percentile(differences, (2.5, 97.5))
    assert (found.value, found.low, found.high, found.n) == pytest.approx((first.mean() - second.mean(), low, high, 80))


def test_pairing_sees_a_difference_that_two_intervals_hide():
    hard = np.random.default_rng(6).random(300) < 0.5
    better = hard.copy()
    better[np.flatnonzero(~hard)[:9]] = True  # right where the other is, and nine times more
    one, other = bootstrap(hard), bootstrap(better)
    assert one.high > other.low
    assert paired_difference(better, hard).low > 0
    assert paired_difference(hard, better).high < 0
    assert paired_difference(hard, hard) == Difference(0, 0, 0, 300, 1)


def test_pairs_need_the_same_queries():
    with pytest.raises(ValueError, match="same queries"):
        paired_difference(np.ones(3), np.ones(4))


def test_index_recall_ignores_order_and_counts_what_was_found():
    exact = np.array([[0, 1, 2], [3, 4, 5]])
    assert index_recall_at_k(exact[:, ::-1], exact) == 1
    assert index_recall_at_k(np.array([[2, 9, 0], [8, 7, 4]]), exact) == pytest.approx(3 / 6)
    assert index_recall_at_k(np.array([[9, 9, 9], [0, 1, 2]]), exact) == 0
    with pytest.raises(ValueError, match=r"zip\(\)"):
        index_recall_at_k(exact[:1], exact)


def test_calibration_error_by_hand():
    probabilities = np.array([0.95, 0.95, 0.95, 0.95, 0.15, 0.15])
    right = np.array([True, True, True, False, False, False])
    expected = (4 * abs(0.95 - 0.75) + 2 * 0.15) / 6
    assert calibration_error(probabilities, right) == pytest.approx(expected)
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0


def test_the_interval_of_the_calibration_error_counts_only_what_counts():
    rng = np.random.default_rng(0)
    probabilities = rng.random((400, 5))
    right = rng.random((400, 5)) < probabilities
    counts = np.ones((400, 5), bool)
    counts[:, 4] = False
    right[:, 4] = ~right[:, 4]
    estimate = bootstrap_calibration_error(probabilities, right, counts)
    assert estimate.low <= estimate.high < 0.09
    assert estimate.value < 0.05
    assert estimate.n == 400


def test_queries_of_one_group_are_drawn_together():
    values, groups = np.array([1, 1, 1, 1, 0, 1]), np.array(["a", "a", "a", "a", "b", "c"])
    found = bootstrap_groups(values, groups)
    assert found.value == pytest.approx(5 / 6)
    assert found.n == 6
    assert found.low == 0  # three times b
    assert found.high == 1
    alone = bootstrap_groups(values, np.arange(6))
    assert (alone.value, alone.low, alone.high) == (
        pytest.approx(bootstrap(values).value),
        pytest.approx(bootstrap(values).low),
        pytest.approx(bootstrap(values).high),
    )


def test_where_all_is_right_the_interval_is_wilsons():
    assert wilson(1, 45) == (pytest.approx(45 / (45 + 1.959964**2), abs=1e-6), 1)
    assert wilson(0.5, 100) == pytest.approx((0.40383, 0.59617), abs=1e-5)  # by hand, and as statsmodels gives it
    assert bootstrap(np.ones(45)) == Estimate(1, *wilson(1, 45), 45)
    assert bootstrap(np.zeros(45)) == Estimate(0, *wilson(0, 45), 45)
    assert wilson(0, 45) == pytest.approx((0, 1 - wilson(1, 45)[0]))
    two_people = bootstrap_groups(np.ones(45), np.arange(45) % 2)
    assert (two_people.low, two_people.n) == (wilson(1, 2)[0], 45)


def test_one_person_with_many_queries_shows_less_of_a_difference_than_many_people_do():
    first, second = np.ones(60), np.repeat([0.0, 1.0], [12, 48])
    alone, by_person = (paired_difference(first, second, groups) for groups in (None, np.repeat(np.arange(5), 12)))
    assert alone.value == by_person.value == pytest.approx(0.2)
    assert alone.low > 0 == by_person.low
    assert alone.p < 0.01 < 0.05 < by_person.p


def test_holms_correction_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
