"""Embedding many pictures at a time: one single-threaded worker a core, each with a few pictures in hand.

Threads that share one small network wait for each other at every layer, and pictures are prepared by one thread while
the others idle. So where throughput counts, and not how soon one picture is done, each core gets pictures of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from core.config import n_threads
from core.engine.embedders.base import Embedder, OnnxImageEmbedder, batched, open_session
from core.engine.files.folder import written

#: Pictures that a worker takes at a time; more do not make it faster, and take more memory.
BATCH = 4


def for_bulk(embedder: Embedder) -> Embedder:
    """The same backbone for many pictures; itself where it is not run by onnxruntime."""
    return BulkEmbedder(embedder) if isinstance(embedder, OnnxImageEmbedder) else embedder


def embed_part(file: Path, embedder: Embedder, pictures: Iterable[Image.Image], kind: type = np.float32) -> np.ndarray:
    """(n, dim) embeddings that are kept in a file: made now, unless they were made before.

    Args:
        file: A part of many, so that whoever is stopped goes on from there.
        embedder: See `for_bulk`.
        pictures: RGB; they are not asked for where the file is there.
        kind: Type of the numbers that are kept.
    """
    if file.is_file():
        kept: np.ndarray = np.load(file, allow_pickle=False)
        return kept
    embeddings: np.ndarray = embedder.embed_images(pictures).astype(kind, copy=False)
    with written(file) as temporary:
        np.save(temporary, embeddings)
    return embeddings


class BulkEmbedder(Embedder):
    """An exported image tower, run by one thread a core on different pictures."""

    def __init__(self, embedder: OnnxImageEmbedder):
        super().__init__(embedder.record)
        self._session = open_session(embedder.file, threads=1)
        self._n_workers = n_threads()
        self._workers = ThreadPoolExecutor(self._n_workers, f"bulk-{embedder.record.id}")

    def embed_images(self, images: Iterable[Image.Image]) -> np.ndarray:
        """Embed pictures; the same as any embedder's, in the same order.

        An iterator is read as it goes, in the caller's thread: at most two batches a worker wait.
        """
        parts: list[np.ndarray] = []
        waiting: deque[Future[np.ndarray]] = deque()
        for batch in batched(images, BATCH):
            waiting.append(self._workers.submit(super().embed_images, batch))
            if len(waiting) > 2 * self._n_workers:
                parts.append(waiting.popleft().result())
        parts.extend(future.result() for future in waiting)
        return np.concatenate(parts) if parts else super().embed_images([])

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        result: np.ndarray = self._session.run(None, {"pixels": pixels})[0]
        return result
