"""Reading a request's body, which may be too long, too slow, or not what it says it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive

from core.api.asked import MAX_CLASSES, MAX_LABELS, OF_PICTURES, OPTIONS
from core.api.errors import ApiError
from core.config import (
    API_BYTES_PER_S,
    API_GRACE_S,
    API_MAX_JSON_BYTES,
    API_UPLOAD_S,
    MAX_IMAGE_BYTES,
    MAX_LESS_ITEMS,
)
from core.engine.backbones import get
from core.engine.embedders.base import enough_for
from core.engine.images.decode import megapixels
from core.engine.images.region import Region

#: What a form has around its picture: boundaries, part headers, the fields of the options.
ENVELOPE_BYTES = 64 * 1000
MAX_FIELDS = MAX_LABELS + 2 * MAX_CLASSES + MAX_LESS_ITEMS + len(OPTIONS) + len(OF_PICTURES)
#: How much of a body that is too long is read on and dropped, and for how long: a client that is still sending
#: when the connection is closed never reads why.
DRAIN_BYTES = 4 * MAX_IMAGE_BYTES
DRAIN_S = 10.0

_MB = f"{MAX_IMAGE_BYTES / 1e6:g} MB"
_TOO_HEAVY = f"The picture is larger than {_MB}, the limit for one picture."
_TOO_LONG = f"The JSON is longer than {API_MAX_JSON_BYTES // 1000} kB."
_TOO_SLOW = (
    f"The request arrived too slowly: it has {API_GRACE_S:g} seconds, and up to {API_UPLOAD_S:g} "
    f"if {API_BYTES_PER_S // 1000} kB or more come each second."
)
_NOT_JSON = "The body is not readable JSON."
_NOT_OBJECT = "The body must be a JSON object."
_NOT_FORM = "The body is not a readable multipart form."
_NO_PICTURE = "The form must hold one picture, as a file named image."


class _TooLong(Exception):
    """More came than may be read."""


def media_type(request: Request) -> str:
    """The body's type without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json(request: Request) -> dict[str, Any]:
    """The object that the body is.

    Raises:
        ApiError: 400, 408 or 413.
    """
    async with _within(request, API_MAX_JSON_BYTES, _TOO_LONG) as limited:
        content = await limited.body()
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        raise ApiError(400, _NOT_JSON) from None
    if not isinstance(values, dict):
        raise ApiError(400, _NOT_OBJECT)
    return values


@asynccontextmanager
async def open_form(request: Request) -> AsyncIterator[tuple[UploadFile, list[tuple[str, str]]]]:
    """The picture of a multipart form, and its other fields. What was spooled to disk is gone afterwards.

    Raises:
        ApiError: 400, 408, 413, or 422 where there is no picture.
        HTTPException: 400, the form is malformed or has too many parts.
    """
    async with _open(request, MAX_IMAGE_BYTES, _TOO_HEAVY, 1) as form:
        picture = form.get("image")
        if not isinstance(picture, UploadFile):
            raise ApiError(422, _NO_PICTURE)
        if (picture.size or 0) > MAX_IMAGE_BYTES:
            raise ApiError(413, _TOO_HEAVY)
        yield picture, _texts(form)


@asynccontextmanager
async def open_files(
    request: Request, max_bytes: int, most: int
) -> AsyncIterator[tuple[list[tuple[str, UploadFile]], list[tuple[str, str]]]]:
    """The files of a multipart form, each with its field, and its other fields; see `open_form`.

    Raises:
        ApiError: 400, 408 or 413.
        HTTPException: 400, the form is malformed or has too many parts.
    """
    async with _open(request, max_bytes, f"The form is longer than {max_bytes / 1e6:g} MB.", most) as form:
        files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
        yield files, _texts(form)


@asynccontextmanager
async def _open(request: Request, max_bytes: int, too_long: str, most: int) -> AsyncIterator[FormData]:
    """A form of at most so many files and bytes; `too_long` says that it has more of these."""
    async with _within(request, max_bytes + ENVELOPE_BYTES, too_long) as limited:
        try:
            form = await limited.form(max_files=most, max_fields=MAX_FIELDS, max_part_size=2048)
        except UnicodeError:  # a charset that the form itself chose
            raise ApiError(400, _NOT_FORM) from None
    try:
        yield form
    finally:
        await form.close()


def _texts(form: FormData) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


@asynccontextmanager
async def _within(request: Request, max_bytes: int, sentence: str) -> AsyncIterator[Request]:
    """The same request, of which no more than `max_bytes` can be read, nor for longer than it may take."""
    announced = _announced(request)
    try:
        with anyio.fail_after(min(API_GRACE_S, API_UPLOAD_S)) as scope:
            if announced > max_bytes:
                raise _TooLong
            yield Request(request.scope, _limited(request.receive, max_bytes, scope))
    except TimeoutError:
        raise ApiError(408, _TOO_SLOW) from None
    except _TooLong:
        await drain(request)
        raise ApiError(413, sentence) from None


def _announced(request: Request) -> int:
    """Content-Length in bytes, 0 where there is none."""
    length = request.headers.get("content-length", "")
    return int(length[:15]) if length.isdecimal() else 0


def _limited(receive: Receive, max_bytes: int, scope: anyio.CancelScope) -> Receive:
    """What ends when too much came, and earns more time with what comes."""
    n_bytes, started = 0, anyio.current_time()

    async def limited() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > max_bytes:
            raise _TooLong
        scope.deadline = started + min(API_UPLOAD_S, API_GRACE_S + n_bytes / API_BYTES_PER_S)
        return message

    return limited


async def drain(request: Request) -> None:
    """Read the rest of a body that is refused, and drop it, within limits: only then is the refusal read."""
    if _announced(request) > DRAIN_BYTES or "expect" in request.headers:  # who asks first is not sending yet
        return
    n_bytes = 0
    with anyio.move_on_after(DRAIN_S):
        while n_bytes <= DRAIN_BYTES:
            message = await request.receive()
            n_bytes += len(message.get("body", b""))
            if not message.get("more_body", False):
                return


def megapixels_of(picture: UploadFile, backbone: str, region: Region | None = None) -> float:
    """What decoding a picture, or a region of it, for a backbone costs; reads it, in a thread."""
    size = megapixels(picture.file.read(), enough_for(get(backbone), region))
    picture.file.seek(0)
    return size
