"""`python -m core compare`: what several backbones find for one query, and where they disagree most."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.compare.figures.evaluation import PROTOCOLS
from core.config import DEFAULT_K, MAX_K
from core.errors import DataError, VitrineError
from core.jobs.backbones import add_region

if TYPE_CHECKING:
    from core.compare.side_by_side import Answer

N_DISPUTES = 6


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `compare`."""
    parser = commands.add_parser(
        "compare",
        help="one query to several backbones, or the items on which they disagree most",
        description="With a photo or --item: what each backbone finds, and how far they agree. With neither: the "
        "items of a seeded sample whose neighbours differ most. With --protocol: all that is on file of them, "
        "as one ZIP.",
    )
    parser.add_argument("image", type=Path, nargs="?", help="a photo")
    parser.add_argument("--item", metavar="ID", default="", help="an item of a catalogue instead of a photo")
    add_region(parser)
    parser.add_argument(
        "--backbones", nargs="+", required=True, metavar="ID", help="at least two, as `backbones` lists"
    )
    parser.add_argument("--k", type=int, default=DEFAULT_K, help=f"hits that count (default: {DEFAULT_K})")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--protocol", choices=PROTOCOLS, help="write figures, differences and what each query got to --output"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.zip", help="where the ZIP of --protocol goes")
    parser.set_defaults(run=_compare, parser=parser)


def _compare(options: argparse.Namespace) -> int:
    if (options.protocol is None) != (options.output is None):
        options.parser.error("--protocol and -o FILE.zip go together")
    if options.protocol and (options.image is not None or options.item):
        options.parser.error("--protocol takes neither an IMAGE nor --item")
    if options.protocol:
        return _write_zip(options)
    if options.image is not None and options.item:
        options.parser.error("give either an IMAGE or --item")
    if options.region is not None and options.image is None:
        options.parser.error("--region goes with an IMAGE")
    if not 1 <= options.k <= MAX_K or len(set(options.backbones)) < 2:
        options.parser.error(f"--k must be between 1 and {MAX_K}, --backbones at least two")
    if options.image is None and not options.item:
        result = disputed(options.backbones, options.k, options.seed)
    else:
        result = compared(options.backbones, options.image or options.item, options.k, options.region)
    print(json.dumps(result) if options.json else describe(result))
    return 0


def _write_zip(options: argparse.Namespace) -> int:
    from core.compare.figures.bundle import comparison_zip
    from core.engine.backbones import get
    from core.engine.files.folder import written

    content = comparison_zip([get(id).id for id in options.backbones], options.protocol)
    try:
        with written(options.output) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise DataError("jobs.unwritable", file=options.output, reason=error.strerror or error) from error
    done = {"output": str(options.output), "bytes": len(content)}
    print(json.dumps(done) if options.json else f"{options.output}: {len(content) / 1e6:.2f} MB")
    return 0


def compared(backbone_ids: Sequence[str], query: Path | str, k: int, region: str | None = None) -> dict[str, Any]:
    """Ask each backbone in turn.

    Args:
        backbone_ids: At least two.
        query: A photo's path, or an item's id.
        k: How many hits.
        region: Of the photo, as `Region.read` reads it; None for all of it.

    Returns:
        `answers` (of each backbone: hits and milliseconds) and `pairs` (of every two: overlap, and the same of kinds).

    Raises:
        VitrineError: A backbone, the picture or the region cannot be used.
    """
    from core.compare.agreement import kinds_of, pairs
    from core.compare.side_by_side import ask
    from core.engine.images.region import Region
    from core.engine.search.query import Query

    if isinstance(query, str):
        subject = Query(item=query, k=k)
    else:
        part = None if region is None else Region.read(region)
        subject = Query(photo=query, name=query.name, k=k, region=part)
    answers = [_usable(ask(id, subject)) for id in dict.fromkeys(backbone_ids)]
    found = {answer.backbone_id: [(hit.id, kinds_of(hit)) for hit in answer.hits] for answer in answers}
    return {"answers": [_as_json(answer) for answer in answers], "pairs": [asdict(pair) for pair in pairs(found, k)]}


def _usable(answer: Answer) -> Answer:
    if answer.estimate:
        raise VitrineError("jobs.no-gallery", backbone=answer.backbone_id)
    if answer.problem:
        raise VitrineError("jobs.problem", problem=answer.problem)
    return answer


def _as_json(answer: Answer) -> dict[str, Any]:
    hits = [{"id": hit.id, "title": hit.title, "similarity": round(hit.similarity, 5)} for hit in answer.hits]
    timings = {"embed_ms": answer.embed_ms, "search_ms": answer.search_ms}
    return {"backbone": answer.backbone_id, "hits": hits, "n_items": answer.n_items, **timings}


def disputed(backbone_ids: Sequence[str], k: int, seed: int) -> dict[str, Any]:
    """The items on which backbones disagree most: `disputes`, each with ids, titles and the figures of a `Dispute`.

    Raises:
        VitrineError: A gallery is missing or damaged.
    """
    from core.compare.agreement import disputes
    from core.compare.gallery import compare_engine

    found = disputes(list(dict.fromkeys(backbone_ids)), N_DISPUTES, k, seed)
    engine = compare_engine(backbone_ids[0])

    def item(place: tuple[str, int]) -> dict[str, str]:
        row = engine.gallery(place[0]).items.row(place[1])
        return {"id": row.id, "title": row.title}

    rows = [
        item(one.item)
        | {"overlap": one.overlap, "kinds": one.kinds, "distance": round(one.distance, 5)}
        | {"neighbours": {id: list(map(item, near)) for id, near in one.neighbours.items()}}
        for one in found
    ]
    return {"seed": seed, "disputes": rows}


def describe(result: dict[str, Any]) -> str:
    """A result of `compared` or `disputed` as lines for a person."""
    lines = []
    for answer in result.get("answers", ()):
        lines.append(answer["backbone"])
        lines += [f"  {hit['similarity']:.3f}  {hit['title']:20} {hit['id']}" for hit in answer["hits"]]
    for pair in result.get("pairs", ()):
        lines.append(f"{pair['first']} and {pair['second']}: overlap {pair['overlap']:.2f}, kinds {pair['kinds']:.2f}")
    for one in result.get("disputes", ()):
        lines.append(f"{one['title']:20} {one['id']}  overlap {one['overlap']:.2f}, kinds {one['kinds']:.2f}")
        lines += [f"  {id:24} {', '.join(hit['title'] for hit in near)}" for id, near in one["neighbours"].items()]
    return "\n".join(lines)
