"""The engines that the pages and the API of one process share: loaded when first used, then only read."""

from __future__ import annotations

import ctypes
import gc
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.engine.search.engine import SearchEngine
from core.errors import VitrineError

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


def begin_to_load() -> None:
    """Load what a search needs while other things are imported, the server is set up and a visitor fetches scripts."""
    threading.Thread(target=_load, name="load", daemon=True).start()


def _load() -> None:
    gc.disable()  # a tenth of loading would go into looking for what may go, and nothing may
    try:
        with suppress(VitrineError):  # whoever searches gets the same error, and sees it
            engine().warm_up()
    finally:
        gc.enable()
    gc.freeze()  # nor later
    give_back_memory()


def give_back_memory() -> None:
    """Give the system back what was needed for a moment, which glibc would keep: 35 MB after all is loaded."""
    with suppress(OSError, AttributeError, TypeError):  # another C library, or another system
        ctypes.CDLL(None).malloc_trim(0)
