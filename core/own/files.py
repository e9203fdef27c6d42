"""A catalogue of one's own as files that stay: NAME.npz, .hnsw, .csv, .pictures.npz, and NAME.json about them.

NAME.json says which backbone made them, with sha256 and sizes: nothing is read unchecked.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.config import Quota
from core.engine.catalogues import CATALOGUES
from core.engine.embedders.base import Embedder
from core.engine.files.manifest import sha256_of, written
from core.engine.index.hnsw import IndexParameters
from core.engine.search.calibration import Calibration
from core.errors import DataError, UnknownNameError
from core.own.catalogue import OwnCatalogue
from core.own.items import OWN, embeddings_npz, index_bytes, items_csv, items_from_csv, join_pictures, split_pictures

SCHEMA = 2
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
    """Write a catalogue; its description comes last, so that what was interrupted is not taken for whole.

    Raises:
        DataError: The folder cannot be written to.
    """
    backbone, parameters = catalogue.embedder.record, IndexParameters()
    contents = {
        f"{name}.npz": embeddings_npz(catalogue.items, catalogue.embeddings, backbone.id),
        f"{name}.hnsw": index_bytes(catalogue.embeddings, parameters),
        f"{name}.csv": items_csv(catalogue.items).encode(),
        f"{name}.pictures.npz": join_pictures(catalogue.items),
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


def saved_names(folder: Path) -> list[str]:
    """The catalogues that were written to a folder, sorted; none where there is no such folder."""
    return sorted(file.stem for file in folder.glob("*.json"))


def open_own(name: str, folder: Path, embedder: Embedder, calibration: Calibration | None = None) -> OwnCatalogue:
    """Read a catalogue that `write_own` wrote.

    Raises:
        UnknownNameError: None of that name is there.
        DataError: It was made with another backbone, or a file of it is missing or was changed.
    """
    names = saved_names(folder)
    if name not in names:
        raise UnknownNameError("catalogue", name[:60], [*_RESERVED - {OWN}, *names])
    facts = _facts(folder / f"{name}.json")
    backbone = embedder.record
    if (facts["backbone"], facts["dim"]) != (backbone.id, backbone.dim):
        raise DataError(f"The catalogue {name} was made with the backbone {facts['backbone']}, not {backbone.id}.")
    files = {file: _verified(folder / file, facts) for file in (f"{name}.npz", f"{name}.csv", f"{name}.pictures.npz")}
    with np.load(files[f"{name}.npz"], allow_pickle=False) as content:
        embeddings = content["embeddings"]
    items = items_from_csv(files[f"{name}.csv"].read_bytes().decode(), split_pictures(files[f"{name}.pictures.npz"]))
    if embeddings.shape != (len(items), backbone.dim):
        raise DataError(f"The files of the catalogue {name} do not fit each other; build it again.")
    catalogue = OwnCatalogue(embedder, calibration, OWN_MACHINE)
    catalogue.restore(items, embeddings)
    return catalogue


def _facts(description: Path) -> dict[str, Any]:
    try:
        facts = json.loads(description.read_bytes())
        if facts["schema"] == SCHEMA and {"backbone", "dim", "files"} <= facts.keys():
            return dict(facts)
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise DataError(f"{description} describes no catalogue that this version can read; build it again.")


def _verified(file: Path, facts: dict[str, Any]) -> Path:
    """The file, whose content is what the description says."""
    entry = facts["files"].get(file.name, {})
    if not file.is_file() or sha256_of(file) != entry.get("sha256"):
        raise DataError(f"{file} is missing or was changed; build the catalogue again.")
    return file
