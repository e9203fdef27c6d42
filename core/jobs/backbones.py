"""`python -m core backbones`: what can embed a picture, and what of it is here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.compare.gallery import has_gallery
from core.engine.backbones import BACKBONES
from core.engine.embedders.load import missing

#: Of the record, in the order of the output.
_FIELDS = ("id", "title", "architecture", "n_parameters", "input_size", "dim", "licence", "source")


def list_backbones() -> list[dict[str, Any]]:
    """One row a backbone: the fields of its record, `weights_here`, `gallery_here`, and what is `missing` ("")."""
    rows = []
    for record in BACKBONES.values():
        lacks = missing(record)
        row = {name: getattr(record, name) for name in _FIELDS}
        rows.append(row | {"weights_here": not lacks, "gallery_here": has_gallery(record.id), "missing": lacks})
    return rows


def describe(rows: Iterable[dict[str, Any]]) -> str:
    """The rows as a table for a terminal."""
    lines = [
        f"{'id':24}{'parameters':>12}{'input':>7}{'dim':>6}  {'weights':9}{'gallery':9}licence, architecture, source"
    ]
    for row in rows:
        here = [("here" if row[key] else "no").ljust(9) for key in ("weights_here", "gallery_here")]
        figures = f"{row['n_parameters']:12,}{row['input_size']:7}{row['dim']:6}"
        words = "; ".join(row[key] for key in ("licence", "title", "architecture", "source"))
        lines.append(f"{row['id']:24}{figures}  {''.join(here)}{words}")
    return "\n".join(lines)
