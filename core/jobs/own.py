"""Build a catalogue of one's own for good: PATH (ZIP, CSV or folder) -> NAME.npz, NAME.hnsw and NAME.csv.

Beside them NAME.json says which backbone made them, with sha256 and sizes, since an index must never be loaded
unchecked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from core.artifacts import sha256_of, written
from core.catalogues.incoming import FolderSource, Incoming, Skipped, UploadError
from core.catalogues.item_csv import read_item_csv
from core.catalogues.url_source import UrlSource
from core.catalogues.zip_source import ZipSource
from core.config import MAX_ARCHIVE_BYTES, MAX_CSV_BYTES, Quota
from core.embedding import Embedder
from core.errors import DataError
from core.index import IndexParameters
from core.own_catalogue import OwnCatalogue
from core.own_items import embeddings_npz, index_bytes, items_csv
from core.progress import Progress

SCHEMA = 1
#: On one's own machine a folder is limited by the machine; archives and tables keep their limits.
OWN_MACHINE = Quota(images=1_000_000, bytes=10**12, memory=10**11)


@dataclass(frozen=True)
class OwnBuild:
    """What was written, and what was left out."""

    files: list[Path]
    n_items: int
    skipped: list[Skipped]


def open_source(path: Path) -> tuple[Iterable[Incoming | Skipped], list[Skipped]]:
    """What a path holds, by its kind: a folder, a `.zip`, or else a CSV table of URLs; and the rows skipped so far.

    Raises:
        UploadError: It is refused as a whole.
        DownloadError: It is a table of URLs, and fetching is switched off.
        DataError: It cannot be read.
    """
    if path.is_dir():
        return FolderSource(path), []
    if path.suffix.lower() == ".zip":
        return ZipSource(_read(path, MAX_ARCHIVE_BYTES)), []
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise UploadError(f"{path} is neither a folder nor a ZIP archive (.zip) nor a table (.csv).")
    table = read_item_csv(_read(path, MAX_CSV_BYTES))
    return UrlSource(table.rows), table.skipped


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)  # one byte more, for whoever checks the limit
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error


def build_own(
    path: Path,
    name: str,
    folder: Path,
    embedder: Embedder,
    report: Callable[[Progress], None] = lambda _: None,
) -> OwnBuild:
    """Embed what `path` holds and write the catalogue.

    Args:
        path: See `open_source`.
        name: Of the catalogue; lower case letters, digits and hyphens.
        folder: Where the files go; made if need be, files of the same names are replaced.
        embedder: Of the backbone.
        report: Told about progress, and last with `finished`.

    Raises:
        UploadError, DownloadError: See `open_source`.
        DataError: The name is not allowed, nothing could be embedded, or the folder cannot be written to.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise DataError(f"{name[:60]!r} is no name for a catalogue: use lower case letters, digits and hyphens.")
    source, skipped = open_source(path)
    catalogue = OwnCatalogue(embedder, quota=OWN_MACHINE, thumbnail_side=0)
    for progress in catalogue.add(source):
        report(progress)
    skipped = [*skipped, *catalogue.skipped]
    if not len(catalogue):
        why = f"; the first was left out because {skipped[0].reason} ({skipped[0].name})" if skipped else ""
        raise DataError(f"{path} holds no picture that can be used{why}.")
    return OwnBuild(_write(catalogue, name, folder), len(catalogue), skipped)


def _write(catalogue: OwnCatalogue, name: str, folder: Path) -> list[Path]:
    backbone, parameters = catalogue.embedder.record, IndexParameters()
    contents = {
        f"{name}.npz": embeddings_npz(catalogue.items, catalogue.embeddings, backbone.id),
        f"{name}.hnsw": index_bytes(catalogue.embeddings, parameters),
        f"{name}.csv": items_csv(catalogue.items).encode(),
    }
    files = [folder / file for file in contents]
    description = folder / f"{name}.json"
    try:
        for file, content in zip(files, contents.values(), strict=True):
            with written(file) as temporary:
                temporary.write_bytes(content)
        facts = {"schema": SCHEMA, "backbone": backbone.id, "dim": backbone.dim, "count": len(catalogue)}
        facts |= {"space": "cosine", "parameters": asdict(parameters)}
        facts["files"] = {file.name: {"sha256": sha256_of(file), "bytes": file.stat().st_size} for file in files}
        with written(description) as temporary:
            temporary.write_text(json.dumps(facts, indent=2) + "\n")
    except OSError as error:
        raise DataError(f"{folder} cannot be written to ({error.strerror or error}).") from error
    return [*files, description]


def progress_line(progress: Progress) -> str:
    """One line for a terminal, such as "320 of 1,000 pictures, 90 a second, 8 s left"."""
    total = f" of {progress.n_total:,}" if progress.n_total is not None else ""
    left = "" if progress.seconds_left is None or progress.finished else f", {progress.seconds_left:.0f} s left"
    return f"{progress.n_done:,}{total} pictures, {progress.images_per_s:.0f} a second{left}"
