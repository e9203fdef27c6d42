"""The API in OpenAPI 3.1, written by hand; tests hold every answer against it."""

from __future__ import annotations

from typing import Any

from core import __version__
from core.api.asked import ALL, LONGEST, MAX_LABELS, SEEN
from core.compare.gallery import searchable
from core.config import (
    API_BURST_S,
    API_MAX_TEXT,
    DEFAULT_BACKBONE,
    DEFAULT_K,
    MAX_IMAGE_BYTES,
    MAX_K,
    MAX_LESS_ITEMS,
    api_per_minute,
)
from core.engine.catalogues import CATALOGUES

_ABOUT = """The searches of Vitrine for other programs. Nothing here changes anything, and nothing of a request is
kept. Every refusal is `{"error": "one plain sentence"}`. There is no key and no CORS: put the server behind a proxy
that has them if you need them.

A few searches are made at a time, and few wait. {rate} Who is over it gets 429, and `Retry-After` says when there is
room again, in seconds."""
_RATE = """One client, which is one address, may make {per_minute} searches a minute, {burst} of them at once, and
look at ten times as many pictures."""
_NO_RATE = "How much one client asks is not limited on this server."
_ALL = "all leaves those without colours out where text or but names a colour, and says so in notices."
_MB = f"{MAX_IMAGE_BYTES / 1e6:g} MB"
_REASONS = {
    400: "The body is not what it says it is.",
    403: "Pictures are not fetched from the web by this server.",
    404: "There is no such item.",
    408: "The body took too long to arrive.",
    413: f"The body is too long; a picture may have {_MB}.",
    415: "Neither a form nor JSON, or not a picture of an accepted type (JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF).",
    422: "A value is missing, unknown or out of range, or the picture cannot be decoded.",
    429: "Too much is being asked at the moment, or by this client.",
    500: "A mistake of the server.",
    503: "A file that the answer needs is damaged.",
}
_SEARCH_REFUSALS = (404, 422, 429, 500, 503)

Schema = dict[str, Any]


