"""The connection to a Milvus, embedded or a server: every call has a deadline, and every failure is one sentence.

What pymilvus raises and logs holds addresses, so none of it is passed on: errors are made anew, and its log is off.
"""

from __future__ import annotations

import copy
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from core.config import MILVUS_DEADLINE_S, MilvusPlace
from core.errors import DataError

#: pymilvus's code for a collection, an alias or a database that does not exist.
_NOT_FOUND = frozenset({100, 800, 1600})
#: What takes long: to write, to build an index, to open a file.
_WORK_S = 3600.0
#: pymilvus asks every ten seconds whether the server is there, for which Milvus Lite ends the connection.
_RARELY_PINGED = {"grpc.keepalive_time_ms": 600_000, "grpc.keepalive_permit_without_calls": False}
_lock = threading.Lock()


class MilvusError(DataError):
    """Milvus is not installed, does not answer, or answers with an error."""


class NotThereError(MilvusError):
    """Milvus answers that it has no such collection."""


class Server:
    """A Milvus, by its client; shared between threads.

    Attributes:
        place: Where it is.
        deadline_s: Seconds that an answer may take.
    """

    def __init__(self, place: MilvusPlace):
        """Connect.

        Raises:
            MilvusError: It does not answer in time, or pymilvus is not installed.
        """
        self.place, self.deadline_s = place, MILVUS_DEADLINE_S
        kind = _kind_of_client()
        # To open a file is work of this process, and takes what it takes.
        deadline_s = _WORK_S if place.is_lite else MILVUS_DEADLINE_S
        self._client = _in_time(lambda: _connected(kind, place, deadline_s), place, deadline_s)

    def patient(self) -> Server:
        """The same for whoever writes: it may take an hour."""
        other = copy.copy(self)
        other.deadline_s = _WORK_S
        return other

    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        """What a method of `pymilvus.MilvusClient` answers.

        Args:
            name: Of the method.
            arguments: For it.
            options: For it.

        Raises:
            NotThereError: There is no such collection.
            MilvusError: It does not answer in time, or with an error.
        """
        ask = partial(getattr(self._client, name), *arguments, timeout=self.deadline_s, **options)
        return _in_time(ask, self.place, self.deadline_s)

    def schema(self) -> Any:
        """An empty schema, to be filled and given to `create_collection`."""
        return self._client.create_schema(auto_id=False, enable_dynamic_field=False)

    def index(self) -> Any:
        """Parameters of no index yet, to be filled and given to `create_index`."""
        return self._client.prepare_index_params()


def server(place: MilvusPlace) -> Server:
    """The one connection of this process to a Milvus; one that failed is tried anew.

    Raises:
        MilvusError: See `Server`.
    """
    with _lock:
        return _server(place)


@lru_cache(maxsize=4)
def _server(place: MilvusPlace) -> Server:
    return Server(place)


def _kind_of_client() -> Any:
    """`pymilvus.MilvusClient`; to import it takes seconds, which are not Milvus's.

    Raises:
        MilvusError: It is not installed.
    """
    # pymilvus would read settings from any `.env` that it finds, and grpc write addresses to stderr.
    for name, value in (("PYTHON_DOTENV_DISABLED", "1"), ("GRPC_VERBOSITY", "NONE")):
        os.environ.setdefault(name, value)
    try:
        import pymilvus
    except ImportError:
        raise MilvusError("engine.milvus-missing") from None
    for name in ("pymilvus", "milvus_lite", "grpc._server"):  # pymilvus sets up its log when it is imported
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return pymilvus.MilvusClient


def _connected(client: Any, place: MilvusPlace, deadline_s: float) -> Any:
    with warnings.catch_warnings():
        # Milvus Lite imports faiss, which ends the process where its warnings are made errors.
        warnings.simplefilter("ignore")
        return client(
            place.uri, token=place.token, db_name=place.database, timeout=deadline_s, dedicated=True,
            grpc_options=_RARELY_PINGED,
        )  # fmt: skip


def _in_time(ask: Callable[[], Any], place: MilvusPlace, deadline_s: float) -> Any:
    started = time.monotonic()
    try:
        return ask()
    except Exception as error:  # pymilvus's own kinds, grpc's, ValueError, TypeError
        raise _said(error, place, time.monotonic() - started, deadline_s) from None


def _said(error: Exception, place: MilvusPlace, seconds: float, deadline_s: float) -> MilvusError:
    """An error of pymilvus or grpc as a sentence that names neither address nor token."""
    code = getattr(error, "code", None)
    code = code() if callable(code) else code
    name = str(getattr(code, "name", code))
    if code in _NOT_FOUND:
        return NotThereError("engine.milvus-not-there")
    if name in ("UNAUTHENTICATED", "PERMISSION_DENIED") or "auth check failure" in str(error):
        return MilvusError("engine.milvus-refused")
    if type(error).__name__ == "ConnectionConfigException" and place.is_lite:
        return MilvusError("engine.milvus-locked")
    if name == "DEADLINE_EXCEEDED" or seconds >= 0.9 * deadline_s:
        return MilvusError("engine.milvus-slow", seconds=deadline_s)
    if name == "UNAVAILABLE" or "Fail connecting" in str(error) or "closed channel" in str(error):
        return MilvusError("engine.milvus-down")
    return MilvusError("engine.milvus-failed", kind=f"{type(error).__name__}, {name}")
