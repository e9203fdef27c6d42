"""Maps of embeddings as artifacts: small files, described in the manifest, verified before they are read."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.config import artifacts_dir
from core.engine.catalogues import CATALOGUES
from core.engine.files.folder import written
from core.engine.files.manifest import load_manifest, register, verified
from core.engine.metrics import Estimate
from core.errors import ArtifactError, Sentence, sentence
from core.maps.projection import Faithfulness, ProjectionParameters

#: Steps of a coordinate: a map 1,000 pixels wide has 65 of them in each pixel.
STEPS = 65535
#: Scale of the shares that are kept as one byte.
FULL = 255
#: Maps that are kept; the largest takes 1 MB.
MAX_MAPS = 12

_lock = threading.Lock()  # `lru_cache` alone lets two threads make the same thing twice


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """Where items lie on one backbone's map, and what their neighbours in the embeddings are.

    Items come catalogue by catalogue, in the order of `CATALOGUES`. Neighbours are of an item's own catalogue
    and, where senders are known, of another sender.

    Attributes:
        catalogue: (n,) uint8, which of `CATALOGUES`.
        position: (n,) uint32, row in that catalogue's item table.
        steps: (n, 2) uint16, the point in steps of `scale` from `origin`.
        origin: (2,) float32.
        scale: Width of a step.
        predicted: (n,) uint8, class number that most of the nearest neighbours have.
        nearest: (n,) uint8, class number of the nearest neighbour.
        purity: (n,) uint8, share of the nearest neighbours that are of the item's own class, `FULL` for all.
    """

    catalogue: np.ndarray
    position: np.ndarray
    steps: np.ndarray
    origin: np.ndarray
    scale: float
    predicted: np.ndarray
    nearest: np.ndarray
    purity: np.ndarray

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.position)

    @property
    def points(self) -> np.ndarray:
        """(n, 2) float32, at most half a step from what was fitted."""
        result: np.ndarray = (self.origin + self.steps * np.float32(self.scale)).astype(np.float32)
        return result


@dataclass(frozen=True)
class MapFacts:
    """What the manifest says of a map: how it was made and how faithful it is."""

    count: int
    parameters: ProjectionParameters
    faithfulness: Faithfulness


#: The arrays of a file, with the type of their numbers and their shape for n items.
_ARRAYS: dict[str, tuple[str, tuple[int | None, ...]]] = {
    "catalogue": ("u1", (None,)),
    "position": ("<u4", (None,)),
    "steps": ("<u2", (None, 2)),
    "origin": ("<f4", (2,)),
    "scale": ("<f4", ()),
    "predicted": ("u1", (None,)),
    "nearest": ("u1", (None,)),
    "purity": ("u1", (None,)),
}


def quantise(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """(n, 2) points -> steps (n, 2) uint16, origin (2,) float32 and width of a step; both axes have one scale."""
    origin = points.min(axis=0).astype(np.float32)
    scale = float(np.float32(max(float((points - origin).max()) / STEPS, 1e-9)))
    steps = np.rint((points - origin) / scale).clip(0, STEPS).astype("<u2")
    return steps, origin, scale


def map_file(backbone_id: str) -> Path:
    """Where a backbone's map is."""
    return artifacts_dir() / "maps" / f"{backbone_id}.npz"


