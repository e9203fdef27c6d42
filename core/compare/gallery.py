"""The compare gallery: one fixed part of the catalogues, as every backbone sees it.

Comparing wants the same pictures for all and room for many backbones. So each is searched exactly among the photos of
clothes and 10,000 pictures of Fashion-MNIST, kept as int8 in at most 256 dimensions. How many of a catalogue's pictures
take part is in its record; which these are is decided once, by `choose_items`, and stored.

A gallery is a folder with `gallery.json`, which holds the sha256 of the files beside it. Those that ship are
artifacts; those that were built here (for backbones from a hub) are in `compare/` of the data folder.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from core.config import DEFAULT_BACKBONE, artifacts_dir, data_dir
from core.engine.backbones import BACKBONES, get
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues import get as get_catalogue
from core.engine.catalogues.items import ItemTable, load_items
from core.engine.embedders.load import missing
from core.engine.embedders.weights import require_weights
from core.engine.files.arrays import check_directions, load_array, load_arrays
from core.engine.files.folder import MALFORMED, Folder, digest_of, read_folder
from core.engine.files.manifest import load_manifest, refusal, verified
from core.engine.files.paths import index_file
from core.engine.index.hnsw import ExactIndex
from core.engine.search import process
from core.engine.search.calibration import Calibration
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import BuiltGallery, load_gallery
from core.errors import ArtifactError, Sentence, sentence

SCHEMA = 1
SEED = 0
ITEMS = "items.npz"
DESCRIPTION = "gallery.json"
#: Engines that are kept: as many as are compared at a time.
MAX_COMPARED = 4

_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


def choose_items(catalogue: str, items: ItemTable) -> np.ndarray:
    """Which items take part: those that show a garment, or as many training items as the catalogue's record says.

    These are drawn by `SEED`. The test pictures of such a catalogue stay outside, so that they can be asked about.

    Returns:
        (n,) int32 positions, rising.
    """
    record = get_catalogue(catalogue)
    wanted = ~items.frame["label"].isin(list(record.no_garment)).to_numpy()
    if not record.n_compared:
        return np.flatnonzero(wanted).astype(np.int32)
    train = np.flatnonzero(wanted & (items.frame["split"] == "train").to_numpy())
    drawn = np.random.default_rng(SEED).permutation(train)[: record.n_compared]
    return np.sort(drawn).astype(np.int32)


def items_path() -> Path:
    """Where the chosen positions are kept: one int32 array a catalogue."""
    return artifacts_dir() / "compare" / ITEMS


def stored_positions(catalogue: str) -> np.ndarray:
    """(n,) int32: the chosen positions of a catalogue.

    Raises:
        ArtifactError: They are missing or damaged, or were chosen before there was this catalogue.
    """
    stored = load_arrays(verified(items_path()), partial(refusal, items_path()))
    if catalogue not in stored:
        problem = sentence("engine.knows-nothing", catalogue=catalogue)
        raise ArtifactError(f"compare/{ITEMS}", problem, "python -m core build --backbone ID")
    return stored[catalogue]


def shipped_folder(backbone_id: str) -> Path:
    """Where the gallery of a backbone is that ships."""
    return artifacts_dir() / "compare" / quote(backbone_id, safe="")


def built_folder(backbone_id: str) -> Path:
    """Where the gallery of a backbone is that was built here."""
    return data_dir() / "compare" / quote(backbone_id, safe="")


def folder_of(backbone_id: str) -> Path | None:
    """The folder that holds a backbone's gallery; None if there is none yet."""
    for folder in (shipped_folder(backbone_id), built_folder(backbone_id)):
        if (folder / DESCRIPTION).is_file():
            return folder
    return None


def has_gallery(backbone_id: str) -> bool:
    """Whether a gallery can be expected to load, without reading it."""
    if backbone_id != DEFAULT_BACKBONE:
        return folder_of(backbone_id) is not None
    return all(index_file(backbone_id, catalogue, ".npy").is_file() for catalogue in CATALOGUES)


def gallery_for(backbone_id: str, catalogue: str) -> BuiltGallery:
    """The compare gallery of a backbone: all of it is in memory, searched exactly.

    The items are the whole catalogue's table, so that positions, ids and pictures are those of every other page; what
    is not in the compare gallery is never found.

    Raises:
        UnknownNameError: No such backbone.
        ArtifactError: It has not been built, or is damaged; says what to run.
        OtherWeightsError: It was made with other weights.
    """
    positions = stored_positions(catalogue)
    if backbone_id == DEFAULT_BACKBONE:
        whole = load_gallery(backbone_id, catalogue)
        index = ExactIndex(whole.exact.embeddings[positions], positions)
        return BuiltGallery(whole.items, index, index, whole.calibration, of_queries=whole.of_queries)
    folder = folder_of(get(backbone_id).id)
    if folder is None:
        raise _error(backbone_id, sentence("engine.not-built"))
    try:
        return _read(_open(backbone_id, folder), backbone_id, catalogue, positions)
    except MALFORMED as error:  # of another form than `build` writes
        raise _error(backbone_id, sentence("engine.odd-entries"), f"/{DESCRIPTION}") from error


