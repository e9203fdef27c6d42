"""A catalogue of one's own as a folder that stays: embeddings, index, table, pictures, and `catalogue.json` about them.

It is built from a ZIP, a CSV or a folder. That description says which backbone made it, down to the sha256 of its
weights: nothing is read unchecked, or by other eyes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.config import MAX_ARCHIVE_BYTES, MAX_CSV_BYTES, MAX_VECTOR_BYTES, Quota
from core.engine.catalogues import CATALOGUES
from core.engine.embedders.base import Embedder
from core.engine.embedders.weights import made_with, require_weights
from core.engine.files.arrays import check_directions, load_arrays
from core.engine.files.folder import MALFORMED, Folder, check_place, folders_in, read_folder, write_folder
from core.engine.index.hnsw import IndexParameters
from core.engine.progress import Progress
from core.engine.search.calibration import Calibration
from core.errors import DataError, Sentence, UnknownNameError, sentence
from core.own.brought import Brought, fit_to, to_npz
from core.own.catalogue import OwnCatalogue
from core.own.ingest.fetch import UrlSource
from core.own.ingest.incoming import FolderSource, Incoming, Skipped, UploadError
from core.own.ingest.item_csv import read_item_csv
from core.own.ingest.vectors import read_vectors
from core.own.ingest.zip_source import ZipSource
from core.own.items import (
    OWN,
    OwnItem,
    embeddings_npz,
    index_bytes,
    items_csv,
    items_from_csv,
    join_pictures,
    split_pictures,
)

SCHEMA = 3
DESCRIPTION = "catalogue.json"
EMBEDDINGS, INDEX, TABLE, PICTURES = "embeddings.npz", "index.hnsw", "items.csv", "pictures.npz"
#: Embeddings that were made elsewhere, where there are any.
VECTORS = "vectors.npz"
#: On one's own machine a catalogue is limited by the machine.
OWN_MACHINE = Quota(images=1_000_000, bytes=10**12, memory=10**11, megapixels=10**9)
_LEFT_BEHIND = re.compile(r"\.[a-z0-9-]+(\.pictures)?\.(json|npz|hnsw|csv)\.\w{8}\.\2")
_RESERVED = {"all", OWN, *CATALOGUES}


def check_name(name: str) -> None:
    """Raise DataError unless this can be the name of a catalogue."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise DataError("own.bad-name", name=name[:60])
    if name in _RESERVED:
        raise DataError("own.taken-name", name=name)


def write_own(catalogue: OwnCatalogue, name: str, folder: Path) -> list[Path]:
    """Write a catalogue as the folder NAME of a folder, whole or not at all; an earlier one of that name is replaced.

    Returns:
        Its files, the description last.

    Raises:
        DataError: The folder cannot be written to.
    """
    backbone, parameters = catalogue.embedder.record, IndexParameters()
    facts = {"schema": SCHEMA, "backbone": backbone.id, "dim": backbone.dim, "count": len(catalogue)}
    facts |= {"space": "cosine", "parameters": asdict(parameters), **made_with(backbone)}
    try:
        contents = {
            EMBEDDINGS: embeddings_npz(catalogue.items, catalogue.embeddings, backbone.id),
            INDEX: index_bytes(catalogue.embeddings, parameters),
            TABLE: items_csv(catalogue.items).encode(),
            PICTURES: join_pictures(catalogue.items),
        }
        if catalogue.brought:
            contents[VECTORS] = to_npz(catalogue.brought, catalogue.items)
            facts["brought"] = {"name": catalogue.brought.name, "dim": catalogue.brought.dim}
        return write_folder(folder / name, DESCRIPTION, facts, contents)
    except OSError as error:
        raise DataError("own.not-writable", folder=folder, why=error.strerror or error) from error


def saved_names(folder: Path) -> list[str]:
    """The catalogues that were written to a folder, sorted; none where there is no such folder.

    What earlier versions left behind when they were killed is removed.
    """
    for left in folder.glob(".*"):
        if _LEFT_BEHIND.fullmatch(left.name):
            left.unlink(missing_ok=True)
    loose = [file.stem for file in folder.glob("*.json") if not file.name.startswith(".")]  # of an earlier version
    return sorted({*folders_in(folder, DESCRIPTION), *loose})


