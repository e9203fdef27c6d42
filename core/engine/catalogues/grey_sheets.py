"""The compact file of small grey pictures: all of Fashion-MNIST in 25 MB, any picture in about 1 ms.

Blocks of 64 pictures, LZMA-compressed column by column. Measured for the 70,000 pictures: 25.3 MB, against
27.7 MB as lossless WebP sheets and 28.5 MB as PNG sheets of the same 64, and no picture decoder is needed.
"""

from __future__ import annotations

import lzma
import mmap
import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.engine.files.folder import written
from core.engine.files.manifest import REPAIR
from core.errors import ArtifactError, Sentence, sentence

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

    Bytes = npt.NDArray[np.uint8]

SIDE = 28
_BLOCK = 64  # pictures; 1.2 ms to unpack
_MAGIC = b"VITRPIC1"
_HEADER = struct.Struct("<8sII")  # magic, number of pictures, pictures per block
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 17, "lc": 4, "pb": 0}]


def write_pictures(images: Bytes, path: Path) -> None:
    """Write pictures, uint8 (n, 28, 28), into one compact file for `Pictures`; about 12 s for 70,000.

    Layout, little-endian: magic (8 bytes), number of pictures (uint32), pictures per block (uint32), the
    offset of every block and of the end of the file (uint64), then the blocks: raw LZMA2 of up to 64
    pictures, each stored column by column (which packs 5 % better than row by row).
    """
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"expected uint8 (n, 28, 28), got {images.dtype} {images.shape}")
    turned = images.transpose(0, 2, 1)
    blocks = [
        lzma.compress(turned[i : i + _BLOCK].tobytes(), format=lzma.FORMAT_RAW, filters=_FILTERS)
        for i in range(0, len(images), _BLOCK)
    ]
    first = _HEADER.size + 8 * (len(blocks) + 1)
    offsets = np.cumsum([first, *map(len, blocks)], dtype="<u8")
    with written(path) as temporary:
        header = _HEADER.pack(_MAGIC, len(images), _BLOCK)
        temporary.write_bytes(b"".join([header, offsets.tobytes(), *blocks]))


class Pictures:
    """The pictures of a file that `write_pictures` made; may be shared between threads.

    The file is mapped, not read: opening costs nothing, and a picture costs unpacking one block (about
    1 ms) unless that block is among the 64 last used (3 MB).
    """

    def __init__(self, path: Path):
        """Open the file.

        Raises:
            ArtifactError: It is missing, of another kind, or not as long as it says.
        """
        self._name = f"{path.parent.name}/{path.name}"
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            magic, self._n, per_block = _HEADER.unpack_from(self._map)
            n_blocks = -(-self._n // _BLOCK)
            table = self._map[_HEADER.size : _HEADER.size + 8 * (n_blocks + 1)]
            self._offsets = np.frombuffer(table, "<u8").tolist()
        except (OSError, ValueError, struct.error) as error:
            raise self._error(sentence("engine.sheets-missing")) from error
        if magic != _MAGIC or per_block != _BLOCK or len(self._offsets) != n_blocks + 1:
            raise self._error(sentence("engine.sheets-other-version"))
        if self._offsets[-1] != len(self._map):
            raise self._error(sentence("engine.cut-short"))
        self._block = lru_cache(maxsize=64)(self._unpack)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return int(self._n)

    def get(self, position: int) -> Image:
        """Return the picture at a position, 28×28, mode L, white on black.

        Raises:
            IndexError: There is no such position.
            ArtifactError: The file is damaged there.
        """
        from PIL import Image

        if not 0 <= position < len(self):
            raise IndexError(f"position {position} is not in 0..{len(self) - 1}")
        turned = self._block(position // _BLOCK)[position % _BLOCK]
        return Image.fromarray(np.ascontiguousarray(turned.T))

    def _unpack(self, number: int) -> Bytes:
        start, end = self._offsets[number : number + 2]
        n = min(_BLOCK, len(self) - number * _BLOCK)
        try:
            unpacker = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS)
            content = unpacker.decompress(self._map[start:end], max_length=n * SIDE * SIDE)
            return np.frombuffer(content, np.uint8).reshape(n, SIDE, SIDE)
        except (lzma.LZMAError, EOFError, ValueError) as error:
            raise self._error(sentence("engine.damaged")) from error

    def _error(self, problem: Sentence) -> ArtifactError:
        return ArtifactError(self._name, problem, REPAIR)
