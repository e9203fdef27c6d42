"""`python -m core evaluate --by-class`: one backbone class by class, from what is stored; nothing is embedded."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from core.engine.files.tables import FORMATS, beside_intervals, with_bounds
from core.engine.retrieval import GUESSES, TakenFor, matrix_rows
from core.errors import VitrineError

#: The misses that JSON holds, of each way to guess.
MAX_MISSES = 100


def evaluate_classes(options: argparse.Namespace) -> int:
    """Print each protocol in the form that the options name."""
    from core.compare.figures.classes import CATALOGUE_OF, RETRIEVALS, class_figures, confused
    from core.compare.figures.outcomes import load_outcomes
    from core.engine.backbones import get
    from core.engine.catalogues.items import load_items

    backbone, told = get(options.backbone).id, []
    done = {protocol for protocol, _ in load_outcomes(backbone)}
    for protocol in (name for name in CATALOGUE_OF if name in options.only and name in done):
        rows, found = class_figures(backbone, protocol), None
        try:
            found = confused(backbone, protocol) if rows and protocol in RETRIEVALS else None
        except VitrineError as error:
            print(error, file=sys.stderr)
        if rows:
            ids = load_items(CATALOGUE_OF[protocol]).columns["id"]
            told.append((protocol, rows, found, ids.__getitem__))
    if not told:
        raise VitrineError("jobs.not-evaluated", backbone=backbone)
    if options.json:
        print(json.dumps({"backbone": backbone, "protocols": [as_json(*one) for one in told]}))
    else:
        print("\n".join(as_text(name, rows, found, options.format) for name, rows, found, _ in told).rstrip())
    return 0


def as_json(
    name: str, rows: list[dict[str, Any]], found: TakenFor | None, id_of: Callable[[int], str]
) -> dict[str, Any]:
    """All of one protocol.

    Args:
        name: Of the protocol.
        rows: Its figures of each class.
        found: What its queries are taken for; None where that is not known.
        id_of: Position -> id of an item.

    Returns:
        `protocol` and `classes`; if known `names`, and of each guess its matrix (`confusion`, rows are true classes)
        and up to `MAX_MISSES` of its misses, those with the most similar wrong hit first.
    """
    told = {"protocol": name, "classes": rows}
    if found is None:
        return told
    confusion = {by: found.matrix(by).tolist() for by in GUESSES}
    misses = {by: [_miss(found, int(row), by, id_of) for row in found.misses(by)[:MAX_MISSES]] for by in GUESSES}
    return told | {"names": found.names, "confusion": confusion, "misses": misses}


def _miss(found: TakenFor, row: int, by: Any, id_of: Callable[[int], str]) -> dict[str, Any]:
    near = zip(found.near[row], found.near_classes[row], found.similarities[row], strict=True)
    hits = [
        {"id": str(id_of(int(position))), "label": found.names[number], "similarity": round(float(similarity), 5)}
        for position, number, similarity in near
        if similarity >= -1
    ]
    label, guess = found.names[found.truth[row]], found.names[found.guesses[by][row]]
    return {"id": str(id_of(int(found.queries[row]))), "label": label, "taken_for": guess, "hits": hits}


def as_text(name: str, rows: Sequence[dict[str, Any]], found: TakenFor | None, form: str | None) -> str:
    """The figures of each class and the confusion matrices, as tables one below the other."""
    write = FORMATS[form or "markdown"]
    metrics = [key for key in rows[0] if f"{key} low" in {key for row in rows for key in row}]
    if form == "csv":
        tables = [write(["class", "n", *with_bounds(metrics)], rows)]
    else:
        tables = [write(["class", "n", *metrics], beside_intervals(rows, metrics))]
    titles = [name]
    if found is not None:
        titles += [f"{name}, taken for: {by}" for by in GUESSES]
        tables += [write(["", *found.names], matrix_rows(found.names, found.matrix(by))) for by in GUESSES]
    if form:
        return "\n".join(tables)
    return "\n".join(f"{title}\n\n{table}" for title, table in zip(titles, tables, strict=True))