def open_own(name: str, folder: Path, embedder: Embedder, calibration: Calibration | None = None) -> OwnCatalogue:
    """Read a catalogue that `write_own` wrote.

    Raises:
        UnknownNameError: None of that name is there.
        DataError: It was made with another backbone, or a file of it is missing or was changed.
        OtherWeightsError: It was made with other weights of the backbone.
    """
    kept, again = _described(name, folder)
    backbone, stated = embedder.record, (kept.facts.get("backbone"), kept.facts.get("dim"))
    if stated != (backbone.id, backbone.dim):
        raise DataError("own.other-backbone", name=name, made_with=stated[0], backbone=backbone.id)
    require_weights(kept.facts, backbone, sentence("own.the-catalogue", name=name), again)
    try:
        items, embeddings = _content(kept, backbone.dim)
    except MALFORMED:
        raise DataError("own.misfit", name=name, again=again) from None
    catalogue = OwnCatalogue(embedder, calibration, OWN_MACHINE)
    catalogue.restore(items, embeddings)
    if VECTORS in kept.facts["files"]:
        catalogue.brought = _brought(kept, catalogue, again)
    return catalogue


def _described(name: str, folder: Path) -> tuple[Folder, Sentence]:
    """A catalogue's folder, its files not read yet, and what to do where one of them is not right."""
    names, again = saved_names(folder), sentence("own.build-again", name=name)
    if name not in names:
        raise UnknownNameError("catalogue", name[:60], [*_RESERVED - {OWN}, *names])
    if name not in folders_in(folder, DESCRIPTION):
        raise DataError("own.earlier-version", name=name, again=again)
    place = folder / name

    def refuse(file: str, why: Sentence) -> DataError:
        return DataError("own.bad-file", file=place / file, why=why, again=again)

    return read_folder(place, DESCRIPTION, SCHEMA, refuse), again


def backbone_of(name: str, folder: Path) -> str:
    """Id of the backbone that a catalogue was made with.

    Raises:
        UnknownNameError, DataError: See `open_own`.
    """
    return str(_described(name, folder)[0].facts.get("backbone", ""))


def _brought(kept: Folder, catalogue: OwnCatalogue, again: Sentence) -> Brought:
    """The embeddings that were made elsewhere; read as carefully as when they came."""
    content = kept.file(VECTORS).read_bytes()
    try:
        about = kept.facts["brought"]
        return fit_to(catalogue.items, read_vectors(content, len(catalogue)), str(about["name"]))
    except MALFORMED:
        raise DataError("own.misfit", name=kept.path.name, again=again) from None


def bring_own(path: Path, name: str, folder: Path, embedder: Embedder) -> tuple[Brought, list[Path]]:
    """Add embeddings that were made elsewhere to a catalogue, and write it again.

    Args:
        path: A `.npy`, `.npz` or Parquet file.
        name: Of the catalogue.
        folder: Where it is.
        embedder: Of the backbone that it was made with.

    Returns:
        The embeddings, and the files of the catalogue.

    Raises:
        UploadError: The file is refused.
        DataError: It cannot be read, or does not fit the catalogue.
        UnknownNameError: There is no such catalogue.
    """
    catalogue = open_own(name, folder, embedder)
    vectors = read_vectors(_read(path, MAX_VECTOR_BYTES), OWN_MACHINE.images)
    brought = catalogue.bring(vectors, path.name)
    return brought, write_own(catalogue, name, folder)


def _content(kept: Folder, dim: int) -> tuple[list[OwnItem], np.ndarray]:
    """Items and embeddings; one of `MALFORMED` where they do not fit each other."""

    def load(file: str, *names: str) -> dict[str, np.ndarray]:
        return load_arrays(kept.file(file), lambda why: kept.refuse(file, why), names)

    embeddings = load(EMBEDDINGS, "embeddings")["embeddings"]
    pictures = split_pictures(load(PICTURES, "pictures", "ends"))
    items = items_from_csv(kept.file(TABLE).read_bytes().decode(), pictures)
    if embeddings.shape != (len(items), dim):
        raise ValueError("not as many as items")
    check_directions(embeddings, lambda why: kept.refuse(EMBEDDINGS, why))
    return items, embeddings


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
        raise UploadError("own.no-source", path=path)
    table = read_item_csv(_read(path, MAX_CSV_BYTES))
    return UrlSource(table.rows), table.skipped


def open_pictures(path: Path) -> Iterable[Incoming | Skipped]:
    """The pictures of a folder or a `.zip`.

    Raises:
        UploadError, DataError: See `open_source`.
    """
    if path.is_dir() or path.suffix.lower() == ".zip":
        return open_source(path)[0]
    raise UploadError("own.no-pictures-source", path=path)


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)  # one byte more, for whoever checks the limit
    except OSError as error:
        raise DataError("own.not-readable", path=path, why=error.strerror) from error


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
        if not skipped:
            raise DataError("own.no-pictures", path=path)
        raise DataError("own.no-pictures-because", path=path, reason=skipped[0].reason, name=skipped[0].name)
    return OwnBuild(write_own(catalogue, name, folder), len(catalogue), skipped)
