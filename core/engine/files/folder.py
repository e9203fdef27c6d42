"""Files that must be whole and unchanged when they are read, and folders of them: written whole, checked before use.

A folder has a description, JSON that holds size and sha256 of every file beside it, and its own. Libraries in C++ trust
what they parse, so nothing is handed to one unchecked. What a killed process has left unfinished is hidden, and removed
by the next that writes (or misses) the same thing.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import hashlib
import json
import os
import reprlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DataError, Sentence, VitrineError, sentence

#: (file, problem) -> the error that a caller's readers understand.
Refusal = Callable[[str, Sentence], VitrineError]
#: What is raised where JSON that could be read has another form than its reader knows.
MALFORMED = (AttributeError, KeyError, IndexError, OverflowError, RecursionError, TypeError, ValueError)
_OTHER_SHA256 = sentence("engine.other-sha256")
_MARK, _CLAIM, _NEW, _OLD = ".unfinished-", "claim", "new", "old"
_SEAL = "sha256"  # of a description: of all else that it says

_lock = threading.Lock()
_digests: dict[tuple[str, int, int], str] = {}  # (path, size, mtime) -> sha256, so a file is hashed once


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content, read now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: Path) -> str:
    """The same, but a file is read once a process for each size and modification time.

    Raises:
        OSError: It cannot be read.
    """
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    with _lock:
        if key not in _digests:
            _digests[key] = sha256_of(path)
        return _digests[key]


def forget_digests() -> None:
    """Read every file anew from now on."""
    with _lock:
        _digests.clear()


def entry_of(content: Path | bytes) -> dict[str, Any]:
    """What a description says of a file, "sha256" and "bytes", read now."""
    if isinstance(content, bytes):
        return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return {"sha256": sha256_of(content), "bytes": content.stat().st_size}


def problem_of(content: Path | bytes, entry: object, other: Sentence = _OTHER_SHA256) -> Sentence | None:
    """What is wrong with a file, or the content of one; None if it is what its entry says.

    Args:
        content: No bytes are a file that is missing.
        entry: As `entry_of` gives it, or the sha256 alone.
        other: Says that its sha256 is another one.
    """
    stated = {"sha256": entry} if isinstance(entry, str) else entry
    if not isinstance(stated, Mapping):
        return sentence("engine.not-described")
    try:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
    except OSError:
        return sentence("engine.missing")
    if content == b"":
        return sentence("engine.missing")
    if size != stated.get("bytes", size):
        return sentence("engine.other-length", size=size, expected=stated["bytes"])
    try:
        digest = entry_of(content)["sha256"] if isinstance(content, bytes) else digest_of(content)
    except OSError as error:
        return sentence("engine.unreadable", why=error.strerror)
    return None if digest == stated.get("sha256") else other


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """Write a file whole or not at all: yields a temporary path, then syncs it and renames it to `path`.

    Usable with libraries that report no write errors (hnswlib): the file must exist and not be empty.
    """
    with _workshop(path) as workshop:
        temporary = workshop / f"{_NEW}{path.suffix}"
        yield temporary
        _sync(temporary)
        if not temporary.stat().st_size:
            raise OSError(f"{path.name} could not be written: it is empty")
        temporary.chmod(0o644)
        temporary.replace(path)


@contextlib.contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """Write a folder whole or not at all: yields a temporary folder beside it, then syncs it and renames it to `path`.

    What was at `path` before stays until then. Stopped at any moment, it leaves the old or the new folder.
    """
    with _workshop(path) as workshop:
        fresh = workshop / _NEW
        fresh.mkdir()
        yield fresh
        for file in fresh.rglob("*"):
            if file.is_file():
                _sync(file)
        if not path.exists():
            fresh.rename(path)
        elif not _swap(fresh, path):
            path.rename(workshop / _OLD)
            fresh.rename(path)


def _swap(first: Path, second: Path) -> bool:
    """Let two folders change places in one step; False where the system cannot (it is Linux's)."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE
    return rename is not None and rename(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0


@contextlib.contextmanager
def _workshop(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path`, claimed by this process while it is in use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    workshop = Path(tempfile.mkdtemp(prefix=f".{path.name}{_MARK}", dir=path.parent))
    handle = os.open(workshop / _CLAIM, os.O_CREAT | os.O_RDWR)
    try:
        _claim(handle)
        yield workshop
    finally:
        os.close(handle)
        _clear(workshop, path)


def _claim(handle: int) -> bool:
    """Claim an open file until it is closed, if nobody else has; a process that is killed closes it, too."""
    try:
        import fcntl  # where there is none, nothing is claimed, and nothing swept

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def sweep(path: Path) -> None:
    """Remove what killed processes have left of writing `path`; an old folder that was moved aside comes back."""
    for workshop in path.parent.glob(f".{glob.escape(path.name)}{_MARK}*"):
        with contextlib.suppress(OSError):  # whoever wrote it has just finished
            if _is_abandoned(workshop):
                _clear(workshop, path)


def _is_abandoned(workshop: Path) -> bool:
    try:
        handle = os.open(workshop / _CLAIM, os.O_RDONLY)
    except FileNotFoundError:  # killed before it could be claimed, or while it was cleared
        return True
    try:
        return _claim(handle)
    finally:
        os.close(handle)


def _clear(workshop: Path, path: Path) -> None:
    if (workshop / _OLD).exists() and not path.exists():  # stopped between two renames
        (workshop / _OLD).rename(path)
    shutil.rmtree(workshop, ignore_errors=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_json(path: Path, content: Mapping[str, Any], indent: int | None = 1, sort_keys: bool = False) -> None:
    """Write JSON as a file, whole or not at all."""
    with written(path) as temporary:
        temporary.write_text(json.dumps(content, indent=indent, sort_keys=sort_keys) + "\n")


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A description with the sha256 of all that it says, by which `read_json` knows whether it was changed."""
    return {**content, _SEAL: _seal_of(content)}


def _seal_of(content: Mapping[str, Any]) -> str:
    plain = json.loads(json.dumps(content))  # as it will be read
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def read_json(content: Path | bytes, name: str, schema: int, refuse: Refusal) -> dict[str, Any]:
    """A description, from its file or its bytes, if it is of the schema that the caller reads, and as it was sealed.

    One that bears no seal, because it was written by an earlier version or by hand, is believed.

    Raises:
        VitrineError: What `refuse` makes of the name and the reason.
    """
    try:
        found = json.loads(content if isinstance(content, bytes) else content.read_bytes())
        seal = found.pop(_SEAL, None) if isinstance(found, dict) else None
        changed = seal is not None and seal != _seal_of(found)
    except FileNotFoundError:
        raise refuse(name, sentence("engine.missing")) from None
    except (OSError, ValueError, RecursionError):
        raise refuse(name, sentence("engine.no-json")) from None
    stated = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(found, dict) or stated != schema:
        raise refuse(name, sentence("engine.other-schema", stated=reprlib.repr(stated), read=schema))
    if changed:
        raise refuse(name, _OTHER_SHA256)
    return found


@dataclass(frozen=True)
class Folder:
    """A folder whose description was read.

    Attributes:
        path: Where it is.
        facts: The description; "files" are the entries.
        refuse: Makes an error of a file and what is wrong with it.
    """

    path: Path
    facts: Mapping[str, Any]
    refuse: Refusal

    def file(self, name: str) -> Path:
        """A file, whose content is what the description says.

        Raises:
            VitrineError: It is missing, damaged, or not described.
        """
        if problem := problem_of(self.path / name, self.facts["files"].get(name)):
            raise self.refuse(name, problem)
        return self.path / name


def write_folder(
    path: Path, about: str, facts: Mapping[str, Any], files: Mapping[str, bytes | Callable[[Path], object]]
) -> list[Path]:
    """Write files and the description of them, whole or not at all; what was at `path` is replaced.

    Args:
        path: The folder.
        about: Name of the description.
        facts: What it says beside "files"; JSON values, read when the files are written.
        files: Name -> content, or what writes it to a path.

    Returns:
        What was written, the description last.
    """
    with written_folder(path) as fresh:
        for name, content in files.items():
            if isinstance(content, bytes):
                (fresh / name).write_bytes(content)
            else:
                content(fresh / name)
        write_json(fresh / about, sealed({**facts, "files": {name: entry_of(fresh / name) for name in files}}))
    return [path / name for name in (*files, about)]


def read_folder(path: Path, about: str, schema: int, refuse: Refusal) -> Folder:
    """What `write_folder` wrote; its files are checked when they are asked for.

    Raises:
        VitrineError: The description is missing, damaged or of another schema.
    """
    if not path.exists():
        sweep(path)
    facts = read_json(path / about, about, schema, refuse)
    if not isinstance(facts.get("files"), dict):
        raise refuse(about, sentence("engine.no-files"))
    return Folder(path, facts, refuse)


def folders_in(parent: Path, about: str) -> list[str]:
    """Names of the folders with such a description, sorted; nothing that is unfinished, none where there is nothing."""
    for left in parent.glob(f".*{_MARK}*"):
        sweep(parent / left.name[1:].partition(_MARK)[0])
    return sorted(file.parent.name for file in parent.glob(f"*/{about}") if not file.parent.name.startswith("."))


def check_place(path: Path, about: str, what: str) -> None:
    """Refuse to replace something else: say so before an hour of work, not after.

    Args:
        path: Where a folder is to be written.
        about: Description of such a folder.
        what: "catalogue" or "classifier".

    Raises:
        DataError: Something else is there.
    """
    taken = path.exists() and not (path.is_dir() and not any(path.iterdir()))
    if taken and not (path / about).is_file():
        raise DataError("engine.place-taken", path=path, what=Sentence(f"engine.{what}"))
