"""Downloading one large file so that a break costs nothing: what came is kept, and the next call goes on."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DownloadError

if TYPE_CHECKING:
    import requests

#: Called with the bytes that are there and the bytes expected in all (None where the host does not say).
Progress = Callable[[int, int | None], None]

MAX_BYTES = 1_000_000_000
_CHUNK = 1 << 16  # bytes; what a break loses at most
_TIMEOUT_S = 10


def fetch(url: str, part: Path, usual_bytes: int, progress: Progress | None = None) -> None:
    """Bring `part` to its full length, going on from what it has where the host can do that.

    Args:
        url: What to download, over HTTP.
        part: The file to complete; whether its content is right is for the caller to check.
        usual_bytes: How much space to ask for where the host does not say how long the file is.
        progress: Told after every piece.

    Raises:
        DownloadError: The host cannot be reached, refuses, breaks off (the part is kept), or sends more
            than 1 GB; or the disk has too little space.
    """
    import requests

    try:
        with requests.Session() as session:
            response, n_have = _ask(session, url, part.stat().st_size if part.exists() else 0)
            with response:
                if n_have is not None:
                    _receive(response, part, n_have, usual_bytes, progress)
    except requests.exceptions.ChunkedEncodingError as error:
        raise _interrupted(part) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        if part.exists() and part.stat().st_size:
            raise _interrupted(part) from error
        raise DownloadError("jobs.offline") from error
    except requests.RequestException as error:
        raise DownloadError("jobs.download-failed", reason=error) from error


def _ask(session: requests.Session, url: str, n_have: int) -> tuple[requests.Response, int | None]:
    """Ask for what follows the bytes at hand, or for all where the host answers with another range.

    Returns:
        The answer, its body not yet read, and how many of the bytes at hand it follows; None where they
        are all that there is.
    """
    headers = {"Accept-Encoding": "identity"}
    if n_have:
        rest = headers | {"Range": f"bytes={n_have}-"}
        response = session.get(url, headers=rest, stream=True, timeout=_TIMEOUT_S)
        told = response.headers.get("Content-Range", "")
        if response.status_code == 206 and told.startswith(f"bytes {n_have}-"):
            return response, n_have
        if response.status_code == 416 and told == f"bytes */{n_have}":
            return response, None
        if response.status_code not in (206, 416):
            return response, 0
        response.close()
    return session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S), 0


def _receive(response: requests.Response, part: Path, n_have: int, usual_bytes: int, progress: Progress | None) -> None:
    """Append a partial answer to `part`, or replace it by a whole one."""
    if response.status_code != (206 if n_have else 200):
        raise DownloadError("jobs.host-answered", status=response.status_code, reason=response.reason)
    done = n_have
    length = response.headers.get("Content-Length", "")
    total = done + int(length) if re.fullmatch(r"\d{1,18}", length) else None
    if total is not None and total > MAX_BYTES:
        raise _too_large()
    require_space(part.parent, (total or usual_bytes) - done)
    with part.open("ab" if n_have else "wb") as file:
        for chunk in response.iter_content(_CHUNK):
            done += len(chunk)
            if done > MAX_BYTES:
                part.unlink()
                raise _too_large()
            file.write(chunk)
            if progress:
                progress(done, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done < total:
        raise _interrupted(part)


def require_space(folder: Path, n_bytes: int) -> None:
    """Raise DownloadError, with both figures, if a folder's disk has less space than that."""
    n_free = shutil.disk_usage(folder).free
    if n_free < n_bytes:
        raise DownloadError("jobs.too-little-space", needed=n_bytes / 1e6, free=n_free / 1e6)


def _too_large() -> DownloadError:
    return DownloadError("jobs.download-too-large", limit=MAX_BYTES // 10**6)


def _interrupted(part: Path) -> DownloadError:
    n_bytes = part.stat().st_size if part.exists() else 0
    return DownloadError("jobs.interrupted", size=n_bytes / 1e6)
