"""Training, validation and test: by class, by group, and the same for the same seed.

Every class is spread over the parts in the same shares, as far as whole groups allow: pictures of one sender are
alike in much that has nothing to do with their class, so a sender on both sides would flatter the figures.

Source for the order (large groups first): scikit-learn's StratifiedGroupKFold.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.classifier.data.examples import TEST, TRAIN, VALIDATION

SHARES = {TRAIN: 0.7, VALIDATION: 0.15, TEST: 0.15}


def split(targets: np.ndarray, groups: np.ndarray, seed: int, shares: Mapping[str, float] = SHARES) -> np.ndarray:
    """Say for each picture which part it belongs to.

    Args:
        targets: (n,) int class numbers.
        groups: (n,) str; "" stands for a group of its own.
        seed: Decides between splits that are equally good.
        shares: Part -> its share of each class; where equal, the first named is served first.

    Returns:
        (n,) str. A class of at least as many groups as there are parts is in every part if its groups hold no
        other class.
    """
    n_classes = int(targets.max(initial=-1)) + 1
    numbers = _group_numbers(groups)
    counts = np.zeros((int(numbers.max(initial=-1)) + 1, n_classes))
    np.add.at(counts, (numbers, targets), 1)
    wanted = np.outer(list(shares.values()), counts.sum(axis=0))
    given = np.zeros_like(wanted)
    chosen = np.zeros(len(counts), np.int64)
    order = np.random.default_rng(seed).permutation(len(counts))
    for group in order[np.argsort(-counts[order].sum(axis=1), kind="stable")]:
        held = np.flatnonzero(counts[group])
        lacking = 1 - given[:, held] / wanted[:, held]
        chosen[group] = np.argmax(lacking @ counts[group, held])
        given[chosen[group]] += counts[group]
    return np.array(list(shares), str)[chosen[numbers]]


def _group_numbers(groups: np.ndarray) -> np.ndarray:
    """(n,) int64: a number a group; every picture without a group gets one of its own."""
    _, numbers = np.unique(groups, return_inverse=True)
    alone = groups == ""
    numbers = np.where(alone, numbers.max(initial=0) + 1 + np.cumsum(alone), numbers)
    return np.unique(numbers, return_inverse=True)[1]


def join(groups: np.ndarray, files: tuple[str, ...]) -> np.ndarray:
    """(n,) str: the same groups, with those united that share a file, byte for byte.

    Args:
        groups: (n,) str, "" for none.
        files: sha256 of each picture's file, "" where it is not known.
    """
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            key = leader[key]
        return key

    for group, file in zip(groups.tolist(), files, strict=True):
        if group and file:
            leader[find(f"f{file}")] = find(f"g{group}")
    keys = (f"g{g}" if g else f"f{f}" if f else "" for g, f in zip(groups.tolist(), files, strict=True))
    return np.array([find(key) if key else "" for key in keys], str)
