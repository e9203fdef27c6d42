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

from core.config import DEFAULT_K, MAX_IMAGE_BYTES, MAX_K, MAX_LESS_ITEMS, MAX_VECTOR_BYTES, own_dir
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import split_id
from core.errors import DataError, ImageError
from core.jobs.backbones import add_backbone, add_region

if TYPE_CHECKING:
    from core.engine.looks.agreement import Told
    from core.engine.search.engine import SearchEngine, SearchResult

#: Queries of one file of embeddings.
MAX_VECTORS = 100_000
_STANDARD_INPUT = Path("-")
_EXAMPLES = {"colour": "navy", "pattern": "striped"}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `search`."""
    parser = commands.add_parser("search", help="find the items closest to photos, to an item or to words")
    parser.add_argument(
        "images",
        type=Path,
        nargs="*",
        metavar="IMAGE",
        help="photos (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF), each asked by itself; - reads one from standard input",
    )
    parser.add_argument("--item", metavar="ID", help="an item of a catalogue instead of a photo")
    parser.add_argument("--text", help="words instead of a photo, in English or Portuguese, such as 'red dress'")
    parser.add_argument(
        "--vector", type=Path, metavar="FILE", help="embeddings instead (.npy, .npz or Parquet), each asked by itself"
    )
    parser.add_argument("--but", default="", metavar="WORDS", help="the same with words added, such as blue")
    parser.add_argument("--less", default="", metavar="WORDS", help="the same with words taken away")
    parser.add_argument(
        "--less-item", action="append", default=[], metavar="ID", help="less like this item; can be given 5 times"
    )
    parser.add_argument("--weight", type=float, metavar="SHARE", help="share of these words, 0 to 1 (default: fitted)")
    add_region(parser)
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
    parser.add_argument(
        "--label", action="append", default=[], metavar="CATALOGUE/LABEL",
        help="find only this label, such as clothing/Dress; can be given several times",
    )  # fmt: skip
    parser.add_argument("--min-similarity", type=float, default=-1.0, metavar="S", help="find nothing less similar")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, an object a query on a line of its own")
    form.add_argument("--paths", action="store_true", help="print the ids of the hits alone, one a line")
    parser.set_defaults(run=_search, parser=parser)


def _search(options: argparse.Namespace) -> int:
    from core.engine.images.region import Region
    from core.engine.looks.attributes import check_classes
    from core.engine.search.engine import check_labels
    from core.engine.search.query import Filters, Query, Wording
    from core.own.brought import BROUGHT
    from core.own.items import OWN

    subjects = _subjects(options)
    region = None if options.region is None else Region.read(options.region)
    engine, filters = _engine(options), Filters()
    if options.backbone == BROUGHT:
        filters = Filters((OWN,))
    elif options.catalogue in CATALOGUES or _is_in_milvus(options.catalogue):
        filters = Filters((options.catalogue,))
    elif options.catalogue != "all":
        engine, filters = _with_own(engine, options.catalogue), Filters((OWN,))
    colours, patterns = check_classes("colour", options.colour), check_classes("pattern", options.pattern)
    labels = check_labels([split_id(label) for label in options.label])
    filters = replace(filters, labels=labels, min_similarity=options.min_similarity, colours=colours, patterns=patterns)
    if options.backbone != BROUGHT:
        engine.warm_up(filters.catalogues)  # so that the timings are those of a search, not of loading
        if options.vector and (dim := len(subjects[0][1]["embedding"])) != engine.embedder.record.dim:
            raise DataError("own.vectors-other-dim", dim=dim, expected=engine.embedder.record.dim)
    for notice in engine.notices():
        print(notice, file=sys.stderr)
    wording = Wording(options.but, options.less, options.weight, tuple(options.less_item))
    n_wrong = 0
    for name, subject in subjects:
        try:
            result = engine.search(Query(**subject, wording=wording, filters=filters, k=options.k, region=region))
        except ImageError as error:
            print(error, file=sys.stderr)
            n_wrong += 1
        else:
            _print(options, name, result, several=len(subjects) > 1)
    return 1 if n_wrong else 0


def _engine(options: argparse.Namespace) -> SearchEngine:
    """What searches with a backbone; `own` are embeddings that were added to a catalogue of one's own."""
    from core.compare.gallery import search_engine
    from core.own.brought import BROUGHT

    if options.backbone != BROUGHT:
        return search_engine(options.backbone)
    from core.engine.embedders.load import load_embedder
    from core.own.files import backbone_of, open_own
    from core.own.search import BroughtSearch

    if options.catalogue == "all" or options.catalogue in CATALOGUES:
        options.parser.error("--backbone own goes with the --catalogue that it was added to")
    mine = open_own(options.catalogue, own_dir(), load_embedder(backbone_of(options.catalogue, own_dir())))
    if mine.brought is None:
        raise DataError("own.vectors-none", name=options.catalogue)
    return BroughtSearch(mine)


