"""What a similarity means: quantiles of random pairs, and isotonic shares of right hits."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.engine.search.calibration import N_QUANTILES, Calibration, _never_falling, fit

LINE = np.linspace(-1, 1, 2001)


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    rng = np.random.default_rng(0)
    hits = rng.uniform(0.2, 1, 4000)
    return fit(rng.normal(0.1, 0.2, 20_000), hits, rng.random(4000) < hits)


def test_quantiles_are_shares_of_random_pairs():
    table = fit(np.arange(1001) / 1000, np.array([0.0, 1.0]), np.array([False, True]))
    assert table.quantiles.shape == (N_QUANTILES,) == (1001,)
    np.testing.assert_allclose(table.quantiles, np.arange(1001) / 1000, atol=1e-6)
    for similarity, share in [(0.2501, 0.251), (0.5001, 0.501), (0.9001, 0.901)]:
        assert table.closer_than(similarity) == pytest.approx(share, abs=0.0011)
    assert (table.closer_than(-1), table.closer_than(0.0), table.closer_than(1.001)) == (0, 0, 1)


def test_closer_than_is_the_share_that_is_less_similar():
    pairs = np.random.default_rng(3).normal(0, 0.3, 5000)
    table = fit(pairs, np.array([0.0, 1.0]), np.array([False, True]))
    for similarity in np.linspace(-0.9, 0.9, 19):
        assert table.closer_than(similarity) == pytest.approx((pairs < similarity).mean(), abs=0.002)


def test_both_figures_are_shares_and_never_fall(fitted):
    for figure in (fitted.closer_than, fitted.same_kind):
        values = [figure(float(similarity)) for similarity in LINE]
        assert min(values) >= 0
        assert max(values) <= 1
        assert (np.diff(values) >= 0).all()
        assert values[-1] > values[0] + 0.5


def test_same_kind_finds_the_probability_that_made_the_data(fitted):
    for similarity in (0.3, 0.5, 0.7, 0.9):
        assert fitted.same_kind(similarity) == pytest.approx(similarity, abs=0.06)
    assert fitted.same_kind(-1) == fitted.probabilities[0]  # beyond what was seen: as at the end
    assert fitted.same_kind(1) == fitted.probabilities[-1]


def test_same_kind_by_hand():
    hits = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    same = np.array([True, False, False, True, True, True])
    table = fit(hits, hits, same, n_steps=3)  # bins of two: shares 1/2, 1/2, 1
    np.testing.assert_allclose(table.steps, [0.15, 0.35, 0.55], atol=1e-6)
    np.testing.assert_allclose(table.probabilities, [0.5, 0.5, 1.0])
    assert table.same_kind(0.45) == pytest.approx(0.75)
    falling = fit(hits, hits, same[::-1], n_steps=3)  # 1, 1/2, 1/2 -> all pooled
    np.testing.assert_allclose(falling.probabilities, [2 / 3] * 3, rtol=1e-6)


def test_below_the_hits_random_pairs_take_over():
    hits, same = np.array([0.8, 0.9]), np.array([False, True])
    pairs = np.array([0.1, 0.2, 0.85, 0.95])
    table = fit(pairs, hits, same, n_steps=2, random_same=np.array([False, False, True, True]))
    np.testing.assert_allclose(table.steps, [0.15, 0.8, 0.9], atol=1e-6)  # the pairs above 0.8 do not count
    assert table.probabilities.tolist() == [0, 0, 1]
    nothing_below = fit(pairs + 1, hits, same, n_steps=2, random_same=np.ones(4, bool))
    np.testing.assert_allclose(nothing_below.steps, [0.8, 0.9], atol=1e-6)


def test_the_order_of_hits_does_not_matter(fitted):
    rng = np.random.default_rng(5)
    hits, pairs = rng.random(300), rng.random(300)
    same = rng.random(300) < hits
    turn = rng.permutation(300)
    one, other = fit(pairs, hits, same), fit(pairs[turn], hits[turn], same[turn])
    for name in ("quantiles", "steps", "probabilities"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-6)


def test_fewer_hits_than_steps_make_fewer_steps():
    table = fit(np.array([0.0, 1.0]), np.array([0.9, 0.1, 0.5]), np.array([True, False, False]), n_steps=40)
    np.testing.assert_allclose(table.steps, [0.1, 0.5, 0.9], atol=1e-6)
    assert table.probabilities.tolist() == [0, 0, 1]


@pytest.mark.parametrize("seed", range(8))
def test_pooling_is_isotonic_regression(seed):
    isotonic = pytest.importorskip("sklearn.isotonic").IsotonicRegression
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    values, weights = rng.random(n), rng.integers(1, 9, n).astype(float)
    if seed == 0:
        values = np.sort(values)[::-1]
    expected = isotonic().fit(np.arange(n), values, weights).predict(np.arange(n))
    np.testing.assert_allclose(_never_falling(values, weights), expected, atol=1e-9)


def test_json_keeps_the_table(fitted):
    again = Calibration.from_json(json.loads(json.dumps(fitted.to_json())))
    for name in ("quantiles", "steps", "probabilities"):
        assert getattr(again, name).dtype == np.float32
        np.testing.assert_allclose(getattr(again, name), getattr(fitted, name), atol=1e-5)
    assert again.closer_than(0.3) == pytest.approx(fitted.closer_than(0.3), abs=0.002)
    assert Calibration.from_json(again.to_json()).to_json() == again.to_json()


def test_a_malformed_table_is_no_table(fitted):
    content = fitted.to_json()
    with pytest.raises(KeyError):
        Calibration.from_json({name: content[name] for name in ("quantiles", "steps")})
    with pytest.raises(ValueError, match="could not convert"):
        Calibration.from_json(content | {"steps": ["high"]})
