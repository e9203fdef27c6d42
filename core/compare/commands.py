"""`python -m core compare`: what several backbones find for one query, and where they disagree most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.compare.agreement import disputes, pairs
from core.compare.gallery import compare_engine
from core.compare.side_by_side import Answer, ask
from core.engine.search.query import Query
from core.errors import VitrineError

N_DISPUTES = 6


def compared(backbone_ids: Sequence[str], query: Path | str, k: int) -> dict[str, Any]:
    """Ask each backbone in turn.

    Args:
        backbone_ids: At least two.
        query: A photo's path, or an item's id.
        k: How many hits.

    Returns:
        `answers` (of each backbone: hits and milliseconds) and `pairs` (of every two: overlap and label agreement).

    Raises:
        VitrineError: A backbone or the picture cannot be used.
    """
    subject = Query(item=query, k=k) if isinstance(query, str) else Query(photo=query, name=query.name, k=k)
    answers = [_usable(ask(id, subject)) for id in dict.fromkeys(backbone_ids)]
    found = {answer.backbone_id: [(hit.id, hit.title) for hit in answer.hits] for answer in answers}
    return {"answers": [_as_json(answer) for answer in answers], "pairs": [asdict(pair) for pair in pairs(found, k)]}


def _usable(answer: Answer) -> Answer:
    if answer.estimate:
        command = f"python -m core build --backbone {answer.backbone_id}"
        raise VitrineError(f"The gallery of {answer.backbone_id} has not been built. Run: {command}")
    if answer.problem:
        raise VitrineError(answer.problem)
    return answer


def _as_json(answer: Answer) -> dict[str, Any]:
    hits = [{"id": hit.id, "title": hit.title, "similarity": round(hit.similarity, 5)} for hit in answer.hits]
    timings = {"embed_ms": answer.embed_ms, "search_ms": answer.search_ms}
    return {"backbone": answer.backbone_id, "hits": hits, "n_items": answer.n_items, **timings}


def disputed(backbone_ids: Sequence[str], k: int, seed: int) -> dict[str, Any]:
    """The items on which backbones disagree most: `disputes`, each with ids, titles and the mean overlap.

    Raises:
        VitrineError: A gallery is missing or damaged.
    """
    found = disputes(list(dict.fromkeys(backbone_ids)), N_DISPUTES, k, seed)
    engine = compare_engine(backbone_ids[0])

    def item(place: tuple[str, int]) -> dict[str, str]:
        row = engine.gallery(place[0]).items.row(place[1])
        return {"id": row.id, "title": row.title}

    rows = [
        item(one.item)
        | {"overlap": one.overlap, "neighbours": {id: list(map(item, near)) for id, near in one.neighbours.items()}}
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
        lines.append(
            f"{pair['first']} and {pair['second']}: overlap {pair['overlap']:.2f}, labels {pair['labels']:.2f}"
        )
    for one in result.get("disputes", ()):
        lines.append(f"{one['title']:20} {one['id']}  overlap {one['overlap']:.2f}")
        lines += [f"  {id:24} {', '.join(hit['title'] for hit in near)}" for id, near in one["neighbours"].items()]
    return "\n".join(lines)
