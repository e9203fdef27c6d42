"""`python -m core search`: the items closest to a photo, to an item or to words."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import DEFAULT_K, MAX_K, MAX_LESS_ITEMS, own_dir
from core.engine.catalogues import CATALOGUES
from core.jobs.backbones import add_backbone

if TYPE_CHECKING:
    from core.engine.looks.agreement import Told
    from core.engine.search.engine import SearchEngine

_EXAMPLES = {"colour": "navy", "pattern": "striped"}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `search`."""
    parser = commands.add_parser("search", help="find the items closest to a photo, to an item or to words")
    parser.add_argument("image", type=Path, nargs="?", help="a photo (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF)")
    parser.add_argument("--item", metavar="ID", help="an item of a catalogue instead of a photo")
    parser.add_argument("--text", help="words instead of a photo, such as 'red dress'")
    parser.add_argument("--but", default="", metavar="WORDS", help="the same with words added, such as blue")
    parser.add_argument("--less", default="", metavar="WORDS", help="the same with words taken away")
    parser.add_argument(
        "--less-item", action="append", default=[], metavar="ID", help="less like this item; can be given 5 times"
    )
    parser.add_argument("--weight", type=float, metavar="SHARE", help="share of these words, 0 to 1 (default: fitted)")
    parser.add_argument("--k", type=int, default=DEFAULT_K, help=f"number of hits (default: {DEFAULT_K})")
    add_backbone(parser)
    parser.add_argument(
        "--catalogue",
        metavar="NAME",
        default="all",
        help=f"where to look: all, {', '.join(CATALOGUES)}, or one built with `build --catalogue` (default: all)",
    )
    for attribute in ("colour", "pattern"):
        parser.add_argument(
            f"--{attribute}",
            action="append",
            default=[],
            metavar="CLASS",
            help=f"find only this {attribute}, such as {_EXAMPLES[attribute]}; can be given several times",
        )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_search, parser=parser)


def _search(options: argparse.Namespace) -> int:
    from core.compare.gallery import search_engine
    from core.engine.looks.attributes import check_classes
    from core.engine.search.answers import as_json, notices
    from core.engine.search.query import Filters, Query, Wording
    from core.own.items import OWN

    subject = _subject(options)
    engine, filters = search_engine(options.backbone), Filters()
    if options.catalogue in CATALOGUES:
        filters = Filters((options.catalogue,))
    elif options.catalogue != "all":
        engine, filters = _with_own(engine, options.catalogue), Filters((OWN,))
    colours, patterns = check_classes("colour", options.colour), check_classes("pattern", options.pattern)
    filters = replace(filters, colours=colours, patterns=patterns)
    engine.warm_up(filters.catalogues)  # so that the timings are those of a search, not of loading
    wording = Wording(options.but, options.less, options.weight, tuple(options.less_item))
    result = engine.search(Query(**subject, wording=wording, filters=filters, k=options.k))
    for notice in engine.notices() + notices(result):
        print(notice, file=sys.stderr)
    if options.json:
        print(json.dumps(as_json(options.backbone, str(*subject.values()), result)))
        return 0
    for hit in result.hits:
        # What a similarity to a mix of picture and words means is not known, nor what it means in some catalogues.
        unknown = math.isnan(hit.closer_than)
        meaning = "" if unknown else f"closer than {100 * hit.closer_than:.1f} % of random pairs"
        print(f"{hit.rank:3}  {hit.similarity:.3f}  {hit.title:20} {hit.id:48} {_told(hit.agrees)}{meaning}")
    if result.reads:
        print(f"read: {_told(result.reads)}".rstrip())
    print("  ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.timings_ms.items()))
    return 0


def _told(told: Mapping[str, Told]) -> str:
    """What a query or a hit is, with the probabilities that are known: "sneaker 97 %  white 90 %  "."""
    shown = {
        one.name: "" if math.isnan(one.probability) else f" {100 * one.probability:.0f} %" for one in told.values()
    }
    return "".join(f"{name}{probability}  " for name, probability in shown.items())


def _subject(options: argparse.Namespace) -> dict[str, Any]:
    """The one thing that is searched with; ends the program where the options make no sense."""
    given = {"photo": options.image, "item": options.item, "text": options.text}
    subject = {name: value for name, value in given.items() if value is not None}
    if len(subject) != 1:
        options.parser.error("give one of IMAGE, --item and --text")
    if not str(*subject.values()).strip():
        options.parser.error("--item and --text cannot be empty")
    if not 1 <= options.k <= MAX_K:
        options.parser.error(f"--k must be between 1 and {MAX_K}")
    if options.weight is not None and not 0 <= options.weight <= 1:
        options.parser.error("--weight must be between 0 and 1")
    if len(options.less_item) > MAX_LESS_ITEMS:
        options.parser.error(f"--less-item can be given {MAX_LESS_ITEMS} times")
    return subject


def _with_own(engine: SearchEngine, name: str) -> SearchEngine:
    """The engine, joined by a catalogue of one's own from the data folder."""
    from core.own.files import open_own
    from core.own.search import OwnSearch

    return OwnSearch(engine, open_own(name, own_dir(), engine.embedder))
