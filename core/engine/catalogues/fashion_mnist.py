"""Fashion-MNIST: reading the published files. Its pictures are then kept in one compact file (`Pictures`).

Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", 2017 (arXiv:1708.07747); licence MIT.
"""

from __future__ import annotations

import gzip
import math
import struct
import threading
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.config import data_dir
from core.engine.catalogues import get
from core.engine.catalogues.grey_sheets import SIDE, Pictures, write_pictures
from core.engine.catalogues.items import ItemTable, load_items
from core.engine.catalogues.reader import Reader
from core.engine.files.manifest import verified
from core.engine.files.paths import items_file
from core.engine.images.decode import encode_png
from core.errors import ArtifactError, DataError

if TYPE_CHECKING:
    from core.engine.catalogues.grey_sheets import Bytes

ID = "fashion-mnist"
N_TRAIN = 60_000
N_TEST = 10_000
_SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")

_MAX_IDX_BYTES = 100 * 1000 * 1000
_SCALE = 4  # how many times as wide and as high the pixels of a file are
_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


class FashionMnist(Reader):
    """All pictures ship in one compact file, which is opened once a process."""

    def build_items(self, folder: Path | None = None, n_train: int = N_TRAIN, n_test: int = N_TEST) -> ItemTable:
        """See `Reader.build_items`; rows in the order of `load_source`, arguments as there."""
        _, labels = load_source(folder, n_train, n_test)
        classes = list(get(ID).classes)
        n = n_train + n_test
        splits = ["train"] * n_train + ["test"] * n_test
        numbers = [*range(n_train), *range(n_test)]
        return ItemTable.from_columns(
            ID,
            id=[f"{ID}/{split}/{i:05d}" for split, i in zip(splits, numbers, strict=True)],
            label=[classes[number] for number in labels],
            split=splits,
            width=[SIDE] * n,
            height=[SIDE] * n,
        )

    def build_files(self) -> list[Path]:
        """The pictures; see `Reader.build_files`."""
        try:
            verified(_sheets_file())
            return []
        except ArtifactError:
            write_pictures(load_source()[0], _sheets_file())
            return [_sheets_file()]

    def picture(self, item_id: str) -> Image.Image:
        """See `Reader.picture`."""
        return _grey(item_id).convert("RGB")

    def file(self, item_id: str) -> tuple[bytes, str]:
        """See `Reader.file`; every pixel is four times as wide and as high."""
        return encode_png(_grey(item_id), _SCALE), "image/png"


def _grey(item_id: str) -> Image.Image:
    return sheets().get(load_items(ID).position(item_id))


def sheets() -> Pictures:
    """The pictures, one object for all threads.

    Raises:
        ArtifactError: Their file is missing or damaged.
    """
    with _lock:
        return _sheets(verified(_sheets_file()))


_sheets = lru_cache(maxsize=2)(Pictures)


def _sheets_file() -> Path:
    return items_file(ID).with_suffix(".sheets")


def read_idx(path: Path) -> Bytes:
    """Read a gzip-compressed IDX file of unsigned bytes.

    No more is unpacked than the header announces, and that is capped, so that a hostile file costs little.

    Returns:
        uint8 array with the shape that the file's header gives (1 to 3 dimensions); not writable.

    Raises:
        DataError: The file is missing, is no such file, or is shorter or longer than its header says.

    Source: the format is described at http://yann.lecun.com/exdb/mnist/ (web archive).
    """
    try:
        with gzip.open(path) as file:
            start = file.read(4)
            if len(start) < 4 or start[:3] != b"\0\0\x08" or not 1 <= start[3] <= 3:
                raise DataError("engine.no-idx", file=path.name)
            shape = struct.unpack(f">{start[3]}I", file.read(4 * start[3]))
            size = math.prod(shape)
            if size > _MAX_IDX_BYTES:
                raise DataError("engine.idx-too-large", file=path.name, size=size)
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError("engine.idx-unreadable", file=path.name, cause=error) from error
    if len(content) != size:
        raise DataError("engine.idx-other-size", file=path.name, size=size)
    return np.frombuffer(content, np.uint8).reshape(shape)


def load_source(folder: Path | None = None, n_train: int = N_TRAIN, n_test: int = N_TEST) -> tuple[Bytes, Bytes]:
    """Read the published files: training pictures first, then test pictures.

    Args:
        folder: Where the four .gz files are; None looks into `data_dir()/fashion-mnist`, then where the
            Debian package dataset-fashion-mnist puts them.
        n_train: How many training pictures there must be.
        n_test: How many test pictures there must be.

    Returns:
        Pictures, uint8 (n_train + n_test, 28, 28), 0 is the background; class numbers, uint8
        (n_train + n_test,), 0 to 9.

    Raises:
        DataError: The files are nowhere (says how to get them) or not what they should be.
    """
    folder = _find_folder(folder)
    images, labels = [], []
    for prefix, n in (("train", n_train), ("t10k", n_test)):
        images.append(read_idx(folder / f"{prefix}-images-idx3-ubyte.gz"))
        labels.append(read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz"))
        if images[-1].shape != (n, SIDE, SIDE) or labels[-1].shape != (n,):
            raise DataError("engine.idx-other-shape", part=prefix, n=n)
        if n and labels[-1].max() > 9:
            raise DataError("engine.idx-other-labels", part=prefix)
    return np.concatenate(images), np.concatenate(labels)


def _find_folder(folder: Path | None) -> Path:
    candidates = [folder] if folder else [data_dir() / ID, _SYSTEM_FOLDER]
    for candidate in candidates:
        if (candidate / "train-images-idx3-ubyte.gz").is_file():
            return candidate
    raise DataError("engine.fashion-mnist-not-here", folder=candidates[0])
