"""Embeddings that nobody trained: what any neural backbone must beat. Only numpy is needed."""

from __future__ import annotations

import numpy as np

from core.engine.embedders.base import Embedder

HISTOGRAM_BINS = 8
HOG_ORIENTATIONS = 9
HOG_CELL = 16


class ColourHistogramEmbedder(Embedder):
    """Shares of 8 × 8 × 8 RGB cells, square-rooted, so that the cosine is the Bhattacharyya coefficient.

    Source: Swain and Ballard 1991 (colour indexing).
    """

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        steps = np.minimum((pixels * HISTOGRAM_BINS).astype(np.int64), HISTOGRAM_BINS - 1)
        cells = (steps[:, 0] * HISTOGRAM_BINS + steps[:, 1]) * HISTOGRAM_BINS + steps[:, 2]
        n, n_cells = len(cells), HISTOGRAM_BINS**3
        rows = cells.reshape(n, -1) + n_cells * np.arange(n)[:, None]
        counts = np.bincount(rows.ravel(), minlength=n * n_cells).reshape(n, n_cells)
        return np.sqrt(counts / rows.shape[1]).astype(np.float32)


class HogEmbedder(Embedder):
    """Histograms of oriented gradients: 9 unsigned orientations, cells of 16 pixels, blocks of 2 × 2, L2-Hys.

    The last number is a small constant, so that a picture without any edge has a direction, too.

    Source: Dalal and Triggs 2005.
    """

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        cells = _orientations(pixels)
        n_blocks = cells.shape[1] - 1
        corners = [cells[:, y : y + n_blocks, x : x + n_blocks] for y in (0, 1) for x in (0, 1)]
        blocks = np.concatenate(corners, axis=3)
        blocks = np.minimum(_unit(blocks), 0.2)
        flat = _unit(blocks).reshape(len(pixels), -1)
        return np.concatenate([flat, np.full((len(flat), 1), 1e-3)], axis=1).astype(np.float32)


def _orientations(pixels: np.ndarray) -> np.ndarray:
    """(b, 3, size, size) -> (b, cells, cells, orientations): gradient magnitude, shared by the two nearest bins.

    The gradient is that of the channel in which it is steepest.
    """
    down, across = np.gradient(pixels, axis=(2, 3))
    magnitude = np.hypot(down, across)
    steepest = magnitude.argmax(axis=1)[:, None]
    down, across, magnitude = (np.take_along_axis(a, steepest, 1)[:, 0] for a in (down, across, magnitude))
    angle = np.arctan2(down, across) / np.pi % 1 * HOG_ORIENTATIONS - 0.5
    lower = np.floor(angle)
    share = angle - lower
    n, size = len(pixels), pixels.shape[2]
    cell = np.arange(size) // HOG_CELL
    n_cells = size // HOG_CELL
    place = (np.arange(n)[:, None, None] * n_cells + cell[:, None]) * n_cells + cell
    total = np.zeros(n * n_cells * n_cells * HOG_ORIENTATIONS)
    for bins, weight in ((lower, 1 - share), (lower + 1, share)):
        index = place * HOG_ORIENTATIONS + bins.astype(np.int64) % HOG_ORIENTATIONS
        total += np.bincount(index.ravel(), (magnitude * weight).ravel(), minlength=len(total))
    return total.reshape(n, n_cells, n_cells, HOG_ORIENTATIONS)


def _unit(blocks: np.ndarray) -> np.ndarray:
    result: np.ndarray = blocks / np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + 1e-4)
    return result


class RawPixelsEmbedder(Embedder):
    """The pixels themselves, 32 × 32 in colour, in [-1, 1], so that grey counts least and black has a direction.

    Source: Torralba, Fergus and Freeman 2008 (80 million tiny images).
    """

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        return pixels.reshape(len(pixels), -1)


#: Backbone id -> its embedder.
KINDS: dict[str, type[Embedder]] = {
    "colour-histogram": ColourHistogramEmbedder,
    "hog": HogEmbedder,
    "raw-pixels": RawPixelsEmbedder,
}
