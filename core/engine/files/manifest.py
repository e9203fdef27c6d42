"""The manifest of computed files: written whole or not at all, and checked before anything is read.

hnswlib and onnxruntime parse their files in C++ and trust them: one flipped bit can crash the process or
silently change answers. So every artifact is compared with the sha256 in `manifest.json` *before* a library
sees it. Source for the failure rates: `DESIGN.md`, measured on hnswlib 0.8.0.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.config import artifacts_dir
from core.errors import ArtifactError

SCHEMA = 1
MANIFEST = "manifest.json"
#: What `load_gallery` and `load_hnsw` need to know of an index before they read it.
INDEX_KEYS = {"count", "dim", "space", "parameters", "items_hash"}
REPAIR = "git restore artifacts, or python -m core build"

_lock = threading.Lock()
_checked: dict[tuple[str, int, int], str] = {}  # (path, size, mtime) -> sha256, so a file is hashed once


def empty_manifest() -> dict[str, Any]:
    """A manifest of nothing."""
    return {"schema": SCHEMA, "backbones": {}, "catalogues": {}, "indexes": {}, "files": {}}


def load_manifest() -> dict[str, Any]:
    """Read and check `manifest.json`.

    Returns:
        A dict with the keys of `empty_manifest`; `files` maps a path relative to the artifacts folder to
        {"sha256", "bytes"}.

    Raises:
        ArtifactError: It is missing, not JSON, of another schema, or names a file outside the folder.
    """
    path = artifacts_dir() / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ArtifactError(MANIFEST, "is missing", REPAIR) from None
    except (OSError, ValueError):
        raise ArtifactError(MANIFEST, "is damaged: it is not readable JSON", REPAIR) from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        raise ArtifactError(MANIFEST, f"has schema {found!r}, this version reads {SCHEMA}", REPAIR)
    if not _well_formed(manifest):
        raise ArtifactError(MANIFEST, "is damaged: its entries are not of the expected form", REPAIR)
    return manifest


def _well_formed(manifest: dict[str, Any]) -> bool:
    if any(not isinstance(manifest.get(key), dict) for key in empty_manifest() if key != "schema"):
        return False
    if any(not isinstance(entry, dict) or not entry.keys() >= INDEX_KEYS for entry in manifest["indexes"].values()):
        return False
    return all(
        isinstance(entry, dict)
        and isinstance(entry.get("sha256"), str)
        and isinstance(entry.get("bytes"), int)
        and "\0" not in name
        and not Path(name).is_absolute()
        and ".." not in Path(name).parts
        for name, entry in manifest["files"].items()
    )


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def relative(path: Path) -> str:
    """A path as the manifest names it."""
    return path.relative_to(artifacts_dir()).as_posix()


def verified(path: Path) -> Path:
    """Return `path` if its content is what the manifest says.

    A file is hashed once a process for each size and modification time.

    Raises:
        ArtifactError: The file is missing, not in the manifest, or different.
    """
    name = relative(path)
    entry = _files_now().get(name)
    if entry is None:
        raise ArtifactError(name, "is not in the manifest", REPAIR)
    problem = _problem(path, entry)
    if problem:
        raise ArtifactError(name, problem, REPAIR)
    return path


def _files_now() -> dict[str, Any]:
    """The files of the manifest, read again only when it is another file, or of another size or time."""
    path = artifacts_dir() / MANIFEST
    try:
        status = path.stat()
    except OSError:
        return dict(load_manifest()["files"])  # which says what is wrong
    return _files_as_of(path, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=2)
def _files_as_of(path: Path, inode: int, size: int, mtime_ns: int) -> dict[str, Any]:
    return dict(load_manifest()["files"])


def _problem(path: Path, entry: dict[str, Any]) -> str:
    try:
        status = path.stat()
    except OSError:
        return "is missing"
    if status.st_size != entry["bytes"]:
        return f"is damaged: {status.st_size} bytes, expected {entry['bytes']}"
    key = (str(path), status.st_size, status.st_mtime_ns)
    with _lock:
        digest = _checked.get(key)
        if digest is None:
            try:
                digest = _checked[key] = sha256_of(path)
            except OSError as error:
                return f"cannot be read ({error.strerror})"
    return "" if digest == entry["sha256"] else "is damaged: its sha256 is not the manifest's"


def verify_all() -> list[tuple[str, str]]:
    """Check every file the manifest names, hashing each anew.

    Returns:
        (file, problem) for each in order of name; problem is "" where the file is right.

    Raises:
        ArtifactError: The manifest itself cannot be used.
    """
    with _lock:
        _checked.clear()
    _files_as_of.cache_clear()
    files = load_manifest()["files"]
    return [(name, _problem(artifacts_dir() / name, files[name])) for name in sorted(files)]


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """Write a file whole or not at all: yields a temporary path, then syncs it and renames it to `path`.

    Usable with libraries that report no write errors (hnswlib): the file must exist and not be empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if not temporary.stat().st_size:
            raise OSError(f"{path.name} could not be written: it is empty")
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """Write a folder whole or not at all: yields a temporary folder beside it, then renames it to `path`.

    What was at `path` before stays until then. Stopped at any moment, it leaves the old or the new folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as workshop:
        fresh, old = Path(workshop) / "new", Path(workshop) / "old"
        fresh.mkdir()
        yield fresh
        if path.exists():
            path.rename(old)
        fresh.rename(path)


def save_manifest(manifest: dict[str, Any]) -> None:
    """Write `manifest.json` with the present size and sha256 of every file it names."""
    root = artifacts_dir()
    manifest["files"] = {
        name: {"sha256": sha256_of(root / name), "bytes": (root / name).stat().st_size}
        for name in sorted(manifest["files"])
    }
    with written(root / MANIFEST) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
