"""`python -m core evaluate --catalogue NAME`: backbones on a labelled catalogue of one's own."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.config import own_dir
from core.engine.files.tables import FORMATS, beside_intervals, with_bounds
from core.engine.progress import show_progress
from core.errors import DataError

if TYPE_CHECKING:
    from core.own.evaluation import OwnEvaluation


def evaluate_own(options: argparse.Namespace) -> int:
    """Evaluate, and print the table in the form that the options name; 1 where no backbone could be used."""
    from core.engine.embedders.load import load_embedder
    from core.own.brought import BROUGHT
    from core.own.catalogue import OwnCatalogue
    from core.own.evaluation import MAX_BACKBONES, OwnEvaluation
    from core.own.files import OWN_MACHINE, backbone_of, open_own, open_pictures

    if len(options.backbones or ()) > MAX_BACKBONES:
        options.parser.error(f"--backbones takes at most {MAX_BACKBONES}")
    mine = open_own(options.catalogue, own_dir(), load_embedder(backbone_of(options.catalogue, own_dir())))
    wanted = options.backbones or [options.backbone]
    if BROUGHT in wanted and mine.brought is None:
        raise DataError("own.vectors-none", name=options.catalogue)
    queries = OwnCatalogue(mine.embedder, quota=OWN_MACHINE) if options.queries else None
    evaluation = OwnEvaluation(mine.items, wanted, brought=mine.brought, queries=queries)
    for progress in evaluation.run(open_pictures(options.queries) if options.queries else ()):
        show_progress(progress)
    for one in evaluation.skipped:
        print(f"skipped: {one.name}: {one.reason}.", file=sys.stderr)
    for id, problem in evaluation.problems.items():
        print(f"{id}: {problem}", file=sys.stderr)
    print(_told(evaluation, options).rstrip())
    return 0 if evaluation.figures else 1


def _told(evaluation: OwnEvaluation, options: argparse.Namespace) -> str:
    from core.own.evaluation import METRICS

    rows = evaluation.rows()
    if options.by_class:
        return _by_class(evaluation, options)
    if options.json:
        return json.dumps({"catalogue": options.catalogue, "results": rows, "differences": _differences(evaluation)})
    if options.format == "csv":
        return FORMATS["csv"](["backbone", "title", "trained_on", *with_bounds(METRICS), "n"], rows)
    table = FORMATS[options.format or "markdown"](["backbone", *METRICS, "n"], beside_intervals(rows, METRICS))
    if options.format:
        return table
    text = "{first} − {second}: {metric} {value:+.3f} [{low:+.3f}, {high:+.3f}], p = {p:.3f} (Holm)"
    lines = [text.format(**one) for one in _differences(evaluation)]
    return "\n".join([table, *lines])


def _by_class(evaluation: OwnEvaluation, options: argparse.Namespace) -> str:
    """One backbone after the other, label by label; items are named by their files."""
    from core.jobs.evaluate.classes import as_json, as_text

    told = [(id, evaluation.by_class(id), found) for id, found in evaluation.taken.items()]
    if not options.json:
        return "\n".join(as_text(id, rows, found, options.format) for id, rows, found in told)
    answers = [
        {"backbone": id} | as_json(options.catalogue, rows, found, lambda position: evaluation.items[position].name)
        for id, rows, found in told
    ]
    return json.dumps({"catalogue": options.catalogue, "backbones": answers})


def _differences(evaluation: OwnEvaluation) -> list[dict[str, Any]]:
    """Every two backbones on the first figure."""
    from core.own.evaluation import METRICS

    found = evaluation.differences(METRICS[0])
    return [
        {"first": first, "second": second, "metric": METRICS[0], **asdict(one)}
        for (first, second), one in found.items()
        if one is not None
    ]
