"""What the map in the browser fetches: the points of a map, what else is known of items, and the picture of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.api.errors import HANDLERS, HEADERS, ApiError
from core.engine.backbones import get
from core.engine.catalogues import CATALOGUES
from core.engine.files.manifest import load_manifest, relative
from core.engine.files.paths import attributes_file
from core.engine.search import process
from core.errors import UnknownNameError
from core.maps import points as maps_data
from core.ui.components import cards
from core.ui.components.pictures import picture_of
from core.ui.visit import session
from core.ui.words import LANG, USUAL, WORDS, speaking

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def version(backbone_id: str) -> str:
    """What tells one version of a map from another, "" where there is none."""
    return _version(f"maps/{backbone_id}.npz")


def looks_version() -> str:
    """The same of what is known of items."""
    return "-".join(_version(relative(attributes_file(id))) for id in CATALOGUES)


def _version(name: str) -> str:
    return str(load_manifest()["files"].get(name, {}).get("sha256", ""))[:16]


def points(request: Request) -> Response:
    """The points of one map; see `maps_data.body`. The link names the version, so the browser keeps it."""
    backbone_id = get(request.path_params["backbone"]).id
    return _kept(request, maps_data.body(backbone_id), version(backbone_id))


def looks(request: Request) -> Response:
    """Of all items, by number, what is known of one attribute; see `maps_data.looks`."""
    attribute = request.path_params["attribute"]
    if attribute not in maps_data.LOOKS:
        raise UnknownNameError("attribute", attribute, maps_data.LOOKS)
    return _kept(request, maps_data.looks(attribute).tobytes(), looks_version())


def _kept(request: Request, content: bytes, now: str) -> Response:
    """Bytes that the browser keeps for ever, if it has asked for the version that they are."""
    headers = _FOREVER if request.query_params.get("v") == now else HEADERS
    return Response(content, 200, headers, "application/octet-stream")


def item(request: Request) -> Response:
    """An item by its number: id, and its picture as HTML of our own, named in the language that the link names."""
    with speaking(request.query_params.get(LANG, USUAL)):
        return _item(request)


def _item(request: Request) -> Response:
    try:
        catalogue, position = maps_data.place_of(request.path_params["number"])
    except IndexError:
        raise ApiError(404, "There is no item with this number.") from None
    gallery = process.engine().gallery(catalogue)
    row = gallery.items.row(position)
    alt = WORDS.browse.item_alt.format(title=session.called(row), catalogue=session.title_of(catalogue))
    picture = cards.picture_html(picture_of(gallery, position), alt)
    return JSONResponse({"id": row.id, "picture": picture}, headers=HEADERS | {"Cache-Control": "private, max-age=600"})


def application(prefix: str = "") -> Starlette:
    """The three addresses, below `{prefix}/maps`."""
    base = f"{prefix}/maps"
    gets = {"/points/{backbone}": points, "/looks/{attribute}": looks, "/items/{number:int}": item}
    routes = [Route(base + path, endpoint, methods=["GET"]) for path, endpoint in gets.items()]
    return Starlette(routes=routes, exception_handlers=HANDLERS)


def routes(prefix: str = "") -> list[BaseRoute]:
    """The same as routes of another application."""
    return [Route(f"{prefix}/maps/{{path:path}}", application(prefix))]
