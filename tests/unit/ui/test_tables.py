"""Tables for the eye: figures as the language writes them, and still figures to whoever sorts them."""

from __future__ import annotations

import re

import pytest

from core.ui.components.tables import styled, with_intervals
from core.ui.words import speaking

ROWS = [{"name": "a", "share": 0.875, "n": 1024}, {"name": "b", "share": None, "n": 7}]


@pytest.mark.parametrize(("lang", "cells"), [("en", ["a", "0.875", "1,024", "b", "", "7"]),
                                             ("pt-BR", ["a", "0,875", "1.024", "b", "", "7"])])  # fmt: skip
def test_figures_are_written_as_the_language_does(lang: str, cells: list[str]) -> None:
    with speaking(lang):
        table = styled(ROWS, {"share": ".3f", "n": ",.0f"})
        assert re.findall(r"<td[^>]*>(.*?)</td>", table.to_html()) == cells
    assert table.data["share"].tolist()[0] == 0.875


@pytest.mark.parametrize(("lang", "cell"), [("en", "0.500  (0.400 to 0.600)"), ("pt-BR", "0,500  (0,400 a 0,600)")])
def test_an_interval_stands_beside_its_figure_where_it_is_known(lang: str, cell: str) -> None:
    rows = [{"R@1": 0.5, "R@1 low": 0.4, "R@1 high": 0.6}, {"R@1": 0.5}, {"name": "unknown"}]
    with speaking(lang):
        assert [row.get("R@1") for row in with_intervals(rows, ["R@1"])] == [cell, cell.partition("  ")[0], None]
