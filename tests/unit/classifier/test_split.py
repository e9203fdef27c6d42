"""The split: shares, groups, seeds."""

import numpy as np
import pytest

from core.classifier.data.examples import PARTS, TEST, TRAIN, VALIDATION
from core.classifier.data.split import SHARES, join, split

NO_GROUPS = np.full(100, "")


def shares_of(targets: np.ndarray, parts: np.ndarray) -> dict[str, list[int]]:
    return {part: np.bincount(targets[parts == part], minlength=targets.max() + 1).tolist() for part in PARTS}


def test_every_class_is_spread_in_the_same_shares():
    targets = np.repeat([0, 1], [80, 20])
    assert shares_of(targets, split(targets, NO_GROUPS, 0)) == {TRAIN: [56, 14], VALIDATION: [12, 3], TEST: [12, 3]}


@pytest.mark.parametrize("n", [3, 4, 5, 10])
def test_a_class_of_few_pictures_is_in_every_part(n):
    parts = split(np.zeros(n, np.int64), np.full(n, ""), 1)
    assert set(parts) == set(PARTS)
    assert np.sum(parts == TRAIN) >= np.sum(parts == TEST)


def test_the_same_seed_gives_the_same_split_and_another_one_another():
    targets = np.arange(100) % 4
    first, again, other = (split(targets, NO_GROUPS, seed) for seed in (7, 7, 8))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_a_group_is_never_torn_apart():
    rng = np.random.default_rng(0)
    targets, groups = rng.integers(0, 5, 400), rng.integers(0, 60, 400).astype(str)
    parts = split(targets, groups, 3)
    assert all(len(set(parts[groups == group])) == 1 for group in set(groups))
    for part, share in SHARES.items():
        assert np.mean(parts == part) == pytest.approx(share, abs=0.05)


def test_files_that_are_the_same_join_their_groups():
    joined = join(np.array(["a", "b", "", "", "c", ""]), ("1", "1", "1", "2", "3", ""))
    assert joined[0] == joined[1] == joined[2] != ""
    assert len({joined[0], joined[3], joined[4]}) == 3
    assert joined[5] == ""


def test_nothing_is_split_into_nothing():
    assert split(np.array([], np.int64), np.array([], str), 0).tolist() == []
