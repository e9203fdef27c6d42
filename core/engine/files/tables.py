"""Tables for other programs, made of words that came from outside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: A spreadsheet takes a cell that starts with one of these for a formula, or skips it and looks at the next.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")

_BAR = r"\|"
_LATEX = str.maketrans(
    {char: "\\" + char for char in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def safe_cell(text: str) -> str:
    """The same text, with an apostrophe before it if a spreadsheet would calculate it.

    Leading blanks do not hide a formula. Source: OWASP, "CSV Injection".
    """
    start = text.lstrip(" \u00a0\ufeff\u3000")[:1]
    return f"'{text}" if start in _FORMULA and start else text


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A table as CSV (RFC 4180) with a header.

    Args:
        columns: Names, in order; they may come from outside, too.
        rows: Column -> value; a missing one is left empty. Text is made safe, a float gets six decimals.
    """
    with io.StringIO(newline="") as buffer:
        writer = csv.writer(buffer)
        writer.writerow([safe_cell(name) for name in columns])
        for row in rows:
            writer.writerow([_cell(row.get(name, "")) for name in columns])
        return buffer.getvalue()


def to_markdown(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A table in Markdown; a float gets three decimals."""
    head, *body = (
        f"| {' | '.join(cell.replace('|', _BAR) for cell in line)} |\n" for line in _plain_lines(columns, rows)
    )
    return "".join([head, f"|{'---|' * len(columns)}\n", *body])


def to_latex(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """The same as a tabular of LaTeX, which needs the package booktabs."""
    head, *body = (" & ".join(cell.translate(_LATEX) for cell in line) + r" \\" for line in _plain_lines(columns, rows))
    lines = [
        rf"\begin{{tabular}}{{{'l' * len(columns)}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


#: How a table can be asked for.
FORMATS = {"csv": to_csv, "markdown": to_markdown, "latex": to_latex}


def beside_intervals(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, object]]:
    """The rows for a paper: each of these figures with its bounds ("NAME low", "NAME high"), if known, in one cell."""

    def cell(row: Mapping[str, Any], name: str) -> str:
        bounds = [row[f"{name} {end}"] for end in ("low", "high") if f"{name} {end}" in row]
        return f"{row[name]:.3f}" + (" [{:.3f}, {:.3f}]".format(*bounds) if bounds else "")

    return [{**row, **{name: cell(row, name) for name in names if name in row}} for row in rows]


def with_bounds(names: Iterable[str]) -> list[str]:
    """The columns of figures and of their bounds, each followed by its own."""
    return [column for name in names for column in (name, f"{name} low", f"{name} high")]


def from_csv(text: str) -> list[dict[str, str]]:
    """The rows of a table that `to_csv` wrote, column -> text."""
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [_as_it_was(name) for name in next(rows, [])]
    return [dict(zip(header, map(_as_it_was, row), strict=True)) for row in rows]


def figures_table(rows: Iterable[Mapping[str, Any]], of: str, asked: str) -> str:
    """Figures with their intervals as a Markdown table, for model cards.

    Args:
        rows: With `metric`, `value`, `low`, `high`, `n`, and what `of` names.
        of: What the figures are of; the first column.
        asked: What `n` counts; the last column.
    """
    told = (
        {of: row[of], "figure": row["metric"], "value": row["value"], asked: f"{row['n']:,}"}
        | {"95 % interval": f"{row['low']:.3f} to {row['high']:.3f}"}
        for row in rows
    )
    return to_markdown((of, "figure", "value", "95 % interval", asked), told).rstrip()


def _as_it_was(cell: str) -> str:
    """The inverse of `safe_cell`."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def _plain_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> list[list[str]]:
    """The cells of each line, the header's first, as text on one line; a float gets three decimals."""
    lines = [list[object](columns), *([row.get(name, "") for name in columns] for row in rows)]
    return [[f"{c:.3f}" if isinstance(c, float) else " ".join(str(c).split()) for c in line] for line in lines]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    return safe_cell(value.replace("\0", "")) if isinstance(value, str) else str(value)
