"""What a search found, as JSON: one form for the command line and the HTTP API."""

from __future__ import annotations

from typing import Any

from core.search import Hit, SearchResult


def as_json(backbone_id: str, query: str, result: SearchResult, calibrated: bool = True) -> dict[str, Any]:
    """A result as what `json.dumps` takes.

    Args:
        backbone_id: What it was found with.
        query: What was asked for.
        result: Its hits.
        calibrated: Whether the query is a picture: between words and pictures a similarity means something
            else, so that `closer_than` and `same_kind` are null there.
    """
    return {
        "backbone": backbone_id,
        "query": query,
        "hits": [_hit(hit, calibrated) for hit in result.hits],
        "timings_ms": {stage: round(ms, 2) for stage, ms in result.timings_ms.items()},
    }


def _hit(hit: Hit, calibrated: bool) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "id": hit.id,
        "catalogue": hit.catalogue,
        "label": hit.label,
        "similarity": round(hit.similarity, 5),
        "title": hit.title,
        "closer_than": round(hit.closer_than, 5) if calibrated else None,
        "same_kind": round(hit.same_kind, 5) if calibrated else None,
    }
