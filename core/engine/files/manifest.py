"""The manifest of computed files: what every artifact must be, checked before anything is read.

hnswlib and onnxruntime parse their files in C++ and trust them: one flipped bit can crash the process or
silently change answers. So every artifact is compared with the sha256 in `manifest.json` *before* a library
sees it. Source for the failure rates: `DESIGN.md`, measured on hnswlib 0.8.0.

An entry is made by whoever has just written the file, and by nobody else: a damaged file stays a damaged file,
whatever is registered beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.config import artifacts_dir
from core.engine.files.folder import entry_of, forget_digests, problem_of, read_json, sealed, write_json
from core.errors import ArtifactError, DataError, Sentence, VitrineError, sentence

SCHEMA = 1
MANIFEST = "manifest.json"
#: What `load_gallery` and `load_hnsw` need to know of an index before they read it.
INDEX_KEYS = {"count", "dim", "space", "parameters", "items_hash"}
REPAIR = "git restore artifacts, or python -m core build"
#: Of what no build makes again: the manifest, which alone knows what the files should be, and what was measured.
RESTORE = "git restore artifacts"
#: Of a model: `build` only embeds with it.
RETRAIN = "git restore artifacts, or python -m core train clip"

_lock = threading.Lock()


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
    manifest = read_json(artifacts_dir() / MANIFEST, MANIFEST, SCHEMA, _refuse)
    if not _well_formed(manifest):
        raise _refuse(MANIFEST, sentence("engine.odd-entries"))
    return manifest


def _refuse(name: str, problem: Sentence) -> ArtifactError:
    repair = RESTORE if "/" not in name else RETRAIN if name.startswith("models/") else REPAIR
    return ArtifactError(name, problem, repair)


def refusal(path: Path, problem: Sentence) -> VitrineError:
    """The error of a file that must not be used; of one among the artifacts it says the repair."""
    if path.is_relative_to(artifacts_dir()):
        return _refuse(relative(path), problem)
    return DataError("engine.file-problem", file=path.name, problem=problem)


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
        raise _refuse(name, sentence("engine.not-in-manifest"))
    if problem := _problem(path, entry):
        raise _refuse(name, problem)
    return path


def read_verified(path: Path, schema: int) -> dict[str, Any] | None:
    """JSON that is as the manifest says, and of the schema that the caller reads; None where there is none.

    Raises:
        ArtifactError: It is missing though the manifest names it, different, or of another schema.
    """
    if not path.exists() and not is_listed(path):
        return None
    return read_json(verified(path), relative(path), schema, _refuse)


def is_listed(path: Path) -> bool:
    """Whether the manifest names a file, as it is now; says nothing of the file itself.

    Raises:
        ArtifactError: The manifest cannot be used.
    """
    return relative(path) in _files_now()


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


def _problem(path: Path, entry: Mapping[str, Any]) -> Sentence | None:
    return problem_of(path, entry, sentence("engine.not-the-manifests"))


def verify_all() -> list[tuple[str, Sentence | None]]:
    """Check every file the manifest names, hashing each anew.

    Returns:
        (file, problem) for each in order of name; problem is None where the file is right.

    Raises:
        ArtifactError: The manifest itself cannot be used.
    """
    forget_digests()
    _files_as_of.cache_clear()
    files = load_manifest()["files"]
    return [(name, _problem(artifacts_dir() / name, files[name])) for name in sorted(files)]


def register(written: Iterable[Path], whole: Path | None = None, **entries: Mapping[str, Any]) -> None:
    """Enter files that were just written, and what there is to say beside them; a manifest is made if there is none.

    Args:
        written: They are hashed now; the entries of all others stay as they are.
        whole: A folder that was written anew: what it no longer holds is dropped.
        entries: Section of the manifest ("indexes", "maps", …) -> what is new in it.

    Raises:
        ArtifactError: The manifest is there and cannot be used.
    """
    with _lock:
        manifest = load_manifest() if (artifacts_dir() / MANIFEST).exists() else empty_manifest()
        for section, new in entries.items():
            manifest[section] = {**manifest.get(section, {}), **new}
        start = f"{relative(whole)}/" if whole else None
        manifest["files"] = {
            name: entry
            for name, entry in manifest["files"].items()
            if not (start and name.startswith(start)) or (artifacts_dir() / name).exists()
        }
        save_manifest(manifest, written)


def save_manifest(manifest: dict[str, Any], written: Iterable[Path] = ()) -> None:
    """Write `manifest.json`, after entering files that were just written; no other file is looked at."""
    manifest["files"] |= {relative(path): entry_of(path) for path in written}
    if not _well_formed(manifest):
        raise ValueError("a file that was not written cannot be entered")
    write_json(artifacts_dir() / MANIFEST, sealed(manifest), indent=2, sort_keys=True)
