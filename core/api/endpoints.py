"""The addresses of the API, and the application that answers at them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from core import __version__
from core.api import answers
from core.api.asked import (
    OPTIONS,
    SUBJECTS,
    check_names,
    check_options,
    check_subject,
    engine_for,
    from_texts,
    options_of,
    region_of,
)
from core.api.body import drain, media_type, megapixels_of, open_form, read_json
from core.api.description import description
from core.api.errors import HANDLERS, HEADERS, ApiError
from core.api.limits import Gate, RateLimit, client_of
from core.api.more import More
from core.config import (
    API_MAX_UPLOADS,
    API_MAX_UPLOADS_EACH,
    API_MAX_WAITING,
    API_MAX_WAITING_EACH,
    API_PATIENCE_S,
    API_PICTURE_COST,
    API_SEARCH_MEGAPIXELS,
    MAX_SEARCHES,
    URL_PARALLEL,
    allow_urls,
    api_per_minute,
)
from core.engine.backbones import get
from core.engine.embedders.base import enough_for
from core.engine.images.decode import megapixels
from core.engine.images.region import Region
from core.engine.search.query import Query
from core.engine.turns import Turns, places_for
from core.own.ingest.addresses import UrlError
from core.own.ingest.fetch import fetch_url

T = TypeVar("T")
_NOT_ACCEPTED = "Send a picture as multipart/form-data, or an item or words as application/json."
URLS_OFF = "Pictures are not fetched from the web by this server; send the picture itself instead."
_SHOWN_NAME = 100  # characters of a file's name


class Api:
    """The endpoints of one application, with the gates that all its requests pass.

    Attributes:
        base: Where the API is, such as "/api".
    """

    def __init__(self, base: str):
        self.base = base
        self._rate = RateLimit(api_per_minute())
        self._looking = anyio.CapacityLimiter(MAX_SEARCHES)  # at headers, for which a whole file is read
        self._uploads = Turns(API_MAX_UPLOADS, API_MAX_UPLOADS_EACH)
        self._fetches = Turns(URL_PARALLEL)
        self._fetching = Gate()
        self._uploading, self._searching = (
            Gate(API_MAX_WAITING, API_MAX_WAITING_EACH, API_PATIENCE_S) for _ in range(2)
        )

    async def index(self, request: Request) -> Response:
        """Say what this is and where it is described."""
        _only(request)
        links = {"description": f"{self.base}/openapi.json", "documentation": f"{self.base}/docs"}
        return answers.sent({"name": "Vitrine", "version": __version__, **links})

    async def openapi(self, request: Request) -> Response:
        """The description of all this."""
        _only(request)
        return answers.sent(description(self.base))

    async def health(self, request: Request) -> Response:
        """How the server is."""
        _only(request)
        return answers.sent(await anyio.to_thread.run_sync(answers.health))

    async def backbones(self, request: Request) -> Response:
        """What can embed."""
        _only(request)
        return answers.sent(await anyio.to_thread.run_sync(answers.backbones))

    async def picture(self, request: Request) -> Response:
        """The picture of an item, where it is on this computer."""
        self._rate.spend(client_of(request), API_PICTURE_COST)
        _, item = check_subject(_only(request, "item"), ("item",))
        content, kind = await anyio.to_thread.run_sync(answers.picture, item)
        return Response(content, 200, HEADERS | {"Cache-Control": "public, max-age=86400"}, kind)

    async def similar(self, request: Request) -> Response:
        """Items like an item."""
        client = client_of(request)
        self._rate.spend(client)
        return await self._by_subject(client, _only(request, "item", *OPTIONS), ("item",))

    async def search(self, request: Request) -> Response:
        """Items like a picture, like an item, or as words say."""
        kind = media_type(request)
        if kind not in ("multipart/form-data", "application/json"):
            raise ApiError(415, _NOT_ACCEPTED)
        _only(request)
        client = client_of(request)
        async with self.body_of(request):
            if kind == "application/json":
                values = await read_json(request)
                check_names(values, (*SUBJECTS, *options_of("image_url" if "image_url" in values else "")))
                return await self._by_subject(client, values, SUBJECTS)
            async with open_form(request) as (picture, fields):
                values = from_texts(fields)
                check_names(values, options_of("image"))
                return await self._by_picture(client, picture, values)

    @asynccontextmanager
    async def body_of(self, request: Request) -> AsyncIterator[None]:
        """Hold a place among the requests whose body is in hand; who gets none is heard out, to read why."""
        client = client_of(request)
        async with AsyncExitStack() as held:
            try:
                self._rate.spend(client)
                await held.enter_async_context(self._uploading.enter(client, self._uploads))
            except ApiError:
                await drain(request)
                raise
            yield

    def only(self, request: Request, *known: str) -> dict[str, Any]:
        """The fields of the query string, all of them known."""
        return _only(request, *known)

    def spend(self, request: Request, cost: float = 1.0) -> None:
        """Count what a request costs, in searches."""
        self._rate.spend(client_of(request), cost)

    def name_of(self, picture: UploadFile) -> str:
        """What the client calls a file."""
        return (picture.filename or "").replace("\\", "/").rpartition("/")[2][:_SHOWN_NAME] or "picture"

    async def sizes(self, pictures: Sequence[UploadFile], backbone: str, region: Region | None = None) -> list[float]:
        """What decoding each picture, or a region of each, for a backbone costs, in megapixels."""

        def look() -> list[float]:
            return [megapixels_of(picture, backbone, region) for picture in pictures]

        return await anyio.to_thread.run_sync(look, limiter=self._looking)

    async def searching(self, client: str, work: Callable[[], T], sizes: Sequence[float] = ()) -> T:
        """Do something in a thread when it is a client's turn.

        Args:
            client: Whose turn it must be.
            work: What to do.
            sizes: Megapixels of the pictures; a large one counts as several searches.
        """
        self._rate.spend(client, sum(max(0.0, size / API_SEARCH_MEGAPIXELS - 1) for size in sizes))
        async with self._searching.enter(client, *places_for(max(sizes, default=0.0))):
            return await anyio.to_thread.run_sync(work)

    async def _by_picture(self, client: str, picture: UploadFile, values: dict[str, Any]) -> Response:
        (backbone, ask), region = check_options(values), region_of(values)
        name, sizes = self.name_of(picture), await self.sizes([picture], backbone, region)
        # The bytes are in memory only while they are looked at.
        return await self._answer(
            client, name, backbone, lambda: ask(photo=picture.file.read(), name=name, region=region), sizes
        )

    async def _by_subject(self, client: str, values: dict[str, Any], known: tuple[str, ...]) -> Response:
        (backbone, ask), region = check_options(values), region_of(values)
        kind, value = check_subject(values, known)
        if kind != "image_url":
            return await self._answer(client, value, backbone, lambda: ask(**{kind: value}))
        # A slow host holds a place of its own, never one of the searches'; it has it for as long as the photo is kept.
        async with self._fetching.enter(client, self._fetches):
            photo = await anyio.to_thread.run_sync(_fetch, value)
            size = await anyio.to_thread.run_sync(lambda: megapixels(photo, enough_for(get(backbone), region)))
            return await self._answer(client, value, backbone, lambda: ask(photo=photo, region=region), (size,))

    async def _answer(
        self, client: str, name: str, backbone: str, query: Callable[[], Query], sizes: Sequence[float] = ()
    ) -> Response:
        def search() -> dict[str, Any]:
            engine = engine_for(backbone)
            return answers.found(name, engine.search(query()), self.base, engine)

        return answers.sent(await self.searching(client, search, sizes))


def _fetch(url: str) -> bytes:
    """The bytes of what claims to be a picture at an address. Runs in a thread, for up to `URL_TOTAL_S` seconds.

    Raises:
        ApiError: 403 while URLs are off; 422 where the address is refused or gives nothing within the limits.
    """
    if not allow_urls():
        raise ApiError(403, URLS_OFF)
    try:
        return fetch_url(url)
    except UrlError as error:
        raise ApiError(422, str(error)) from error


def _only(request: Request, *known: str) -> dict[str, Any]:
    """The fields of the query string, all of them known."""
    values = from_texts(request.query_params.multi_items())
    check_names(values, known)
    return values


def application(prefix: str = "") -> Starlette:
    """The API alone, at `{prefix}/api`; also what tests talk to."""
    api = Api(f"{prefix}/api")
    more = More(api)
    gets = {
        "": api.index,
        "/": api.index,
        "/openapi.json": api.openapi,
        "/health": api.health,
        "/backbones": api.backbones,
        "/similar": api.similar,
        "/picture": api.picture,
        **more.gets,
    }
    posts = {"/search": api.search, **more.posts}
    routes = [Route(api.base + path, endpoint, methods=["GET"]) for path, endpoint in gets.items()]
    routes += [Route(api.base + path, endpoint, methods=["POST"]) for path, endpoint in posts.items()]
    app = Starlette(routes=routes, exception_handlers=HANDLERS)
    app.router.redirect_slashes = False
    return app


def routes(prefix: str = "") -> list[BaseRoute]:
    """The API as routes of another application: everything below `{prefix}/api` is answered here."""
    app = application(prefix)
    return [Route(f"{prefix}/api", app), Route(f"{prefix}/api/{{path:path}}", app)]
