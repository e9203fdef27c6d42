"""What other programs ask beside a search: what there is, embeddings, many pictures at once, classes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.api import answers
from core.api.asked import (
    check_names,
    check_options,
    check_page,
    check_subject,
    engine_for,
    from_texts,
    options_of,
    region_of,
)
from core.api.body import media_type, open_files, read_json
from core.api.description import description
from core.api.docs import page
from core.api.errors import HEADERS, ApiError, problem
from core.api.limits import client_of
from core.config import (
    API_MATCH,
    API_MAX_BATCH,
    API_MAX_BATCH_BYTES,
    API_MAX_MATCH_BYTES,
    DEFAULT_BACKBONE,
    HEAVY_MEGAPIXELS,
    classifiers_dir,
)
from core.engine.catalogues import CATALOGUES
from core.engine.search import process
from core.engine.search.remote import may_be
from core.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from core.api.endpoints import Api
    from core.classifier.model.classifier import Classifier
    from core.engine.embedders.base import Embedder
    from core.own.ingest.incoming import Skipped
    from core.own.queries import QuerySet

#: The page of the description is text and style; it loads and runs nothing.
_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_NO_SUBJECT = "Send a picture as multipart/form-data, or words as application/json."
_FORM_ONLY = "Send pictures as multipart/form-data."


class More:
    """These endpoints of one application, which pass the gates of the others."""

    def __init__(self, api: Api):
        self._api = api
        self.gets = {"/docs": self.docs, "/catalogues": self.catalogues, "/items": self.items}
        self.posts = {
            "/embed": self.embed,
            "/search/batch": self.batch,
            "/match": self.match,
            "/classify": self.classify,
        }

    async def docs(self, request: Request) -> Response:
        """The description for people."""
        self._api.only(request)
        return HTMLResponse(page(description(self._api.base)), headers=HEADERS | _POLICY)

    async def catalogues(self, request: Request) -> Response:
        """What can be searched."""
        self._api.only(request)
        return answers.sent(await anyio.to_thread.run_sync(answers.catalogues))

    async def items(self, request: Request) -> Response:
        """The items of a catalogue, page by page."""
        asked = check_page(self._api.only(request, "catalogue", "label", "limit", "cursor"))
        self._api.spend(request)
        return answers.sent(await anyio.to_thread.run_sync(partial(answers.items, base=self._api.base, **asked)))

    async def embed(self, request: Request) -> Response:
        """A picture or words as a vector."""
        self._api.only(request)
        kind = media_type(request)
        if kind not in ("multipart/form-data", "application/json"):
            raise ApiError(415, _NO_SUBJECT)
        async with self._api.body_of(request):
            if kind == "application/json":
                values = await read_json(request)
                check_names(values, ("text", "backbone"))
                backbone, ask = check_options(values)
                text = check_subject(values, ("text",))[1]
                return await self._run(request, lambda: answers.embedded(engine_for(backbone), ask(text=text)))
            async with self._pictures(request, ("backbone",), most=1) as (pictures, values):
                backbone, ask = check_options(values)
                name, picture = pictures[0]
                return await self._run(
                    request,
                    lambda: answers.embedded(engine_for(backbone), ask(photo=picture.file.read(), name=name)),
                    await self._api.sizes([picture for _, picture in pictures], backbone),
                )

    async def batch(self, request: Request) -> Response:
        """Items like each of several pictures."""
        async with self._form(request), self._pictures(request, options_of("image")) as (pictures, values):
            self._api.spend(request, len(pictures) - 1)
            (backbone, ask), region = check_options(values), region_of(values)

            def search() -> dict[str, Any]:
                engine = engine_for(backbone)
                for item in ask(text="any").wording.less_items:  # what is asked wrongly is refused for all pictures
                    engine.embedding_of(item)
                return {"answers": [one(engine, name, picture) for name, picture in pictures]}

            def one(engine: Any, name: str, picture: UploadFile) -> dict[str, Any]:
                try:
                    result = engine.search(ask(photo=picture.file.read(), name=name, region=region))
                except ImageError as error:
                    return {"query": name, "problem": problem(error)}
                return answers.found(name, result, self._api.base, engine)

            return await self._run(
                request, search, await self._api.sizes([picture for _, picture in pictures], backbone, region)
            )

    async def classify(self, request: Request) -> Response:
        """Pictures sorted with a saved classifier."""
        async with self._form(request), self._pictures(request, ("classifier",)) as (pictures, values):
            self._api.spend(request, len(pictures) - 1)
            _, name = check_subject(values, ("classifier",))
            sizes = await self._api.sizes([picture for _, picture in pictures], DEFAULT_BACKBONE)
            return await self._run(request, lambda: _classified(name, pictures), sizes)

    async def match(self, request: Request) -> Response:
        """Many queries against a catalogue: what is at least so similar, or no match."""
        from core.own.queries import results_csv

        async with self._form(request), open_files(request, API_MAX_MATCH_BYTES, 2) as (files, fields):
            values = from_texts(fields)
            check_names(values, ("catalogue", "k", "min_similarity", "format"))
            form = values.pop("format", "json")
            if form not in ("json", "csv"):
                raise ApiError(422, "format must be json or csv.")
            _, ask = check_options({name: value for name, value in values.items() if name != "catalogue"})
            options = ask(text="any")  # each query is a subject of its own
            least, k = options.filters.min_similarity, options.k
            archives, built = dict(files), values.get("catalogue", "")
            if "queries" not in archives or ("gallery" in archives) == bool(built) or len(archives) != len(files):
                raise ApiError(422, "The form must hold two ZIPs, queries and gallery, or catalogue for the second.")
            self._api.spend(request, API_MAX_BATCH)

            def answer() -> Response:
                queries, skipped = _matched(archives, str(built), k)
                if form == "csv":
                    return Response(results_csv(queries.results, least), 200, HEADERS, "text/csv")
                return answers.sent(answers.matched(queries, least, skipped))

            # One at a time, as heavy pictures are: an archive may hold many of them.
            return await self._api.searching(client_of(request), answer, (HEAVY_MEGAPIXELS + 1,))

    @asynccontextmanager
    async def _form(self, request: Request) -> AsyncIterator[None]:
        self._api.only(request)
        if media_type(request) != "multipart/form-data":
            raise ApiError(415, _FORM_ONLY)
        async with self._api.body_of(request):
            yield

    @asynccontextmanager
    async def _pictures(
        self, request: Request, known: tuple[str, ...], most: int = API_MAX_BATCH
    ) -> AsyncIterator[tuple[list[tuple[str, UploadFile]], dict[str, Any]]]:
        """The pictures of a form, each with its name, and the other fields."""
        async with open_files(request, API_MAX_BATCH_BYTES, most) as (files, fields):
            values = from_texts(fields)
            check_names(values, known)
            if not files or {field for field, _ in files} != {"image"}:
                raise ApiError(422, f"The form must hold 1 to {most} pictures, as files named image.")
            yield [(self._api.name_of(file), file) for _, file in files], values

    async def _run(
        self, request: Request, function: Callable[[], dict[str, Any]], sizes: Sequence[float] = ()
    ) -> Response:
        return answers.sent(await self._api.searching(client_of(request), function, sizes))


def _matched(archives: dict[str, UploadFile], built: str, k: int) -> tuple[QuerySet, list[Skipped]]:
    """Run the queries; nothing of them or of a catalogue that came along is kept."""
    from core.own.catalogue import OwnCatalogue
    from core.own.ingest.incoming import UploadError
    from core.own.ingest.zip_source import ZipSource
    from core.own.items import OWN
    from core.own.queries import QuerySet
    from core.own.search import OwnSearch

    engine, skipped = process.engine(), []
    if built and built not in CATALOGUES and not may_be(built):
        raise ApiError(422, f"catalogue must be one of {', '.join(CATALOGUES)}.")
    try:
        if not built:
            mine = OwnCatalogue(engine.embedder, quota=API_MATCH, thumbnail_side=0)
            for _ in mine.add(ZipSource(archives["gallery"].file)):
                pass
            engine, skipped = OwnSearch(engine, mine), mine.skipped
        queries = QuerySet(engine, built or OWN, k, API_MATCH)
        for _ in queries.run(ZipSource(archives["queries"].file)):
            pass
    except UploadError as error:
        raise ApiError(422, str(error), code=error.sentence.code) from error
    return queries, [*skipped, *queries.skipped]


def _classified(name: str, pictures: list[tuple[str, UploadFile]]) -> dict[str, Any]:
    from core.classifier.model.predict import Predictor
    from core.own.ingest.incoming import Incoming

    known = sorted(file.parent.name for file in classifiers_dir().glob("*/classifier.json"))
    if name not in known:
        raise ApiError(404, f"There is no classifier of that name here. Known: {', '.join(known) or 'none'}.")
    folder = classifiers_dir() / name
    classifier, embedder = _classifier(folder, (folder / "classifier.json").stat().st_mtime_ns)
    predictor = Predictor(classifier, embedder)
    for _ in predictor.add([Incoming(name, "", picture.file.read()) for name, picture in pictures]):
        pass
    return {
        "classifier": name,
        "predictions": [
            {
                "name": one.name,
                "label": one.label,
                "probabilities": dict(
                    zip(classifier.labels, (round(float(p), 6) for p in one.probabilities), strict=True)
                ),
            }
            for one in predictor.predictions
        ],
        "skipped": answers.skipped(predictor.skipped),
    }


@lru_cache(maxsize=4)
def _classifier(folder: Path, mtime_ns: int) -> tuple[Classifier, Embedder]:
    from core.classifier.model.files import load
    from core.classifier.model.predict import embedder_of

    classifier = load(folder)
    return classifier, embedder_of(classifier)
