"""The parts of an embedding, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

#: Their dimensions: what a thing is, its colour, and the rest of its looks.
PARTS = {"kind": 96, "colour": 24, "look": 40}
#: Their shares of a similarity: of the similarity of two equal pictures, which is 1.
SHARES = {"kind": 0.65, "colour": 0.175, "look": 0.175}


def split(embeddings: Tensor) -> dict[str, Tensor]:
    """(n, dim) -> part -> (n, part dim)."""
    return dict(zip(PARTS, embeddings.split(list(PARTS.values()), 1), strict=True))
