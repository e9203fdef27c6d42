"""What is found, and what there is, as JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from core import __version__
from core.api.errors import ApiError
from core.compare.gallery import searchable
from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES, photos
from core.engine.catalogues.items import split_id
from core.engine.files.manifest import REPAIR, load_manifest
from core.engine.search import process
from core.engine.search.answers import as_json
from core.engine.search.engine import Hit, SearchEngine, SearchResult
from core.errors import ArtifactError, UnknownNameError, sentence

_ELSEWHERE = "That photo is not on this server; it is published at {url}."
_NOWHERE = "That photo is not on this server."


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


def _address(hit: Hit, base: str) -> str | None:
    """Where the picture of a hit is: a path of this server, or where it is published."""
    if photos.has(hit.id):
        return f"{base}/picture?item={quote(hit.id, safe='/')}"
    try:
        return photos.public_url(hit.id) or None
    except UnknownNameError:
        return None


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
    """Every backbone of the registry, whether it can search here, and which catalogues it has an index of.

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
        for record in BACKBONES.values()
    ]
    return {"default": DEFAULT_BACKBONE, "backbones": records}
