"""What is found, and what there is, as JSON."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

from core import __version__, shared
from core.artifacts import REPAIR, load_manifest
from core.backbones import BACKBONES
from core.catalogues import CATALOGUES
from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.errors import ArtifactError, UnknownNameError
from core.search import Hit, SearchResult


def found(query: str, result: SearchResult, base: str) -> dict[str, Any]:
    """A result in the form of `python -m core search --json`, with more about each hit.

    Args:
        query: What was asked for.
        result: Its hits.
        base: Where the API is, such as "/api".
    """
    return {
        "backbone": DEFAULT_BACKBONE,
        "query": query,
        "hits": [_hit(hit, base) for hit in result.hits],
        "timings_ms": {stage: round(ms, 2) for stage, ms in result.timings_ms.items()},
    }


def _hit(hit: Hit, base: str) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "id": hit.id,
        "catalogue": hit.catalogue,
        "label": hit.label,
        "similarity": round(hit.similarity, 5),
        "title": hit.title,
        "closer_than": _known(hit.closer_than),
        "same_kind": _known(hit.same_kind),
        "picture": _address(hit, base),
    }


def _known(share: float) -> float | None:
    return None if math.isnan(share) else round(share, 5)


def _address(hit: Hit, base: str) -> str | None:
    """Where the picture of a hit is: a path of this server, or where it is published."""
    from core.catalogues.clothing import public_url

    if hit.catalogue == "fashion-mnist":
        return f"{base}/picture?item={quote(hit.id, safe='/')}"
    try:
        return public_url(hit.id) if hit.catalogue == "clothing" else None
    except UnknownNameError:
        return None


def picture(item_id: str) -> bytes:
    """The PNG of an item of Fashion-MNIST, every pixel four times as wide and as high.

    Raises:
        UnknownNameError: There is no such item.
        ArtifactError: The items or the pictures cannot be used.
    """
    gallery = shared.engine().gallery("fashion-mnist")
    return shared.grey_pictures().png(gallery.items.position(item_id))


def health() -> dict[str, Any]:
    """How the server is, without loading or hashing anything.

    Raises:
        ArtifactError: The manifest is damaged, or a file that every search needs is not there or too short.
    """
    for name, entry in load_manifest()["files"].items():
        path = artifacts_dir() / name
        replaceable = name.endswith(".hnsw")  # exact search stands in for a graph
        if not replaceable and (not path.is_file() or path.stat().st_size != entry["bytes"]):
            raise ArtifactError(name, "is missing or not as long as it should be", REPAIR)
    engine = shared.engine()
    return {
        "status": "ok",
        "version": __version__,
        "backbone": DEFAULT_BACKBONE,
        "loaded": engine.loaded,
        "artifacts": "verified" if engine.loaded else "present",
        "notices": engine.notices(),
    }


def backbones() -> dict[str, Any]:
    """Every backbone of the registry, and which catalogues it has an index of.

    Raises:
        ArtifactError: The manifest cannot be used.
    """
    indexes = load_manifest()["indexes"]
    names = ("id", "title", "architecture", "dim", "input_size", "licence", "source", "has_text", "n_parameters")
    records = [
        {name: getattr(record, name) for name in names}
        | {"indexed": [catalogue for catalogue in CATALOGUES if f"{record.id}/{catalogue}" in indexes]}
        for record in BACKBONES.values()
    ]
    return {"default": DEFAULT_BACKBONE, "backbones": records}
