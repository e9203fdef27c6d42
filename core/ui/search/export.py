"""Results as a table for other programs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict

from core.engine.files.tables import to_csv
from core.engine.search.engine import Hit

COLUMNS = ("rank", "id", "catalogue", "label", "similarity", "closer_than", "same_kind")


def hits_csv(hits: Iterable[Hit]) -> str:
    """Hits as CSV (RFC 4180), with a header; the figures have six decimals."""
    return to_csv(COLUMNS, map(asdict, hits))


def csv_name(query_name: str) -> str:
    """A file name that is safe everywhere: `vitrine-` and at most 40 letters, digits and hyphens."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", query_name)
    plain = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-")[:40].strip("-")
    return f"vitrine-{plain or 'results'}.csv"
