"""What a search found, as JSON: one form for the command line and the HTTP API."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.engine.catalogues import get
from core.engine.looks.agreement import Told
from core.engine.search.engine import Hit, SearchResult
from core.engine.search.words import listed
from core.errors import Sentence, sentence


def as_json(backbone_id: str, query: str, result: SearchResult) -> dict[str, Any]:
    """A result as what `json.dumps` takes; probabilities and `closer_than` are null where they are not known.

    Args:
        backbone_id: What it was found with.
        query: What was asked for.
        result: Its hits.
    """
    return {
        "backbone": backbone_id,
        "query": query,
        "reads": _told(result.reads),
        "hits": [_hit(hit) for hit in result.hits],
        "notices": [str(notice) for notice in notices(result)],
        "timings_ms": {stage: round(ms, 2) for stage, ms in result.timings_ms.items()},
    }


def notices(result: SearchResult) -> list[Sentence]:
    """What one should know of a result."""
    heard = [sentence("engine.translated", meant=meant, typed=typed) for typed, meant in result.heard.translated]
    heard += [sentence("engine.corrected", meant=meant, typed=typed) for typed, meant in result.heard.corrected]
    if not result.heard.understood:
        heard.append(sentence("engine.no-known-words"))
    elif result.heard.unknown:
        heard.append(sentence("engine.unknown-words", words=listed(result.heard.unknown)))
    left_out = [sentence("engine.no-colours", title=get(id).title, id=id) for id in result.left_out]
    return heard + left_out + [sentence("engine.grey", title=get(id).title) for id in result.grey]


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "id": hit.id,
        "catalogue": hit.catalogue,
        "label": hit.label,
        "similarity": round(hit.similarity, 5),
        "title": hit.title,
        "closer_than": _known(hit.closer_than),
        "same_kind": _known(hit.same_kind),
        "agrees": _told(hit.agrees),
    }


def _told(told: Mapping[str, Told]) -> dict[str, Any]:
    return {name: {"class": one.name, "probability": _known(one.probability)} for name, one in told.items()}


def _known(share: float) -> float | None:
    return None if math.isnan(share) else round(share, 5)
