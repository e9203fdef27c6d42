"""The engines that the pages and the API of one process share: loaded when first used, then only read."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.engine.search.engine import SearchEngine

#: Engines that are kept beside the default one, which stays; the one that was not used for longest goes first.
MAX_KEPT = 2

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