def _print(options: argparse.Namespace, name: str, result: SearchResult, several: bool) -> None:
    from core.engine.search.answers import as_json, notices

    for notice in notices(result):
        print(notice, file=sys.stderr)
    if options.json:
        print(json.dumps(as_json(options.backbone, name, result)))
    elif options.paths:
        print("".join(f"{hit.id}\n" for hit in result.hits), end="")
    else:
        if several:
            print(name)
        _print_table(result)


def _print_table(result: SearchResult) -> None:
    for hit in result.hits:
        # What a similarity to a mix of picture and words means is not known, nor what it means in some catalogues.
        unknown = math.isnan(hit.closer_than)
        meaning = "" if unknown else f"closer than {100 * hit.closer_than:.1f} % of random pairs"
        print(f"{hit.rank:3}  {hit.similarity:.3f}  {hit.title:20} {hit.id:48} {_told(hit.agrees)}{meaning}")
    if result.reads:
        print(f"read: {_told(result.reads)}".rstrip())
    print("  ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.timings_ms.items()))


def _told(told: Mapping[str, Told]) -> str:
    """What a query or a hit is, with the probabilities that are known: "sneaker 97 %  white 90 %  "."""
    shown = {
        one.name: "" if math.isnan(one.probability) else f" {100 * one.probability:.0f} %" for one in told.values()
    }
    return "".join(f"{name}{probability}  " for name, probability in shown.items())


def _subjects(options: argparse.Namespace) -> list[tuple[str, dict[str, Any]]]:
    """What is searched with, each with its name; ends the program where the options make no sense."""
    given = {"photo": options.images or None, "item": options.item, "text": options.text, "vector": options.vector}
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        options.parser.error("give one of IMAGE, --item, --text and --vector")
    if names[0] in ("item", "text") and not given[names[0]].strip():
        options.parser.error("--item and --text cannot be empty")
    if options.images.count(_STANDARD_INPUT) > 1:
        options.parser.error("- can be given once")
    if not -1 <= options.min_similarity <= 1:
        options.parser.error("--min-similarity must be between -1 and 1")
    if not 1 <= options.k <= MAX_K:
        options.parser.error(f"--k must be between 1 and {MAX_K}")
    if options.weight is not None and not 0 <= options.weight <= 1:
        options.parser.error("--weight must be between 0 and 1")
    if len(options.less_item) > MAX_LESS_ITEMS:
        options.parser.error(f"--less-item can be given {MAX_LESS_ITEMS} times")
    if options.region is not None and names != ["photo"]:
        options.parser.error("--region goes with an IMAGE")
    if names == ["vector"]:
        return _vectors(options.vector)
    if names != ["photo"]:
        return [(given[names[0]], {names[0]: given[names[0]]})]
    return [(str(path), _photo(path)) for path in options.images]


def _photo(path: Path) -> dict[str, Any]:
    """A photo as a query takes it; one more byte than allowed is read, so that it is refused."""
    if path != _STANDARD_INPUT:
        return {"photo": path}
    return {"photo": sys.stdin.buffer.read(MAX_IMAGE_BYTES + 1), "name": "standard input"}


def _is_in_milvus(name: str) -> bool:
    """Whether a catalogue is in Milvus, and not one of one's own in the data folder."""
    from core.engine.search.remote import on_offer
    from core.own.files import saved_names

    return name != "all" and name not in saved_names(own_dir()) and name in on_offer()


def _vectors(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Embeddings of a file, named by their ids or by their rows."""
    from core.own.ingest.vectors import read_vectors

    try:
        with path.open("rb") as file:
            found = read_vectors(file.read(MAX_VECTOR_BYTES + 1), MAX_VECTORS)
    except OSError as error:
        raise DataError("own.not-readable", path=path, why=error.strerror) from error
    names = found.ids or [f"row {row + 1}" for row in range(len(found.vectors))]
    return [(name, {"embedding": vector}) for name, vector in zip(names, found.vectors, strict=True)]


def _with_own(engine: SearchEngine, name: str) -> SearchEngine:
    """The engine, joined by a catalogue of one's own from the data folder."""
    from core.own.files import open_own
    from core.own.search import OwnSearch

    return OwnSearch(engine, open_own(name, own_dir(), engine.embedder))
