"""A map of a catalogue of one's own, made in the background, which can be stopped.

UMAP runs in a process of its own (`python -m core.maps.own FOLDER`): it cannot be stopped otherwise, and what it needs
for a moment, a gigabyte with numba, goes when it ends. Where umap-learn is not installed, as where this is only served,
the two strongest directions are drawn in its place, and called that.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from core.config import ROOT
from core.errors import DataError, Sentence, sentence
from core.maps.projection import Faithfulness, faithfulness, fit, strongest_directions

Method = Literal["umap", "pca"]
#: Neighbours that count for how faithful a map is, and the fewest items that one is drawn of.
K, MIN_ITEMS = 15, 5
PATIENCE_S = 900
_EMBEDDINGS, _POINTS = "embeddings.npy", "points.npy"
_turn = threading.Lock()  # one at a time: a second one would only slow the first


def method_here() -> Method:
    """How maps are made here."""
    return "umap" if find_spec("umap") else "pca"


class OwnMap:
    """A map that is being made, for whoever asked; it goes on when nobody looks.

    Attributes:
        method: How it is made.
        share: How much of it is done, in [0, 1]; None before that can be told.
        points: (n, 2) float32 in the order of the embeddings, None until it is finished.
        faithful: How much of the neighbourhoods survives, None until it is finished.
        problem: Why it failed, None while it has not.
        finished: Whether it has ended, one way or another.
    """

    def __init__(self, embeddings: np.ndarray, method: Method | None = None):
        """Start.

        Args:
            embeddings: (n, dim) float32, rows L2-normalised.
            method: How; default: `method_here()`.

        Raises:
            DataError: There are fewer than `MIN_ITEMS`.
        """
        if len(embeddings) < MIN_ITEMS:
            raise DataError("maps.too-few", n=len(embeddings), least=MIN_ITEMS)
        self.method: Method = method or method_here()
        self.share: float | None = None
        self.points: np.ndarray | None = None
        self.faithful: Faithfulness | None = None
        self.problem: Sentence | None = None
        self.finished = False
        self._stopped = threading.Event()
        threading.Thread(target=self._run, args=(embeddings,), name="own-map", daemon=True).start()

    def stop(self) -> None:
        """End it; nothing is kept of it."""
        self._stopped.set()

    def _run(self, embeddings: np.ndarray) -> None:
        try:
            points = strongest_directions(embeddings) if self.method == "pca" else self._umap(embeddings)
            if points is not None and not self._stopped.is_set():
                self.faithful = faithfulness(embeddings, points, min(K, (len(points) - 1) // 2))
                self.points = points
        except (OSError, ValueError) as error:
            self.problem = sentence("maps.failed", why=type(error).__name__)
        finally:
            self.finished = True

    def _umap(self, embeddings: np.ndarray) -> np.ndarray | None:
        """The points; None where it was stopped."""
        with _turn, tempfile.TemporaryDirectory() as name:
            if self._stopped.is_set():
                return None
            folder = Path(name)
            np.save(folder / _EMBEDDINGS, embeddings)
            command = [sys.executable, "-m", "core.maps.own", name]
            quiet = subprocess.DEVNULL
            with subprocess.Popen(command, cwd=ROOT, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet) as process:
                threading.Thread(target=self._watch, args=(process,), name="own-map-watch", daemon=True).start()
                assert process.stdout is not None
                for line in process.stdout:
                    done, _, total = line.decode("ascii", "replace").partition(" ")
                    self.share = int(done) / int(total)
            if self._stopped.is_set():
                return None
            points: np.ndarray = np.load(folder / _POINTS, allow_pickle=False)
            return points

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """End the process where it is stopped, or takes too long."""
        until = time.monotonic() + PATIENCE_S
        while process.poll() is None:
            if self._stopped.wait(0.2) or time.monotonic() > until:
                process.kill()
                return


def main(folder: Path) -> None:
    """Read embeddings from a folder, say on standard output how far it is, and write points into it."""

    def told(done: int, total: int) -> None:
        print(done, total, flush=True)

    np.save(folder / _POINTS, fit(np.load(folder / _EMBEDDINGS, allow_pickle=False), report=told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
