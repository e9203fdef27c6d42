"""Weights from a Hugging Face hub: pinned by commit, compared with their sha256, kept in the hub's own cache.

Where a record states no pin, the first download makes one: the commit and the sha256 that the hub answers are written
to `hub-lock.json` in the data folder, the bytes are compared with them, and every later use is held to them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.config import data_dir
from core.engine.backbones.record import HubFile
from core.engine.files.folder import digest_of, sha256_of, write_json
from core.errors import DownloadError

if TYPE_CHECKING:
    from huggingface_hub.file_download import HfFileMetadata

_T = TypeVar("_T")

TIMEOUT_S = 10
#: Bytes a second, all in all, below which a download is given up.
SLOWEST = 100_000
#: More than this fits no machine that the pages are meant for.
MAX_WEIGHTS_BYTES = 2_500_000_000
LOCK = "hub-lock.json"


def cached(file: HubFile) -> Path | None:
    """The pinned file in the hub's cache, not yet compared with its sha256; None if it is not there."""
    from huggingface_hub import try_to_load_from_cache

    pin = pin_of(file)
    if pin is None:
        return None
    path = try_to_load_from_cache(file.repository, pin["name"], revision=pin["revision"])
    return Path(path) if isinstance(path, str) else None


def is_intact(file: HubFile, path: Path) -> bool:
    """Whether a cached file has the pinned sha256; reads all of it, once a process."""
    pin = pin_of(file)
    return pin is not None and digest_of(path) == pin["sha256"]


def fetch(file: HubFile) -> Path:
    """The file, from the cache or else from the hub (`HF_ENDPOINT`), compared with its sha256.

    Raises:
        DownloadError: There is no network, the hub is too slow, has no such file, breaks off, or sends other bytes
            than those that are pinned.
    """
    path = cached(file)
    if path is not None and is_intact(file, path):
        return path
    try:
        return _download(file, force=path is not None)
    except DownloadError:
        raise
    except Exception as error:  # the hub's library lets its HTTP library's errors, and OSError, through
        raise _failed(file, error) from error


def _in_time(file: HubFile, seconds: float, call: Callable[[], _T]) -> _T:
    """What a call gives. A host that sends a byte now and then meets no timeout of its client, so it is left behind."""
    found: list[_T | BaseException] = []

    def run() -> None:
        try:
            found.append(call())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run, name="hub", daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise DownloadError("engine.hub-slow", repository=file.repository, seconds=seconds)
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def _download(file: HubFile, force: bool) -> Path:
    from huggingface_hub import hf_hub_download

    pin = pin_of(file)
    name, metadata = _ask(file, pin)
    promised = metadata.etag if re.fullmatch("[0-9a-f]{64}", metadata.etag or "") else None
    if pin and promised and promised != pin["sha256"]:
        raise _other_bytes(file)
    if (metadata.size or 0) > MAX_WEIGHTS_BYTES:
        raise DownloadError("engine.weights-too-large", repository=file.repository, limit=MAX_WEIGHTS_BYTES / 1e9)
    get = partial(hf_hub_download, file.repository, name, revision=metadata.commit_hash, force_download=force)
    patience = TIMEOUT_S + (metadata.size or MAX_WEIGHTS_BYTES) / SLOWEST
    path = Path(_in_time(file, patience, partial(get, etag_timeout=TIMEOUT_S)))
    digest = sha256_of(path)
    if digest != (pin["sha256"] if pin else promised or digest):
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise _other_bytes(file)
    if pin is None:
        _write_pin(file, {"name": name, "revision": metadata.commit_hash, "sha256": digest})
    return path


def _ask(file: HubFile, pin: dict[str, str] | None) -> tuple[str, HfFileMetadata]:
    """The first of the file's names that the hub has, and what it says of it."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    names = (pin["name"],) if pin else file.names
    for name in names:
        url = hf_hub_url(file.repository, name, revision=pin["revision"] if pin else "main")
        try:
            metadata = _in_time(file, 2 * TIMEOUT_S, partial(get_hf_file_metadata, url, timeout=TIMEOUT_S))
        except EntryNotFoundError:
            if name == names[-1]:
                raise
            continue
        if metadata.commit_hash is None or (pin and metadata.commit_hash != pin["revision"]):
            raise DownloadError("engine.no-revision", repository=file.repository)
        return name, metadata
    raise AssertionError("a file has at least one name")


def _failed(file: HubFile, error: Exception) -> DownloadError:
    """What the hub's library raises, in a sentence."""
    import httpx2
    from huggingface_hub import errors

    absent = (errors.EntryNotFoundError, errors.RepositoryNotFoundError, errors.RevisionNotFoundError)
    if isinstance(error, absent) and not isinstance(error, errors.LocalEntryNotFoundError):
        return DownloadError("engine.hub-has-none", repository=file.repository, files=", ".join(file.names))
    if isinstance(error, errors.OfflineModeIsEnabled):
        return DownloadError("engine.hub-forbidden", repository=file.repository)
    if isinstance(error, errors.HfHubHTTPError):
        return DownloadError("engine.hub-refuses", repository=file.repository, status=error.response.status_code)
    if isinstance(error, httpx2.RemoteProtocolError) or "Consistency check failed" in str(error):
        return DownloadError("engine.hub-broke-off", repository=file.repository)
    if isinstance(error, OSError) and error.strerror:
        return DownloadError("engine.hub-cannot-store", repository=file.repository, why=error.strerror)
    return DownloadError("engine.hub-unreachable", repository=file.repository)


def _other_bytes(file: HubFile) -> DownloadError:
    return DownloadError("engine.hub-other-bytes", repository=file.repository)


def pin_of(file: HubFile) -> dict[str, str] | None:
    """Name, revision and sha256 that the file is held to: the record's, else the lock file's."""
    if file.sha256:
        return {"name": file.names[0], "revision": file.revision, "sha256": file.sha256}
    pin = _read_lock().get(_key(file))
    complete = isinstance(pin, dict) and all(isinstance(pin.get(k), str) for k in ("name", "revision", "sha256"))
    return pin if complete else None


def _key(file: HubFile) -> str:
    return f"{file.repository}/{file.names[0]}"


def _read_lock() -> dict[str, Any]:
    try:
        content = json.loads((data_dir() / LOCK).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # a new pin must not silently take the place of an unreadable one
        raise DownloadError("engine.lock-unreadable", file=LOCK) from error
    if not isinstance(content, dict):
        raise DownloadError("engine.lock-damaged", file=LOCK)
    return content


def _write_pin(file: HubFile, pin: dict[str, Any]) -> None:
    write_json(data_dir() / LOCK, _read_lock() | {_key(file): pin}, indent=2, sort_keys=True)
