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
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from core.config import MILVUS_DEADLINE_S, MilvusPlace
from core.errors import DataError

#: Milvus's codes for a collection or an alias that does not exist, and for such a database.
_NOT_FOUND, _NO_DATABASE = frozenset({100, 1600}), 800
#: What takes long: to write, to build an index, to open a file.
_WORK_S = 3600.0
#: pymilvus asks every ten seconds whether the server is there, for which Milvus Lite ends the connection. A server that
#: was away for minutes and is back is asked again after five seconds, not after two minutes.
_CHANNEL = {
    "grpc.keepalive_time_ms": 600_000,
    "grpc.keepalive_permit_without_calls": False,
    "grpc.max_reconnect_backoff_ms": 5_000,
}
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
        version: What it says of itself.
    """

    def __init__(self, place: MilvusPlace):
        """Connect.

        Raises:
            MilvusError: It does not answer in time, does not know the database, or pymilvus is not installed.
        """
        self.place, self.deadline_s, self.version = place, MILVUS_DEADLINE_S, ""
        kind = _kind_of_client()
        # To open a file is work of this process, and takes what it takes.
        deadline_s = _WORK_S if place.is_lite else MILVUS_DEADLINE_S
        self._client = _in_time(lambda: _connected(kind, place, deadline_s), place, deadline_s)
        self.version = str(self.call("get_server_version"))[:40]
        if place.database:
            self.call("list_collections")  # which an unknown database refuses; of aliases it says that it has none

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
        return _in_time(ask, self.place, self.deadline_s, self.version)

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
    if place.is_lite:  # which makes its own folder, and none above it
        Path(place.uri).parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Milvus Lite imports faiss, which ends the process where its warnings are made errors.
        warnings.simplefilter("ignore")
        return client(
            place.uri, token=place.token, db_name=place.database, timeout=deadline_s, dedicated=True,
            grpc_options=_CHANNEL,
        )  # fmt: skip


def _in_time(ask: Callable[[], Any], place: MilvusPlace, deadline_s: float, version: str = "") -> Any:
    started = time.monotonic()
    try:
        return ask()
    except Exception as error:  # pymilvus's own kinds, grpc's, ValueError, TypeError
        is_late = time.monotonic() - started >= 0.9 * deadline_s
        raise _said(error, place, deadline_s if is_late else None, version) from None


def _said(error: Exception, place: MilvusPlace, waited_s: float | None, version: str) -> MilvusError:
    """An error of pymilvus or grpc as a sentence that names neither address nor token.

    Args:
        error: Either's.
        place: Where the Milvus is.
        waited_s: The whole deadline, None where there was time left.
        version: Of the Milvus, "" where it has not said so.
    """
    codes = [_code(one) for one in _causes(error)]
    names = {str(getattr(code, "name", code)) for code in codes}
    if not _NOT_FOUND.isdisjoint(codes):
        return NotThereError("engine.milvus-not-there")
    refused = any(words in str(error) for words in ("auth check failure", "permission deny"))
    if refused or _NO_DATABASE in codes or names & {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
        return MilvusError("engine.milvus-refused")
    if type(error).__name__ == "ConnectionConfigException" and place.is_lite:
        return MilvusError("engine.milvus-locked")
    if "UNIMPLEMENTED" in names:
        return MilvusError("engine.milvus-old", version=version) if version else MilvusError("engine.milvus-other")
    if "DEADLINE_EXCEEDED" in names or waited_s is not None:
        return MilvusError("engine.milvus-slow", seconds=waited_s or MILVUS_DEADLINE_S)
    if "UNAVAILABLE" in names or "Fail connecting" in str(error) or "closed channel" in str(error):
        return MilvusError("engine.milvus-down")
    code = str(getattr(codes[0], "name", codes[0]))
    return MilvusError("engine.milvus-failed", kind=", ".join(filter(None, (type(error).__name__, code, version))))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was raised from: pymilvus says of each connection that failed that nobody is there."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _code(error: BaseException) -> Any:
    code = getattr(error, "code", None)
    return code() if callable(code) else code
