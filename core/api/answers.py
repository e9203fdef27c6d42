"""What is found, and what there is, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from core import __version__
from core.api.errors import HEADERS, ApiError
from core.compare.gallery import searchable
from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.engine.backbones import BACKBONES
from core.engine.backbones import get as get_backbone
from core.engine.catalogues import CATALOGUES, Catalogue, get, photos
from core.engine.catalogues.items import Item, split_id
from core.engine.files.manifest import REPAIR, load_manifest
from core.engine.search import process
from core.engine.search.answers import as_json
from core.engine.search.engine import Hit, SearchEngine, SearchResult
from core.engine.search.query import Choice, Query
from core.engine.search.remote import on_offer
from core.errors import ArtifactError, DataError, UnknownNameError, VitrineError, sentence
from core.own.ingest.incoming import Skipped
from core.own.queries import QuerySet, results_json

_ELSEWHERE = "That photo is not on this server; it is published at {url}."
_NOWHERE = "That photo is not on this server."


def sent(content: dict[str, Any]) -> Response:
    """What goes out."""
    return JSONResponse(content, headers=HEADERS)


def found(query: str, result: SearchResult, base: str, engine: SearchEngine) -> dict[str, Any]:
    """A result as `python -m core search --json` gives it, with where each hit's picture is.

    Args:
        query: What was asked for.
        result: Its hits.
        base: Where the API is, such as "/api".
        engine: What it was found with.
    """
    content = as_json(engine.backbone_id, query, result)
    content["notices"] = [*map(str, engine.notices()), *content["notices"]]
    for entry, hit in zip(content["hits"], result.hits, strict=True):
        entry["picture"] = _address(hit, base)
    return content


def _address(hit: Hit | Item, base: str) -> str | None:
    """Where the picture of a hit is: a path of this server, or where it is published."""
    if photos.has(hit.id):
        return f"{base}/picture?item={quote(hit.id, safe='/')}"
    try:
        return photos.public_url(hit.id) or None
    except UnknownNameError:
        return None


def catalogues() -> dict[str, Any]:
    """Every catalogue that ships, and those in Milvus that can be opened now, as their records say."""
    names = ("id", "title", "description", "n_items", "licence", "source", "has_colours")
    records = [
        {name: getattr(record, name) for name in names}
        | {"labels": [{"label": label, "title": title} for label, title in record.classes.items()]}
        for record in [*CATALOGUES.values(), *_opened()]
    ]
    return {"catalogues": records}


def _opened() -> list[Catalogue]:
    found = []
    with suppress(VitrineError):  # it does not answer: what is here does
        for name in on_offer():
            with suppress(DataError):  # made with another backbone, for one
                process.engine().gallery(name)
                found.append(get(name))
    return found


def items(catalogue: str, label: str, limit: int, after: str, base: str) -> dict[str, Any]:
    """The items of a catalogue in its order, from the one after `after` on, and the cursor of the next ones.

    Raises:
        UnknownNameError: There is no item `after`.
        ArtifactError: The items cannot be used.
    """
    gallery = process.engine().gallery(catalogue)
    page = gallery.page(
        Choice(frozenset({label}) if label else None), limit, after=gallery.items.position(after) if after else -1
    )
    rows = [gallery.items.row(position) for position in page.positions]
    found = [{**asdict(row), "picture": _address(row, base)} for row in rows]
    return {"items": found, "next": rows[-1].id if page.n > limit else None}


def embedded(engine: SearchEngine, query: Query) -> dict[str, Any]:
    """The embedding of a picture or of words, L2-normalised.

    Raises:
        ImageError: The picture cannot be read.
        VitrineError: The backbone understands no words.
    """
    embedding = engine.embed(query)[0]
    return {
        "backbone": engine.backbone_id,
        "dim": len(embedding),
        "embedding": [round(float(value), 7) for value in embedding],
    }


def matched(queries: QuerySet, least: float, left_out: Sequence[Skipped]) -> dict[str, Any]:
    """The answers to many queries: what is at least so similar; none is "no match"."""
    found = results_json(queries.results, least)
    return {"min_similarity": least, "queries": found, "skipped": skipped(left_out)}


def skipped(left_out: Sequence[Skipped]) -> list[dict[str, str]]:
    """What was left out, and why."""
    return [{"name": str(one.name), "reason": str(one.reason)} for one in left_out]


def picture(item_id: str) -> tuple[bytes, str]:
    """The picture of an item as its catalogue's reader gives it, and its media type.

    Raises:
        UnknownNameError: There is no such item.
        ApiError: 404, the photo is not on this computer; says where it is published.
        ArtifactError: The items or the pictures cannot be used.
        DataError: The local data set cannot be read.
    """
    process.engine().gallery(split_id(item_id)[0]).items.position(item_id)
    if not photos.has(item_id):
        url = photos.public_url(item_id)
        raise ApiError(404, _ELSEWHERE.format(url=url) if url else _NOWHERE)
    return photos.file(item_id)


def health() -> dict[str, Any]:
    """How the server is, without loading or hashing anything.

    Raises:
        ArtifactError: The manifest is damaged, or a file that every search needs is not there or too short.
    """
    for name, entry in load_manifest()["files"].items():
        path = artifacts_dir() / name
        replaceable = name.endswith(".hnsw")  # exact search stands in for a graph
        if not replaceable and (not path.is_file() or path.stat().st_size != entry["bytes"]):
            raise ArtifactError(name, sentence("api.incomplete"), REPAIR)
    engine = process.engine()
    return {
        "status": "ok",
        "version": __version__,
        "backbone": DEFAULT_BACKBONE,
        "loaded": engine.loaded,
        "artifacts": "verified" if engine.loaded else "present",
        "notices": [str(notice) for notice in engine.notices()],
    }


def backbones() -> dict[str, Any]:
    """Every backbone that has a name here, whether it can search here, and which catalogues it has an index of.

    Raises:
        ArtifactError: The manifest cannot be used.
    """
    indexes = load_manifest()["indexes"]
    names = (
        *("id", "title", "architecture", "dim", "input_size", "licence", "source", "trained_on", "has_text"),
        "n_parameters",
    )
    able = searchable()
    records = [
        {name: getattr(record, name) for name in names}
        | {"searchable": record.id in able}
        | {"indexed": [catalogue for catalogue in CATALOGUES if f"{record.id}/{catalogue}" in indexes]}
        for record in map(get_backbone, dict.fromkeys([*BACKBONES, *able]))
    ]
    return {"default": DEFAULT_BACKBONE, "backbones": records}
