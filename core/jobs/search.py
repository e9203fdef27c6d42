"""`python -m core search`: the items closest to a photo or to words."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import DEFAULT_BACKBONE, DEFAULT_K, MAX_K, MAX_LESS_ITEMS, own_dir
from core.engine.catalogues import CATALOGUES
from core.jobs.backbones import add_backbone

if TYPE_CHECKING:
    from core.engine.search.engine import SearchEngine


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `search`."""
    parser = commands.add_parser("search", help="find the items closest to a photo or to words")
    parser.add_argument("image", type=Path, nargs="?", help="a photo (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF)")
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
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_search, parser=parser)


def _search(options: argparse.Namespace) -> int:
    from core.compare.gallery import engine_for
    from core.engine.search.answers import as_json, notices
    from core.engine.search.engine import Filters, SearchEngine
    from core.engine.search.query import Wording
    from core.own.items import OWN

    if (options.image is None) == (options.text is None):
        options.parser.error("give either an IMAGE or --text")
    if not 1 <= options.k <= MAX_K:
        options.parser.error(f"--k must be between 1 and {MAX_K}")
    if options.weight is not None and not 0 <= options.weight <= 1:
        options.parser.error("--weight must be between 0 and 1")
    if len(options.less_item) > MAX_LESS_ITEMS:
        options.parser.error(f"--less-item can be given {MAX_LESS_ITEMS} times")
    wording = Wording(options.but, options.less, options.weight, tuple(options.less_item))
    engine = SearchEngine() if options.backbone == DEFAULT_BACKBONE else engine_for(options.backbone)
    filters = Filters()
    if options.catalogue in CATALOGUES:
        filters = Filters((options.catalogue,))
    elif options.catalogue != "all":
        engine, filters = _with_own(engine, options.catalogue), Filters((OWN,))
    engine.warm_up(filters.catalogues)  # so that the timings are those of a search, not of loading
    if options.text is not None:
        query, result = options.text, engine.search_texts(options.text, options.k, filters, wording)
    else:
        query, result = str(options.image), engine.search_image(options.image, options.k, filters, wording=wording)
    for notice in engine.notices() + notices(result):
        print(notice, file=sys.stderr)
    if options.json:
        print(json.dumps(as_json(options.backbone, query, result)))
        return 0
    for hit in result.hits:
        # What a similarity to a mix of picture and words means is not known, nor what it means in some catalogues.
        unknown = math.isnan(hit.closer_than)
        meaning = "" if unknown else f"closer than {100 * hit.closer_than:.1f} % of random pairs"
        print(f"{hit.rank:3}  {hit.similarity:.3f}  {hit.title:20} {hit.id:48} {meaning}")
    print("  ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.timings_ms.items()))
    return 0


def _with_own(engine: SearchEngine, name: str) -> SearchEngine:
    """The engine, joined by a catalogue of one's own from the data folder."""
    from core.own.files import open_own
    from core.own.search import OwnSearch

    return OwnSearch(engine, open_own(name, own_dir(), engine.embedder))