def _read(gallery: Folder, backbone_id: str, catalogue: str, positions: np.ndarray) -> BuiltGallery:
    facts, items = gallery.facts, load_items(catalogue)
    stated = facts.get("weights_sha256", (facts.get("weights") or {}).get("sha256"))
    require_weights({**facts, "weights_sha256": stated}, get(backbone_id), sentence("compare.gallery"))

    def load(name: str) -> np.ndarray:
        return load_array(gallery.file(name), lambda problem: _error(backbone_id, problem, f"/{name}"))

    embeddings = load(f"{catalogue}.npy")
    same = facts["items"] == digest_of(items_path()) and facts["hashes"][catalogue] == items.content_hash()
    if not same or len(embeddings) != len(positions):
        raise _error(backbone_id, sentence("engine.other-items"))
    check_directions(embeddings, lambda problem: _error(backbone_id, problem, f"/{catalogue}.npy"))
    components = load("components.npy") if facts["reduced"] else None
    index = ExactIndex(embeddings, positions, components)
    if index.dim != facts["dim"]:
        raise _error(backbone_id, sentence("compare.other-dimensions"))
    title = get(backbone_id).title
    notice = sentence("compare.part", title=title, n=len(positions), n_items=len(items), catalogue=catalogue)
    return BuiltGallery(items, index, index, Calibration.from_json(facts["calibration"][catalogue]), notice)


def compare_engine(backbone_id: str) -> SearchEngine:
    """The one engine of a backbone among the compare gallery in this process.

    Raises:
        UnknownNameError: No such backbone.
    """
    get(backbone_id)  # outside the lock: to look a name up in its library takes seconds
    with _lock:
        return _compare_engine(backbone_id, artifacts_dir())


@lru_cache(maxsize=MAX_COMPARED)
def _compare_engine(backbone_id: str, folder: Path) -> SearchEngine:
    return SearchEngine(backbone_id, gallery_for)


def search_engine(backbone_id: str) -> SearchEngine:
    """What searches with a backbone: its indexes of all catalogues, else its compare gallery, which says so.

    Raises:
        UnknownNameError: No such backbone.
    """
    return process.engine(backbone_id) if is_indexed(backbone_id) else compare_engine(backbone_id)


def is_indexed(backbone_id: str) -> bool:
    """Whether a backbone has an index of every catalogue; taken for true of the default one, which lacks nothing."""
    if backbone_id == DEFAULT_BACKBONE:  # asked with every search: no file is read for it
        return True
    try:
        indexes = load_manifest()["indexes"]
    except ArtifactError:
        return False
    return all(f"{backbone_id}/{catalogue}" in indexes for catalogue in CATALOGUES)


def can_search(backbone_id: str) -> bool:
    """Whether a backbone of the registry, or a model of a library, can search here."""
    if backbone_id not in BACKBONES:
        return backbone_id in models_here()
    return is_indexed(backbone_id) or (has_gallery(backbone_id) and not missing(BACKBONES[backbone_id]))


def searchable() -> list[str]:
    """The backbones that can search here."""
    return [*filter(can_search, BACKBONES), *models_here()]


def models_here() -> list[str]:
    """The models of a library, such as "timm:NAME", whose gallery was built here and whose library is installed.

    The library, which takes seconds to import, is not asked for them.
    """
    names = (unquote(file.parent.name) for file in (data_dir() / "compare").glob(f"*/{DESCRIPTION}"))
    libraries = {"timm", "open_clip"} if find_spec("torch") else set()
    named = [name for name in names if name not in BACKBONES and name.partition(":")[0] in libraries]
    return sorted(name for name in named if find_spec(name.partition(":")[0]))


def describe_gallery(backbone_id: str) -> Mapping[str, Any]:
    """What `gallery.json` says of a built gallery.

    Returns:
        "p_at_5": catalogue -> {"full", "stored"}, the share of 1,000 items' five nearest that have their label, from
        the full embeddings and from what is stored; "bytes", "dim", "stored_dim", "date", "weights" (the pin of what a
        hub sent), "weights_sha256" and what `gallery_for` needs.

    Raises:
        ArtifactError: It has not been built, or is damaged.
    """
    folder = folder_of(backbone_id)
    if folder is None:
        raise _error(backbone_id, sentence("engine.not-built"))
    return _open(backbone_id, folder).facts


def _open(backbone_id: str, folder: Path) -> Folder:
    if folder == shipped_folder(backbone_id):
        verified(folder / DESCRIPTION)
    gallery = read_folder(folder, DESCRIPTION, SCHEMA, lambda name, problem: _error(backbone_id, problem, f"/{name}"))
    if gallery.facts.get("backbone") != backbone_id:
        raise _error(backbone_id, sentence("compare.other-backbone"))
    return gallery


def _error(backbone_id: str, problem: Sentence, file: str = "") -> ArtifactError:
    name = f"compare/{quote(backbone_id, safe='')}{file}"
    return ArtifactError(name, problem, f"python -m core build --backbone {backbone_id}")
