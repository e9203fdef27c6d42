"""A catalogue of one's own as a folder that stays: embeddings, index, table, pictures, and `catalogue.json` about them.

That says which backbone made them, down to the sha256 of its weights: nothing is read unchecked, or by other eyes.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np

from core.config import Quota
from core.engine.catalogues import CATALOGUES
from core.engine.embedders.base import Embedder
from core.engine.embedders.weights import require_weights, weights_sha256
from core.engine.files.folder import folders_in, read_folder, write_folder
from core.engine.index.hnsw import IndexParameters
from core.engine.search.calibration import Calibration
from core.errors import DataError, UnknownNameError
from core.own.catalogue import OwnCatalogue
from core.own.items import OWN, embeddings_npz, index_bytes, items_csv, items_from_csv, join_pictures, split_pictures

SCHEMA = 3
DESCRIPTION = "catalogue.json"
EMBEDDINGS, INDEX, TABLE, PICTURES = "embeddings.npz", "index.hnsw", "items.csv", "pictures.npz"
#: On one's own machine a catalogue is limited by the machine.
OWN_MACHINE = Quota(images=1_000_000, bytes=10**12, memory=10**11)
_RESERVED = {"all", OWN, *CATALOGUES}


def check_name(name: str) -> None:
    """Raise DataError unless this can be the name of a catalogue."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise DataError(f"{name[:60]!r} is no name for a catalogue: use lower case letters, digits and hyphens.")
    if name in _RESERVED:
        raise DataError(f"A catalogue of your own cannot be called {name!r}: that name is taken.")


def write_own(catalogue: OwnCatalogue, name: str, folder: Path) -> list[Path]:
    """Write a catalogue as the folder NAME of a folder, whole or not at all; an earlier one of that name is replaced.

    Returns:
        Its files, the description last.

    Raises:
        DataError: The folder cannot be written to.
    """
    backbone, parameters = catalogue.embedder.record, IndexParameters()
    facts = {"schema": SCHEMA, "backbone": backbone.id, "dim": backbone.dim, "count": len(catalogue)}
    facts |= {"space": "cosine", "parameters": asdict(parameters), "weights_sha256": weights_sha256(backbone)}
    contents = {
        EMBEDDINGS: embeddings_npz(catalogue.items, catalogue.embeddings, backbone.id),
        INDEX: index_bytes(catalogue.embeddings, parameters),
        TABLE: items_csv(catalogue.items).encode(),
        PICTURES: join_pictures(catalogue.items),
    }
    try:
        return write_folder(folder / name, DESCRIPTION, facts, contents)
    except OSError as error:
        raise DataError(f"{folder} cannot be written to ({error.strerror or error}).") from error


def saved_names(folder: Path) -> list[str]:
    """The catalogues that were written to a folder, sorted; none where there is no such folder."""
    loose = [file.stem for file in folder.glob("*.json") if not file.name.startswith(".")]  # of an earlier version
    return sorted({*folders_in(folder, DESCRIPTION), *loose})


def open_own(name: str, folder: Path, embedder: Embedder, calibration: Calibration | None = None) -> OwnCatalogue:
    """Read a catalogue that `write_own` wrote.

    Raises:
        UnknownNameError: None of that name is there.
        DataError: It was made with another backbone, or a file of it is missing or was changed.
        OtherWeightsError: It was made with other weights of the backbone.
    """
    names, again = saved_names(folder), f"Build it again: python -m core build --catalogue {name} --from PATH"
    if name not in names:
        raise UnknownNameError("catalogue", name[:60], [*_RESERVED - {OWN}, *names])
    if name not in folders_in(folder, DESCRIPTION):
        raise DataError(f"The catalogue {name} was built by an earlier version. {again}")
    place = folder / name
    kept = read_folder(place, DESCRIPTION, SCHEMA, lambda file, why: DataError(f"{place / file} {why}. {again}"))
    backbone, made_with = embedder.record, (kept.facts.get("backbone"), kept.facts.get("dim"))
    if made_with != (backbone.id, backbone.dim):
        raise DataError(f"The catalogue {name} was made with the backbone {made_with[0]}, not {backbone.id}.")
    require_weights(kept.facts.get("weights_sha256"), backbone, f"The catalogue {name}", again)
    with np.load(kept.file(EMBEDDINGS), allow_pickle=False) as content:
        embeddings = content["embeddings"]
    items = items_from_csv(kept.file(TABLE).read_bytes().decode(), split_pictures(kept.file(PICTURES)))
    if embeddings.shape != (len(items), backbone.dim):
        raise DataError(f"The files of the catalogue {name} do not fit each other. {again}")
    catalogue = OwnCatalogue(embedder, calibration, OWN_MACHINE)
    catalogue.restore(items, embeddings)
    return catalogue
