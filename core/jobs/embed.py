"""`python -m core embed`: files, folders, ZIP archives or lines of text -> one .npz of embeddings."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.config import MAX_IMAGE_BYTES
from core.engine.embedders.base import Embedder
from core.engine.files.folder import written
from core.engine.images.decode import open_image
from core.errors import DataError, ImageError


@dataclass(frozen=True)
class Embedded:
    """What was embedded, and what was not.

    Attributes:
        ids: File names (of an archive's member: archive/member), sorted; or the lines of text, in their order.
        embeddings: (n, dim) float32, rows L2-normalised, in the order of `ids`.
        skipped: One sentence for each file that was left out.
    """

    ids: list[str]
    embeddings: np.ndarray
    skipped: list[str]


def embed_lines(embedder: Embedder, file: Path) -> Embedded:
    """Embed each line of a UTF-8 text file; empty lines are left out.

    Raises:
        DataError: The file is missing or not UTF-8.
        VitrineError: The backbone has no text tower.
    """
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as UTF-8 text ({error}).") from error
    return Embedded(lines, embedder.embed_texts(lines), [])


def embed_paths(embedder: Embedder, paths: Sequence[Path]) -> Embedded:
    """Embed picture files, folders (with all that is below) and ZIP archives; shows progress on a terminal."""
    from tqdm import tqdm

    ids: list[str] = []
    rows: list[np.ndarray] = []
    skipped: list[str] = []
    sources = sorted(_sources(paths, skipped), key=lambda source: source[0])
    for name, source in tqdm(sources, unit="image", disable=None):
        try:
            image = open_image(source.read() if isinstance(source, _Member) else source, name)
            rows.append(embedder.embed_images([image])[0])
            ids.append(name)
        except ImageError as error:
            skipped.append(str(error))
    embeddings = np.stack(rows) if rows else np.empty((0, embedder.record.dim), np.float32)
    return Embedded(ids, embeddings, skipped)


def write_npz(result: Embedded, output: Path) -> None:
    """Write `ids`, `embeddings` and `skipped`; nothing in it needs pickle.

    Raises:
        DataError: The place cannot be written to.
    """
    ids, skipped = (np.array(names, dtype=str) for names in (result.ids, result.skipped))
    try:
        with written(output) as temporary, temporary.open("wb") as file:
            np.savez(file, ids=ids, embeddings=result.embeddings, skipped=skipped)
    except OSError as error:
        raise DataError(f"{output} cannot be written ({error.strerror or error}).") from error


@dataclass(frozen=True)
class _Member:
    """A file inside an archive, unpacked in memory only when its turn comes."""

    archive: Path
    info: zipfile.ZipInfo

    def read(self) -> bytes:
        name = f"{self.archive}/{self.info.filename}"
        try:
            with zipfile.ZipFile(self.archive) as archive, archive.open(self.info) as file:
                return file.read(MAX_IMAGE_BYTES + 1)  # never more, whatever size the archive claims
        except Exception as error:  # zipfile and its decompressors raise many kinds on damaged bytes
            raise ImageError(name, f"it cannot be unpacked ({error})") from error


def _sources(paths: Sequence[Path], skipped: list[str]) -> Iterator[tuple[str, Path | _Member]]:
    for path in paths:
        if path.is_dir():
            yield from ((str(file), file) for file in path.rglob("*") if file.is_file())
        elif path.suffix.lower() == ".zip":
            try:
                with zipfile.ZipFile(path) as archive:
                    members = [info for info in archive.infolist() if not info.is_dir()]
            except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
                skipped.append(f"{path}: it is not a readable ZIP archive ({error}).")
                continue
            yield from ((f"{path}/{info.filename}", _Member(path, info)) for info in members)
        else:
            yield str(path), path
