"""What the pages and the API of one process share: made once, loaded when first used, then only read."""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from pathlib import Path

from core.artifacts import REPAIR, load_manifest, verified
from core.backbones import get
from core.catalogues.clothing_source import ClothingSource
from core.catalogues.pictures import Pictures
from core.compare import engine_for
from core.config import DEFAULT_BACKBONE, artifacts_dir, data_dir
from core.errors import ArtifactError, DataError
from core.maps import EmbeddingMap, MapFacts, load_map
from core.search import SearchEngine

#: Engines that are kept beside the default one, which stays, and files of pictures; the one that was not used for
#: longest goes first.
MAX_KEPT = 2
#: After so many seconds it is seen that photos have been downloaded, or removed.
LOOK_AGAIN_S = 300
#: Maps that are kept; the largest takes 1 MB.
MAX_MAPS = 12
#: Engines of the Compare page that are kept: as many as are compared at a time.
MAX_COMPARED = 4

_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


def engine(backbone_id: str = DEFAULT_BACKBONE) -> SearchEngine:
    """The one engine of a backbone in this process; what it needs is loaded when it is first used."""
    with _lock:
        if backbone_id == DEFAULT_BACKBONE:  # whatever else is asked for, the pages go on with this one
            return _default_engine(artifacts_dir())
        return _engine(backbone_id, artifacts_dir())


@lru_cache(maxsize=MAX_KEPT)
def _engine(backbone_id: str, folder: Path) -> SearchEngine:
    return SearchEngine(backbone_id)


@lru_cache(maxsize=1)
def _default_engine(folder: Path) -> SearchEngine:
    return SearchEngine()


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


def photo_source() -> ClothingSource | None:
    """The clothing photos on this computer, None where there are none; looked for anew now and then."""
    with _lock:
        return _photo_source(data_dir(), int(time.monotonic() / LOOK_AGAIN_S))


@lru_cache(maxsize=MAX_KEPT)
def _photo_source(folder: Path, period: int) -> ClothingSource | None:
    from core.catalogues.clothing import find_source

    try:
        return find_source()
    except DataError:  # a damaged archive: the pictures' public addresses are used instead
        return None


def chart(backbone_id: str) -> tuple[EmbeddingMap, MapFacts]:
    """The map of a backbone, with what is known of it; read anew when the manifest names another file.

    Raises:
        ArtifactError: See `load_map`.
    """
    entry = load_manifest()["files"].get(f"maps/{backbone_id}.npz", {})
    with _lock:
        return _chart(backbone_id, artifacts_dir(), entry.get("sha256", ""))


@lru_cache(maxsize=MAX_MAPS)
def _chart(backbone_id: str, folder: Path, sha256: str) -> tuple[EmbeddingMap, MapFacts]:
    return load_map(backbone_id)
