"""Image towers of torch backbones, exported to ONNX in the data folder: torch is needed once, onnxruntime after that.

On a CPU onnxruntime takes a fraction of the time and memory of eager torch, and starts without importing it. The
export runs in a process of its own, so that a server never holds torch for it. A tower is named by the sha256 of the
weights that it was made from; a description beside it holds its own sha256, which is compared before it is read, or
why there is none.

`python -m core.engine.embedders.exported BACKBONE` is that process.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from core.config import ROOT, data_dir
from core.engine.backbones.record import Backbone
from core.engine.embedders.onnx_export import export_onnx
from core.engine.embedders.weights import weights_sha256
from core.engine.files.folder import read_folder, write_folder
from core.errors import DataError, Sentence, VitrineError

if TYPE_CHECKING:
    from core.engine.embedders.base import Embedder
    from core.engine.embedders.torch_networks import TorchEmbedder

FOLDER, TOWER, DESCRIPTION = "onnx", "tower.onnx", "tower.json"
SCHEMA = 1
#: Of normalised embeddings, against torch; a network that differs more stays in torch.
MAX_DIFFERENCE = 1e-4
#: An export takes seconds; a machine that is busy gets minutes.
PATIENCE_S = 600
MAX_PROBLEM = 200  # characters; torch has more to say

_log = logging.getLogger("vitrine")
_one_at_a_time = threading.Lock()
_awaited: list[str] = []  # ids, one for each thread that waits for an export


def tower_file(record: Backbone) -> Path | None:
    """Where the exported tower is kept, whether it is there or not; None where its weights are not known."""
    digest = weights_sha256(record)
    return data_dir() / FOLDER / f"{quote(record.id, safe='')}-{digest[:16]}" / TOWER if digest else None


def find(record: Backbone) -> Path | None:
    """The exported tower of a backbone, compared with its sha256; None if there is none, or it is damaged."""
    return _stored(record)[0]


def _stored(record: Backbone) -> tuple[Path | None, str]:
    """The tower, and why there is none where that was written down."""
    file = tower_file(record)
    if file is None or not file.parent.exists():
        return None, ""
    try:
        kept = read_folder(file.parent, DESCRIPTION, SCHEMA, _refuse)
        problem = str(kept.facts.get("problem", ""))
        return None if problem else kept.file(TOWER), problem
    except DataError:
        return None, ""


def _refuse(name: str, problem: Sentence) -> DataError:
    return DataError("engine.file-problem", file=name, problem=problem)


def load(record: Backbone) -> Embedder | None:
    """The backbone run by onnxruntime, exported first if need be; None where only torch can run it.

    What exporting needs (libraries, weights) must be here if there is no export yet.
    """
    file = find(record)
    if file is None:
        _awaited.append(record.id)
        try:
            with _one_at_a_time:  # what is there already waits for nobody
                file = find(record) or _make(record)
        finally:
            _awaited.remove(record.id)
    if file is None:
        return None
    from core.engine.embedders.base import OnnxImageEmbedder

    return OnnxImageEmbedder(record, file)


def is_awaited(backbone_id: str) -> bool:
    """Whether the tower of a backbone is being exported in this process, or is next."""
    return backbone_id in _awaited


def _make(record: Backbone) -> Path | None:
    file = tower_file(record)
    if file is None:
        return None
    if file.is_file():
        _log.warning("%s is damaged, or its description is: it is exported again.", file)
    # What failed once with these weights is not tried again by every process.
    if problem := _stored(record)[1] or _run(record) or _stored(record)[1]:
        _log.warning("%s stays in torch, which is slower: %s", record.id, problem)
    return find(record)


def _run(record: Backbone) -> str:
    """Run `main` in a process of its own; returns what went wrong, "" if nothing did."""
    if find_spec("onnx") is None:
        return "onnx is not installed. Run: pip install -r requirements-compare.txt"
    command = [sys.executable, "-m", "core.engine.embedders.exported", record.id]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1] if done.returncode else ""


def export(record: Backbone, embedder: TorchEmbedder) -> None:
    """Write the tower of a torch backbone, and its description; of one that cannot be exported, only the reason.

    Raises:
        OSError: The data folder cannot be written to.
        MemoryError: The machine is too small, or was just then.
    """
    file = tower_file(record)
    assert file is not None, f"{record.id} has no weights"
    facts: dict[str, Any] = {"schema": SCHEMA, "weights_sha256": weights_sha256(record)}

    def write(path: Path) -> None:
        facts["difference"] = _export(record, embedder, path)

    try:
        write_folder(file.parent, DESCRIPTION, facts, {TOWER: write})
    except (OSError, MemoryError):  # it may succeed another time
        raise
    except Exception as error:  # of the many kinds that an exporter raises
        problem = (str(error).strip().splitlines() or [type(error).__name__])[0][:MAX_PROBLEM]
        write_folder(file.parent, DESCRIPTION, facts | {"problem": problem}, {})


def _export(record: Backbone, embedder: TorchEmbedder, path: Path) -> float:
    """Write the tower; returns the largest difference of its normalised embeddings from those of torch."""
    import torch

    from core.engine.embedders.base import OnnxImageEmbedder

    network = embedder.network.to(memory_format=torch.contiguous_format)
    export_onnx(network, torch.zeros(2, 3, record.input_size, record.input_size), path)
    rng = np.random.default_rng(0)
    tower, differences = OnnxImageEmbedder(record, path), []
    for n in (1, 3):  # neither is the batch of the example that is traced
        noise = rng.standard_normal((n, 3, record.input_size, record.input_size), np.float32)
        differences.append(np.abs(embedder.embed_pixels(noise) - tower.embed_pixels(noise)).max())
    if max(differences) >= MAX_DIFFERENCE:
        raise VitrineError("engine.export-differs", difference=max(differences))
    return float(max(differences))


def main(backbone_id: str) -> None:
    """Export a backbone by its id."""
    from core.engine.backbones import get
    from core.engine.embedders import torch_networks

    record = get(backbone_id)
    export(record, torch_networks.load(record))


if __name__ == "__main__":
    main(sys.argv[1])
