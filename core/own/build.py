"""Build a catalogue of one's own for good, from a ZIP, a CSV or a folder; `core.own.files` says what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.config import MAX_ARCHIVE_BYTES, MAX_CSV_BYTES
from core.engine.embedders.base import Embedder
from core.engine.files.folder import check_place
from core.engine.progress import Progress
from core.errors import DataError
from core.own.catalogue import OwnCatalogue
from core.own.files import DESCRIPTION, OWN_MACHINE, check_name, write_own
from core.own.ingest.fetch import UrlSource
from core.own.ingest.incoming import FolderSource, Incoming, Skipped, UploadError
from core.own.ingest.item_csv import read_item_csv
from core.own.ingest.zip_source import ZipSource


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
        folder: Where it goes, as a folder of its name; an earlier one is replaced.
        embedder: Of the backbone.
        report: Told about progress, and last with `finished`.

    Raises:
        UploadError, DownloadError: See `open_source`.
        DataError: The name is not allowed, something else is in its place, nothing could be embedded, or the folder
            cannot be written to.
    """
    check_name(name)
    check_place(folder / name, DESCRIPTION, "catalogue")
    source, skipped = open_source(path)
    catalogue = OwnCatalogue(embedder, quota=OWN_MACHINE)
    for progress in catalogue.add(source):
        report(progress)
    skipped = [*skipped, *catalogue.skipped]
    if not len(catalogue):
        why = f"; the first was left out because {skipped[0].reason} ({skipped[0].name})" if skipped else ""
        raise DataError(f"{path} holds no picture that can be used{why}.")
    return OwnBuild(write_own(catalogue, name, folder), len(catalogue), skipped)