def description(base: str = "/api") -> Schema:
    """The whole description, for an API at `base`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vitrine",
            "version": __version__,
            "summary": "Visual similarity search over fashion.",
            "description": _about(api_per_minute()),
        },
        "paths": {
            base: {"get": _get("index", "What this is", "Index")},
            f"{base}/openapi.json": {"get": _get("openapi", "This description", None)},
            f"{base}/health": {"get": _get("health", "How the server is; costs nothing", "Health", 503)},
            f"{base}/backbones": {"get": _get("backbones", "What can embed a picture", "Backbones", 503)},
            f"{base}/search": {"post": _search()},
            f"{base}/similar": {"get": _similar()},
            f"{base}/picture": {"get": _picture()},
        },
        "components": {"schemas": _SCHEMAS},
    }


def _about(per_minute: int) -> str:
    burst = max(1, per_minute * API_BURST_S // 60)
    return _ABOUT.replace("{rate}", _RATE.format(per_minute=per_minute, burst=burst) if per_minute else _NO_RATE)


def _get(id: str, summary: str, schema: str | None, *refusals: int) -> Schema:
    answer = _ref(schema) if schema else {"type": "object"}
    return _operation(id, summary, _content("application/json", answer), (422, 500, *refusals))


def _search() -> Schema:
    picture = {"type": "string", "format": "binary", "description": f"The picture's file, at most {_MB}."}
    form = _object({"image": picture, **_options()}, ["image"])
    subjects = [
        _object({name: _text(length), **_options()}, [name]) | {"title": f"By {name}"}
        for name, length in LONGEST.items()
    ]
    answer = _content("application/json", _ref("Found"))
    operation = _operation(
        "search",
        "The items closest to a picture, to an item, or to words",
        answer,
        (400, 403, 408, 413, 415, *_SEARCH_REFUSALS),
    )
    types = "image/jpeg, image/png, image/webp, image/avif, image/gif, image/bmp, image/tiff"
    operation["requestBody"] = {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": form, "encoding": {"image": {"contentType": types}}},
            "application/json": {"schema": {"oneOf": subjects}},
        },
    }
    return operation


def _similar() -> Schema:
    operation = _operation(
        "similar",
        "The items closest to an item, which is itself left out",
        _content("application/json", _ref("Found")),
        _SEARCH_REFUSALS,
    )
    operation["parameters"] = [
        _parameter("item", _text(LONGEST["item"]), required=True),
        *(_parameter(name, schema) for name, schema in _options().items()),
    ]
    return operation


def _picture() -> Schema:
    kinds = ("image/png", "image/jpeg")
    content = {kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in kinds}
    summary = "The picture of an item; photos only where the data set is on the server"
    operation = _operation("picture", summary, content, _SEARCH_REFUSALS)
    operation["parameters"] = [_parameter("item", _text(LONGEST["item"]), required=True)]
    return operation


def _operation(id: str, summary: str, content: Schema, refusals: tuple[int, ...]) -> Schema:
    responses: Schema = {"200": {"description": "The answer.", "content": content}}
    for status in sorted(refusals):
        responses[str(status)] = {
            "description": _REASONS[status],
            "content": _content("application/json", _ref("Error")),
        }
        if status == 429:
            whole = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds.", "required": True}
            responses["429"]["headers"] = {"Retry-After": whole}
    return {"operationId": id, "summary": summary, "responses": responses}


def _options() -> dict[str, Schema]:
    labels = [f"{catalogue.id}/{label}" for catalogue in CATALOGUES.values() for label in catalogue.classes]
    return {
        "k": {"type": "integer", "minimum": 1, "maximum": MAX_K, "default": DEFAULT_K},
        "catalogue": {"enum": [ALL, *CATALOGUES], "default": ALL, "description": _ALL},
        "min_similarity": {"type": "number", "minimum": -1, "maximum": 1, "default": -1},
        "labels": {"type": "array", "items": {"enum": labels}, "maxItems": MAX_LABELS, "default": []},
        "backbone": {
            "enum": searchable(),
            "default": DEFAULT_BACKBONE,
            "description": "What embeds; of those that /backbones lists, the ones that have an index.",
        },
        "but": _text(API_MAX_TEXT) | {"description": "Words that are added to the query."},
        "less": _text(API_MAX_TEXT) | {"description": "Words that are taken away from it."},
        "weight": {"type": "number", "minimum": 0, "maximum": 1, "description": "Share of but and less."},
        "less_items": {
            "type": "array",
            "items": _text(LONGEST["item"]),
            "maxItems": MAX_LESS_ITEMS,
            "default": [],
            "description": "Ids of items that the query is pushed away from; they are not found themselves.",
        },
    }


def _text(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": SEEN}


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _closed(properties: Schema) -> Schema:
    return _object(properties, list(properties))


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(media_type: str, schema: Schema) -> Schema:
    return {media_type: {"schema": schema}}


def _parameter(name: str, schema: Schema, required: bool = False) -> Schema:
    return {"name": name, "in": "query", "required": required, "schema": schema}


_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_CATALOGUE: Schema = {"enum": list(CATALOGUES)}
_HIT: dict[str, Schema] = {
    "rank": {"type": "integer", "minimum": 1, "maximum": MAX_K, "description": "1 is the closest."},
    "id": _TEXT,
    "catalogue": _CATALOGUE,
    "label": _TEXT | {"description": "The data set's own."},
    "similarity": {"type": "number", "minimum": -1, "maximum": 1, "description": "Cosine; higher is closer."},
    "title": _TEXT | {"description": "The label in plain words."},
    "closer_than": _SHARE | {"description": "Share of random pairs that are less similar; null for a changed query."},
    "same_kind": _SHARE | {"description": "Probability of being the query's kind; null for a changed query."},
    "picture": {"type": ["string", "null"], "description": "Where the picture is; a path is one of this server."},
}
_FOUND: dict[str, Schema] = {
    "backbone": _TEXT,
    "query": _TEXT | {"description": "The file's name, the id or the words that were asked with."},
    "hits": {"type": "array", "items": _ref("Hit"), "maxItems": MAX_K, "description": "Closest first."},
    "notices": {"type": "array", "items": _TEXT, "description": "What one should know of the hits, as sentences."},
    "timings_ms": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
}
_HEALTH: dict[str, Schema] = {
    "status": {"const": "ok"},
    "version": _TEXT,
    "backbone": _TEXT,
    "loaded": {"type": "boolean", "description": "Whether a photo search has all it needs in memory."},
    "artifacts": {"enum": ["present", "verified"], "description": "verified: their sha256 was compared."},
    "notices": {"type": "array", "items": _TEXT},
}
_BACKBONE: dict[str, Schema] = {
    **dict.fromkeys(("id", "title", "architecture", "licence", "source"), _TEXT),
    **dict.fromkeys(("dim", "input_size", "n_parameters"), _COUNT),
    "has_text": {"type": "boolean"},
    "indexed": {"type": "array", "items": _CATALOGUE, "description": "Catalogues it has an index of."},
}
_BACKBONES: dict[str, Schema] = {
    "default": _TEXT,
    "backbones": {"type": "array", "items": _closed(_BACKBONE)},
}
_SCHEMAS: dict[str, Schema] = {
    "Error": _closed({"error": _TEXT | {"description": "One plain sentence."}}),
    "Index": _closed({"name": _TEXT, "version": _TEXT, "description": _TEXT}),
    "Hit": _closed(_HIT),
    "Found": _closed(_FOUND),
    "Health": _closed(_HEALTH),
    "Backbones": _closed(_BACKBONES),
}
