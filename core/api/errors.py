"""Every refusal is `application/problem+json`: one plain sentence, a code that stays, and never a traceback.

Source: RFC 9457.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
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
#: The code of what the API itself refuses; what core refuses has the code of its sentence ("engine.no-item").
_CODES = {
    400: "unreadable",
    403: "forbidden",
    404: "not-found",
    405: "wrong-method",
    408: "too-slow",
    413: "too-large",
    415: "wrong-type",
    422: "invalid",
    429: "too-much",
    500: "internal",
}
_NOWHERE = "There is nothing at this address; /api/openapi.json describes what there is."
_WRONG_METHOD = "This address is not asked with {method}, but with {allowed}."
_BUG = "Something went wrong here that should not have; whoever runs this server finds it in the log."


class ApiError(Exception):
    """A request that is refused.

    Attributes:
        status: HTTP status.
        sentence: What the answer says.
        headers: More headers of the answer.
        code: What programs tell it by.
    """

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None, code: str = ""):
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})
        self.code = code


def refusal(status: int, sentence: str, headers: Mapping[str, str] | None = None, code: str = "") -> JSONResponse:
    """The answer to a request that is refused."""
    more = HEADERS | dict(headers or {})
    return JSONResponse(_problem(status, sentence, code), status, more, "application/problem+json")


def _problem(status: int, sentence: str, code: str) -> dict[str, Any]:
    title, code = HTTPStatus(status).phrase, code or _CODES.get(status, "refused")
    return {"title": title, "status": status, "detail": sentence, "code": code}


def problem(error: VitrineError) -> dict[str, Any]:
    """What is wrong, for one of several pictures; an error of a picture is told by why it is refused."""
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    told = error.reason if isinstance(error, ImageError) else error.sentence
    return _problem(status, str(error), told.code)


async def _refused(request: Request, error: ApiError) -> Response:
    return refusal(error.status, error.sentence, error.headers, error.code)


async def _from_core(request: Request, error: VitrineError) -> Response:
    told = problem(error)
    return refusal(told["status"], told["detail"], code=told["code"])


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
