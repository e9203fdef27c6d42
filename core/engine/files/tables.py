"""Tables for other programs, made of words that came from outside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: A spreadsheet takes a cell that starts with one of these for a formula, or skips it and looks at the next.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


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
    lines = [f"| {of} | figure | value | 95 % interval | {asked} |", "|---|---|---|---|---|"]
    for row in rows:
        interval = f"{row['low']:.3f} to {row['high']:.3f}"
        lines.append(f"| {row[of]} | {row['metric']} | {row['value']:.3f} | {interval} | {row['n']:,} |")
    return "\n".join(lines)


def _as_it_was(cell: str) -> str:
    """The inverse of `safe_cell`."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    return safe_cell(value.replace("\0", "")) if isinstance(value, str) else str(value)