def save_map(backbone_id: str, chart: EmbeddingMap, facts: MapFacts) -> None:
    """Write a map, and enter it into the manifest, which already knows its catalogues and its backbone."""
    path = map_file(backbone_id)
    arrays = {name: np.asarray(getattr(chart, name), kind) for name, (kind, _) in _ARRAYS.items()}
    with written(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    register([path], maps={backbone_id: asdict(facts) | _made_from(backbone_id, load_manifest())})


def _made_from(backbone_id: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a map must have in common with the embeddings beside it."""
    items = {name: manifest["catalogues"].get(name, {}).get("items_hash") for name in CATALOGUES}
    weights = manifest["backbones"].get(backbone_id, {}).get("weights_sha256")
    compared = manifest["files"].get(f"compare/{backbone_id}/gallery.json", {}).get("sha256")
    indexes = [manifest["indexes"].get(f"{backbone_id}/{name}", {}) for name in CATALOGUES]
    return {
        "items_hash": items,
        "weights_sha256": weights,
        "compare_sha256": None if weights else compared,
        "preparation": next((one["preparation"] for one in indexes if "preparation" in one), None),
    }


def known_maps() -> list[str]:
    """Ids of the backbones whose maps are made and fit the embeddings, in the manifest's order of backbones.

    Raises:
        ArtifactError: The manifest cannot be used.
    """
    manifest = load_manifest()
    entries = manifest.get("maps")
    if not isinstance(entries, dict):
        return []
    return [id for id, entry in entries.items() if isinstance(entry, dict) and _fits(id, entry, manifest)]


def _fits(backbone_id: str, entry: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    return all(entry.get(name) == value for name, value in _made_from(backbone_id, manifest).items())


def repair(backbone_id: str) -> str:
    """The command that makes a map anew."""
    return f"python -m core build --maps --backbone {backbone_id}"


def load_map(backbone_id: str) -> tuple[EmbeddingMap, MapFacts]:
    """Load a map that the manifest describes, and only if everything fits.

    Raises:
        ArtifactError: It has not been made, is damaged, or was made from other items or weights.
    """
    path = map_file(backbone_id)
    manifest = load_manifest()
    entries = manifest.get("maps")
    entry = entries.get(backbone_id) if isinstance(entries, dict) else None
    if not isinstance(entry, dict):
        raise _error(backbone_id, sentence("maps.not-made"))
    if not _fits(backbone_id, entry, manifest):
        raise _error(backbone_id, sentence("maps.other-embeddings"))
    try:
        figures = dict(entry["faithfulness"])
        for name in ("trustworthiness", "neighbours_kept"):
            figures[name] = Estimate(**figures[name])
        parameters = ProjectionParameters(**entry["parameters"])
        facts = MapFacts(int(entry["count"]), parameters, Faithfulness(**figures))
        counts = {name: int(manifest["catalogues"][name]["count"]) for name in CATALOGUES}
    except (KeyError, TypeError, ValueError) as error:
        raise _error(backbone_id, sentence("maps.odd-description")) from error
    return _read(backbone_id, verified(path).read_bytes(), facts.count, counts), facts


def _read(backbone_id: str, content: bytes, n: int, counts: Mapping[str, int]) -> EmbeddingMap:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
    except Exception as error:  # numpy and zipfile raise many kinds on damaged bytes
        raise _error(backbone_id, sentence("engine.unreadable", why=type(error).__name__)) from error
    for name, (kind, shape) in _ARRAYS.items():
        expected = tuple(n if side is None else side for side in shape)
        if arrays[name].dtype != np.dtype(kind) or arrays[name].shape != expected:
            raise _error(backbone_id, sentence("maps.odd-array", array=name))
    _check_numbers(backbone_id, arrays, counts)
    return EmbeddingMap(**(arrays | {"scale": float(arrays["scale"])}))


def _check_numbers(backbone_id: str, arrays: dict[str, np.ndarray], counts: Mapping[str, int]) -> None:
    """Whether every item and class that a map speaks of exists, and items come in order."""
    catalogue = arrays["catalogue"]
    n_items, n_classes = list(counts.values()), [len(known.classes) for known in CATALOGUES.values()]
    right = bool((catalogue < len(CATALOGUES)).all()) and bool(np.isfinite(arrays["origin"]).all())
    if right:
        order = catalogue.astype(np.int64) << 32 | arrays["position"]
        right = bool((np.diff(order) > 0).all()) and bool((arrays["position"] < np.array(n_items)[catalogue]).all())
        right &= all(bool((arrays[name] < np.array(n_classes)[catalogue]).all()) for name in ("predicted", "nearest"))
    if not right:
        raise _error(backbone_id, sentence("maps.no-such-items"))


def _error(backbone_id: str, problem: Sentence) -> ArtifactError:
    return ArtifactError(f"maps/{backbone_id}.npz", problem, repair(backbone_id))


def chart_of(backbone_id: str) -> tuple[EmbeddingMap, MapFacts]:
    """The map of a backbone, with what is known of it; read anew when the manifest names another file.

    Raises:
        ArtifactError: See `load_map`.
    """
    entry = load_manifest()["files"].get(f"maps/{backbone_id}.npz", {})
    with _lock:
        return _chart(backbone_id, artifacts_dir(), entry.get("sha256", ""))


@lru_cache(maxsize=MAX_MAPS)
def _chart(backbone_id: str, folder: Path, sha256: str) -> tuple[EmbeddingMap, MapFacts]:
    return load_map(backbone_id)
