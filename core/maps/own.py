"""A map of a catalogue of one's own, made in the background, which can be stopped.

UMAP runs in a process of its own (`python -m core.maps.own FOLDER`): it cannot be stopped otherwise, and what it needs
for a moment, a gigabyte with numba, goes when it ends. Where umap-learn is not installed, as where this is only served,
the two strongest directions are drawn in its place, and called that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from core.config import ROOT
from core.engine.progress import Background, Progress, ProgressClock
from core.errors import DataError
from core.maps.projection import Faithfulness, faithfulness, fit, strongest_directions

Method = Literal["umap", "pca"]
#: Neighbours that count for how faithful a map is, and the fewest items that one is drawn of.
K, MIN_ITEMS = 15, 5
PATIENCE_S = 900
#: Seconds between two looks at the process, and whether it is still wanted.
_LOOK_S = 0.2
_EMBEDDINGS, _POINTS, _TOLD = "embeddings.npy", "points.npy", "told.txt"
_turn = threading.Lock()  # one at a time: a second one would only slow the first


@dataclass(frozen=True, eq=False)
class OwnMap:
    """A map.

    Attributes:
        method: How it was made.
        points: (n, 2) float32 in the order of the embeddings.
        faithful: How much of the neighbourhoods survives.
    """

    method: Method
    points: np.ndarray
    faithful: Faithfulness


def method_here() -> Method:
    """How maps are made here."""
    return "umap" if find_spec("umap") else "pca"


def begin(embeddings: np.ndarray, method: Method | None = None) -> Background[OwnMap]:
    """Begin to make a map; what is reported are steps.

    Args:
        embeddings: (n, dim) float32, rows L2-normalised.
        method: How; default: `method_here()`.

    Raises:
        DataError: There are fewer than `MIN_ITEMS`.
    """
    if len(embeddings) < MIN_ITEMS:
        raise DataError("maps.too-few", n=len(embeddings), least=MIN_ITEMS)
    return Background(partial(_make, embeddings, method or method_here()), "own-map")


def _make(embeddings: np.ndarray, method: Method) -> Generator[Progress, None, OwnMap]:
    try:
        points = strongest_directions(embeddings) if method == "pca" else (yield from _umap(embeddings))
        return OwnMap(method, points, faithfulness(embeddings, points, min(K, (len(points) - 1) // 2)))
    except (OSError, ValueError) as error:
        raise DataError("maps.failed", why=type(error).__name__) from error


def _umap(embeddings: np.ndarray) -> Generator[Progress, None, np.ndarray]:
    """Have the points made by a process, which ends where this is closed, or takes too long."""
    while not _turn.acquire(timeout=_LOOK_S):
        yield ProgressClock(None).report()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            np.save(folder / _EMBEDDINGS, embeddings)
            command, quiet = [sys.executable, "-m", "core.maps.own", name], subprocess.DEVNULL
            with (
                (folder / _TOLD).open("wb") as told,
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=told, stderr=quiet) as process,
            ):
                try:
                    yield from _watched(process, folder / _TOLD)
                finally:
                    process.kill()
            points: np.ndarray = np.load(folder / _POINTS, allow_pickle=False)
            return points
    finally:
        _turn.release()


def _watched(process: subprocess.Popen[bytes], told: Path) -> Generator[Progress, None, None]:
    """How far the process is, until it ends or there is no more patience."""
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_S)
        done, _, total = told.read_text("ascii").rpartition("\n")[0].rpartition("\n")[2].partition(" ")
        clock = ProgressClock(int(total) if total else None)
        clock.n_added = int(done or 0)
        yield clock.report()


def main(folder: Path) -> None:
    """Read embeddings from a folder, say on standard output how far it is, and write points into it.

    It ends with whoever began it: standard input, which nobody writes to, is closed then.
    """

    def told(done: int, total: int) -> None:
        print(done, total, flush=True)

    def end() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
    np.save(folder / _POINTS, fit(np.load(folder / _EMBEDDINGS, allow_pickle=False), report=told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
