"""Arrays that are kept: read without pickle, and only if they hold the numbers that their readers rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from core.errors import Sentence, VitrineError, sentence

#: A problem -> the error that the caller's readers understand.
Refused = Callable[[Sentence], VitrineError]
_BLOCK = 8192


def load_array(path: Path, refused: Refused, mapped: bool = False) -> np.ndarray:
    """An array of numbers, mapped from the disk if wished.

    Raises:
        VitrineError: What `refused` makes of the reason: it is no such array.
    """
    with _sentences(refused):
        if mapped:
            return _only_numbers(np.lib.format.open_memmap(path, mode="r"))
        with path.open("rb") as file:
            return _only_numbers(np.load(file, allow_pickle=False))


def load_arrays(path: Path, refused: Refused, names: Iterable[str] = ()) -> dict[str, np.ndarray]:
    """The arrays of numbers of an .npz file by name, of these names or all; errors as in `load_array`."""
    with _sentences(refused), path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise _NoNumbers
        with archive:
            return {name: _only_numbers(archive[name]) for name in names or archive.files}


class _NoNumbers(Exception):
    """What was read is something else."""


def _only_numbers(found: object) -> np.ndarray:
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise _NoNumbers
    return found


@contextmanager
def _sentences(refused: Refused) -> Iterator[None]:
    try:
        yield
    except _NoNumbers:
        raise refused(sentence("engine.no-numbers")) from None
    except Exception as error:  # zipfile, zlib and numpy raise many kinds, also at a pickle, which could run anything
        raise refused(sentence("engine.unreadable", why=type(error).__name__)) from error


def check_directions(rows: np.ndarray, refused: Refused) -> None:
    """Refuse (n, dim) embeddings of which one has no direction: it is not finite, or nothing but zeros."""
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK].astype(np.float32)
        lengths = np.einsum("ij,ij->i", block, block)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise refused(sentence("engine.no-directions"))
