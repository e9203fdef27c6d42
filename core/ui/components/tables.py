"""Tables for the eye and as files, figures of backbones and of classes, and whether two backbones really differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.engine.files.tables import beside_intervals, to_csv, to_latex, to_markdown, with_bounds
from core.engine.metrics import Difference
from core.ui.components.controls import download
from core.ui.words import WORDS, figure

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler  # type: ignore[import-untyped]

#: The p-value, corrected, below which a difference is taken for real.
LEVEL = 0.05


def styled(rows: Sequence[Mapping[str, Any]], forms: Mapping[str, str]) -> Styler:
    """A table whose figures stand as the language of the visit writes them, and which is sorted by the figures.

    Args:
        rows: Column -> value; None where it is not known.
        forms: Column -> what `format` takes, such as ".3f".
    """
    import pandas as pd  # type: ignore[import-untyped]

    table = pd.DataFrame(rows)
    return table.style.format({name: partial(figure, form=form) for name, form in forms.items()}, na_rep="")


def with_intervals(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows for the eye: each of these figures with its bounds ("NAME low"), if known, in one cell."""

    def cell(row: Mapping[str, Any], name: str) -> str:
        if f"{name} low" not in row:
            return figure(row[name], ".3f")
        said = WORDS.common.interval.format(value=row[name], low=row[f"{name} low"], high=row[f"{name} high"])
        return str(said)

    return [{**row, **{name: cell(row, name) for name in names if name in row}} for row in rows]


def table_downloads(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], file: str, key: str, columns: Sequence[str] = ()
) -> None:
    """Buttons for a table of backbones as CSV, Markdown and LaTeX; intervals stand beside figures in the last two.

    Args:
        rows: With `backbone`, `title`, `trained_on`, the metrics, their bounds ("METRIC low"), and `n`.
        metrics: In order.
        file: The files' name, without an ending.
        key: Of the buttons.
        columns: Of the CSV; default: those of the rows that are named above.
    """
    all_columns = list(columns) or ["backbone", "title", "trained_on", *with_bounds(metrics), "n"]
    paper, few = beside_intervals(rows, metrics), ["title", "trained_on", *metrics, "n"]
    files(all_columns, rows, file, key, (few, paper))


def in_words(fact: str) -> str:
    """What the records of backbones and of published figures say, in the language of the visit where it has it."""
    return str(WORDS.compare.records.get(fact, fact))


def files(
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    file: str,
    key: str,
    paper: tuple[Sequence[str], Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Buttons for any table as CSV, Markdown and LaTeX.

    Args:
        columns: In order.
        rows: Column -> value.
        file: The files' name, without an ending.
        key: Of the buttons.
        paper: Columns and rows of the last two; default: the same.
    """
    few, said = paper or (columns, rows)
    with st.container(horizontal=True):
        download(
            WORDS.common.csv, lambda: to_csv(columns, rows), f"{file}.csv", "text/csv", f"{key}-csv",
            help=WORDS.common.csv_help,
        )  # fmt: skip
        download(WORDS.common.markdown, lambda: to_markdown(few, said), f"{file}.md", "text/markdown", f"{key}-md")
        download(WORDS.common.latex, lambda: to_latex(few, said), f"{file}.tex", "application/x-tex", f"{key}-tex")


def by_class(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], file: str, key: str, alt: str) -> None:
    """The figures of each class as a table and as files.

    Args:
        rows: As `figures_by_class` makes them.
        metrics: In order.
        file: The files' name, without an ending.
        key: Of the elements.
        alt: What the table shows.
    """
    heads = {"class": WORDS.taken.column_class, "n": WORDS.taken.column_n}
    heads |= {name: WORDS.compare.metrics[name][0] for name in metrics}
    shown = [{head: row[name] for name, head in heads.items()} for row in with_intervals(rows, metrics)]
    st.dataframe(shown, hide_index=True, alt=alt, key=f"{key}-table")
    paper = ["class", "n", *metrics], beside_intervals(rows, metrics)
    files(["class", "n", *with_bounds(metrics)], rows, file, key, paper)


def difference_line(first: str, second: str, one: Difference | None) -> str:
    """One sentence on whether one of two things that are named is better than the other."""
    names = {"first": first, "second": second}
    if one is None:
        return str(WORDS.compare.differs_unknown.format(**names))
    sentence, bounds = WORDS.compare.differs_not, (one.value, one.low, one.high)
    if one.p < LEVEL:
        sentence = WORDS.compare.differs
        if one.value < 0:
            names, bounds = {"first": second, "second": first}, (-one.value, -one.high, -one.low)
    points = dict(zip(("x", "low", "high"), (100 * value for value in bounds), strict=True))
    return str(sentence.format(**names, **points, p=one.p))
