"""The API in OpenAPI 3.1: `openapi.json`, written by hand, and what of it follows from settings and data.

Tests hold every answer against it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core import __version__
from core.api.asked import ALL, LONGEST, MAX_CLASSES, MAX_LABELS, MAX_PAGE, SEEN, options_of
from core.compare.gallery import searchable
from core.config import (
    API_BURST_S,
    API_MAX_BATCH,
    API_SEARCH_MEGAPIXELS,
    DEFAULT_BACKBONE,
    DEFAULT_K,
    MAX_IMAGE_BYTES,
    MAX_K,
    MAX_LESS_ITEMS,
    api_per_minute,
    milvus,
)
from core.engine.catalogues import CATALOGUES
from core.engine.looks.vocabulary import WORDS

FILE = Path(__file__).with_name("openapi.json")
_ABOUT = """The searches of Vitrine for other programs. Nothing here changes anything, and nothing of a request is
kept. Every refusal is a problem (RFC 9457): `detail` is one plain sentence, `code` says the same to programs. There is
no key and no CORS: put the server behind a proxy that has them if you need them.

A few searches are made at a time, in turn for all who ask. {rate} Who is over it gets 429, and `Retry-After` says
when there is room again, in seconds."""
_RATE = """One client, which is one address, may make {per_minute} searches a minute, {burst} of them at once, and
look at ten times as many pictures. A photo counts as one search for every {megapixels} megapixels; those of a PNG with
16 bits count double, those of a JPEG as a third."""
_NO_RATE = "How much one client asks is not limited on this server."


def description(base: str = "/api") -> dict[str, Any]:
    """The whole description, for an API at `base`."""
    text = FILE.read_text("utf-8").replace("{megabytes}", f"{MAX_IMAGE_BYTES / 1e6:g} MB")
    whole: dict[str, Any] = json.loads(text)
    whole["info"] |= {"version": __version__, "description": _about(api_per_minute())}
    whole["paths"] = {base + path.removeprefix("/api"): methods for path, methods in whole["paths"].items()}
    _bound(whole["components"]["schemas"])
    options = {name: one["schema"] for name, one in whole["components"]["parameters"].items() if name != "item"}
    _bound_options(options)
    page = {one["name"]: one["schema"] for one in whole["paths"][f"{base}/items"]["get"]["parameters"]}
    page["limit"] |= {"maximum": MAX_PAGE, "default": MAX_PAGE}
    search, batch = (
        whole["paths"][f"{base}/{path}"]["post"]["requestBody"]["content"] for path in ("search", "search/batch")
    )
    several = batch["multipart/form-data"]["schema"]
    several["properties"]["image"]["maxItems"] = API_MAX_BATCH
    forms = (search["multipart/form-data"]["schema"], several)
    for body in (*forms, *search["application/json"]["schema"]["oneOf"]):
        names = options_of(body["required"][0])
        body["properties"] |= {name: {"$ref": f"#/components/parameters/{name}/schema"} for name in names}
    return whole


def _about(per_minute: int) -> str:
    burst = max(1, per_minute * API_BURST_S // 60)
    rate = _RATE.format(per_minute=per_minute, burst=burst, megapixels=API_SEARCH_MEGAPIXELS)
    return _ABOUT.replace("{rate}", rate if per_minute else _NO_RATE)


def _bound(schemas: dict[str, Any]) -> None:
    """Fill in how long texts and lists may be, and the catalogues."""
    for name, subject in (("Item", "item"), ("Words", "text"), ("Address", "image_url"), ("Name", "classifier")):
        schemas[name] |= {"maxLength": LONGEST[subject], "pattern": SEEN}
    if not milvus():
        schemas["Catalogue"]["enum"] = list(CATALOGUES)
    schemas["Hit"]["properties"]["rank"]["maximum"] = MAX_K
    schemas["Found"]["properties"]["hits"]["maxItems"] = MAX_K


def _bound_options(options: dict[str, Any]) -> None:
    """Fill in the same for the options of a search."""
    labels = [f"{catalogue.id}/{label}" for catalogue in CATALOGUES.values() for label in catalogue.classes]
    options["k"] |= {"maximum": MAX_K, "default": DEFAULT_K}
    options["catalogue"] |= {"type": "string", "default": ALL}
    options["labels"]["maxItems"] = MAX_LABELS
    if not milvus():  # whose catalogues and labels are not asked for here
        options["catalogue"]["enum"] = [ALL, *CATALOGUES]
        options["labels"]["items"] = {"enum": labels}
    for attribute in ("colour", "pattern"):
        options[f"{attribute}s"] |= {"items": {"enum": list(WORDS[attribute])}, "maxItems": MAX_CLASSES}
    options["backbone"] |= {"enum": searchable(), "default": DEFAULT_BACKBONE}
    options["less_items"]["maxItems"] = MAX_LESS_ITEMS
