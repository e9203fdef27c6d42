"""How far what hits are said to agree in is from what turns out right, by hand."""

from __future__ import annotations

import math
from pathlib import Path

import fakes
import numpy as np
import pytest

from core.engine.looks.attributes import NOTHING
from core.jobs.build.held_out import Known
from core.jobs.evaluate.reliability import agreement_errors, decided


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a", "a", 1),
        ("a", "ab", 1),
        ("abc", "ab", 1),
        ("a", "b", 0),
        ("ab", "cd", 0),
        ("ab", "bc", None),
        ("", "a", None),
    ],
)
def test_labels_decide_where_one_set_holds_the_other_or_has_nothing_of_it(
    first: str, second: str, expected: int | None
) -> None:
    assert math.isnan(decided(frozenset(), frozenset(second)))
    for one, other in ((first, second), (second, first)):
        found = decided(frozenset(one), frozenset(other))
        assert math.isnan(found) if expected is None else found == expected


def test_errors_by_hand(tiny_artifacts: Path) -> None:
    """Each photo is said to be plain with 4/5; the five items closest to red are plain or striped as the rows say."""
    fakes.add_looks()
    ids = fakes.make_items("clothing").frame["id"].to_numpy().astype(str)[:5]
    close = np.array([[1, 0, 0, 0]] * 5, np.float32)
    away = np.array([[0, 1, 0, 0]] * 3, np.float32)
    all_ids = np.concatenate([ids, [f"clothing/other-{i}" for i in range(3)]])
    n = len(all_ids)
    blank = np.full(n, "")
    gallery = Known("clothing", np.concatenate([close, away]), blank, all_ids, blank, blank)
    query = Known("products", close[:1], blank[:1], np.array(["products/0"]), blank[:1], blank[:1])
    known = [{**NOTHING, "pattern": frozenset({"solid"}), "kind": frozenset({"boot", "cap"})}]
    errors = agreement_errors(fakes.looks(), query, known, gallery)
    # Item 0 is striped (said 1/5, wrong), items 1 to 4 are plain (said 4/5, right): |1/5 - 0| / 5 + 4 |4/5 - 1| / 5.
    assert errors["pattern"].value == pytest.approx(0.2, abs=1e-5)
    # T-shirts (items 0, 3): said 3/4, wrong; boots (1, 4): said 1/4, right; item 2's kind is not known.
    assert errors["kind"].value == pytest.approx(0.75, abs=1e-5)
    assert "colour" not in errors
