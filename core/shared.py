"""What the pages and the API of one process share: made once, loaded when first used, then only read."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from core.artifacts import REPAIR, load_manifest, verified
from core.backbones import get
from core.catalogues.pictures import Pictures
from core.compare import engine_for
from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.errors import ArtifactError
from core.search import SearchEngine

#: Engines that are kept, and files of pictures; the one that was not used for longest goes first.
MAX_KEPT = 2
#: Engines of the Compare page that are kept: as many as are compared at a time.
MAX_COMPARED = 4

_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


def engine(backbone_id: str = DEFAULT_BACKBONE) -> SearchEngine:
    """The one engine of a backbone in this process; what it needs is loaded when it is first used."""
    with _lock:
        return _engine(backbone_id, artifacts_dir())


@lru_cache(maxsize=MAX_KEPT)
def _engine(backbone_id: str, folder: Path) -> SearchEngine:
    return SearchEngine(backbone_id)


def compare_engine(backbone_id: str) -> SearchEngine:
    """The one engine of a backbone among the compare gallery in this process.

    Raises:
        UnknownNameError: No such backbone.
    """
    get(backbone_id)  # outside the lock: to look a name up in its library takes seconds
    with _lock:
        return _compare_engine(backbone_id, artifacts_dir())


@lru_cache(maxsize=MAX_COMPARED)
def _compare_engine(backbone_id: str, folder: Path) -> SearchEngine:
    return engine_for(backbone_id)


def grey_pictures() -> Pictures:
    """The pictures of Fashion-MNIST.

    Raises:
        ArtifactError: Their file is missing or damaged.
    """
    with _lock:
        return _grey_pictures(artifacts_dir())


@lru_cache(maxsize=MAX_KEPT)
def _grey_pictures(folder: Path) -> Pictures:
    start = "catalogues/fashion-mnist."
    names = [n for n in load_manifest()["files"] if n.startswith(start) and not n.endswith(".parquet")]
    if not names:
        raise ArtifactError("manifest.json", "names no pictures of Fashion-MNIST", REPAIR)
    return Pictures(verified(folder / names[0]))
