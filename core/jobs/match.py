"""`python -m core match`: a set of photos against a catalogue; each has matches, or none."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import DEFAULT_K, MAX_K, own_dir
from core.engine.catalogues import CATALOGUES
from core.engine.progress import show_progress
from core.jobs.backbones import add_backbone

if TYPE_CHECKING:
    from core.own.queries import QuerySet


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `match`."""
    parser = commands.add_parser(
        "match",
        help="run a set of photos against a catalogue: each has matches, or none",
        description="What is at least so similar is a match. Where the folders of the queries are named like labels of "
        "the catalogue, it also says at which similarity matches are best told from others.",
    )
    parser.add_argument("queries", type=Path, metavar="QUERIES", help="a folder or a ZIP archive of photos")
    parser.add_argument(
        "--catalogue",
        metavar="NAME",
        required=True,
        help=f"{', '.join(CATALOGUES)}, or one built with `build --catalogue`",
    )
    parser.add_argument("--k", type=int, default=DEFAULT_K, help=f"most matches of a query (default: {DEFAULT_K})")
    parser.add_argument(
        "--min-similarity", type=float, default=-1.0, metavar="S", help="what is less similar is no match"
    )
    add_backbone(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, as POST /api/match answers")
    form.add_argument("--csv", action="store_true", help="print CSV: a row a match, and one for each query without any")
    parser.set_defaults(run=_match, parser=parser)


def _match(options: argparse.Namespace) -> int:
    from core.own.queries import results_csv, results_json

    if not 1 <= options.k <= MAX_K or not -1 <= options.min_similarity <= 1:
        options.parser.error(f"--k must be between 1 and {MAX_K}, --min-similarity between -1 and 1")
    queries, least = _run(options), options.min_similarity
    if options.json:
        skipped = [{"name": str(one.name), "reason": str(one.reason)} for one in queries.skipped]
        found = results_json(queries.results, least)
        print(json.dumps({"min_similarity": least, "queries": found, "skipped": skipped}))
    else:
        for one in queries.skipped:
            print(f"skipped: {one.name}: {one.reason}.", file=sys.stderr)
        print(results_csv(queries.results, least) if options.csv else _table(queries, least), end="")
    _suggest(queries)
    return 0 if queries.results else 1


def _run(options: argparse.Namespace) -> QuerySet:
    """All queries, asked one after the other."""
    from core.compare.gallery import search_engine
    from core.own.files import OWN_MACHINE, open_own, open_pictures
    from core.own.items import OWN
    from core.own.queries import QuerySet
    from core.own.search import OwnSearch

    engine, catalogue = search_engine(options.backbone), options.catalogue
    if catalogue not in CATALOGUES:
        engine, catalogue = OwnSearch(engine, open_own(catalogue, own_dir(), engine.embedder)), OWN
    queries = QuerySet(engine, catalogue, options.k, OWN_MACHINE)
    for progress in queries.run(open_pictures(options.queries)):
        show_progress(progress)
    return queries


def _table(queries: QuerySet, least: float) -> str:
    """A line a query, its matches below it."""
    lines = []
    for result in queries.results:
        matches = result.matches(least)
        closest = f" (the closest has {result.hits[0].similarity:.3f})" if result.hits else ""
        lines.append(result.name if matches else f"{result.name}: no match{closest}")
        lines += [f"  {hit.similarity:.3f}  {hit.title:20} {hit.id}" for hit in matches]
    return "".join(f"{line}\n" for line in lines)


def _suggest(queries: QuerySet) -> None:
    """Say where to draw the line, if labels tell."""
    from core.own.thresholds import suggest_threshold

    curve = queries.curve() if queries.results else None
    best = suggest_threshold(curve) if curve else None
    if curve and best is not None:
        print(f"Best balance at --min-similarity {best:.3f}, by {curve.n_pairs:,} pairs.", file=sys.stderr)
