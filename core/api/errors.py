"""Every refusal is JSON with one plain sentence, `{"error": "…"}`, and never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core.errors import ArtifactError, DataError, ImageError, ImageTypeError, UnknownNameError, VitrineError

#: An answer is for who asked, not for a cache, and is never anything else than what it says it is.
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: The first that fits counts.
_STATUSES: tuple[tuple[type[VitrineError], int], ...] = (
    (ImageTypeError, 415),
    (ImageError, 422),
    (UnknownNameError, 404),
    (ArtifactError, 503),
    (DataError, 503),
    (VitrineError, 422),
)
_NOWHERE = "There is nothing at this address; /api/openapi.json describes what there is."
_WRONG_METHOD = "This address is not asked with {method}, but with {allowed}."
_BUG = "Something went wrong here that should not have; whoever runs this server finds it in the log."


class ApiError(Exception):
    """A request that is refused.

    Attributes:
        status: HTTP status.
        sentence: What the answer says.
        headers: More headers of the answer.
    """

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None):
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})


def refusal(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that is refused."""
    return JSONResponse({"error": sentence}, status, headers=HEADERS | dict(headers or {}))


async def _refused(request: Request, error: ApiError) -> Response:
    return refusal(error.status, error.sentence, error.headers)


async def _from_core(request: Request, error: VitrineError) -> Response:
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    return refusal(status, str(error))


async def _from_starlette(request: Request, error: HTTPException) -> Response:
    headers = error.headers or {}
    if error.status_code == 404:
        return refusal(404, _NOWHERE)
    if error.status_code == 405:
        return refusal(405, _WRONG_METHOD.format(method=request.method, allowed=headers.get("Allow")), headers)
    return refusal(error.status_code, error.detail, headers)


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _bug(request: Request, error: Exception) -> Response:
    return refusal(500, _BUG)  # Starlette raises the error again, so that the server logs it


HANDLERS: dict[Any, Any] = {
    ApiError: _refused,
    VitrineError: _from_core,
    HTTPException: _from_starlette,
    ClientDisconnect: _gone,
    Exception: _bug,
}
