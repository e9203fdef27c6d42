"""A classifier -> files, and back again with checks. Nothing is pickled, and nothing in the files is believed.

`head.safetensors` holds the weights. `classifier.json` says which labels they stand for and which backbone,
down to the sha256 of its weights, makes the embeddings that they take; without the very same backbone the answers
would be wrong without any sign of it. `README.md` is the model card. Where the backbone itself was fine-tuned,
`image.onnx` is that backbone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.classifier.model.card import card_text
from core.classifier.model.classifier import Classifier
from core.classifier.training.head import Head, Layers
from core.classifier.training.options import FINETUNE, KINDS, MAX_CLASSES
from core.engine.backbones import get
from core.engine.embedders.weights import require_weights
from core.engine.files.archives import zip_of
from core.engine.files.folder import check_place, entry_of, problem_of, read_json, sealed, sweep, written_folder
from core.errors import DataError, Sentence, VitrineError, sentence
from core.own.ingest.incoming import Incoming, shown
from core.own.ingest.zip_source import ZipSource

SCHEMA = 1
WEIGHTS, FACTS, CARD, TOWER = "head.safetensors", "classifier.json", "README.md", "image.onnx"
MAX_WEIGHTS_BYTES = 50 * 1000 * 1000
MAX_FACTS_BYTES = 1000 * 1000
MAX_LABEL = 400


class ClassifierError(DataError):
    """A stored classifier that must not be used; says why."""


def pack(classifier: Classifier) -> dict[str, bytes]:
    """The files of a classifier: name -> content. The same classifier gives the same bytes."""
    from safetensors.numpy import save as to_safetensors

    tensors = {
        f"layers.{n}.{name}": np.ascontiguousarray(tensor, np.float32)
        for n, layer in enumerate(classifier.head.layers)
        for name, tensor in zip(("weight", "bias"), layer, strict=True)
    }
    files = {WEIGHTS: to_safetensors(tensors)} | ({TOWER: classifier.tower} if classifier.tower else {})
    content = {
        "schema": SCHEMA,
        "kind": classifier.kind,
        "labels": list(classifier.labels),
        "backbone": {
            "id": classifier.backbone,
            "dim": classifier.head.dim,
            "weights_sha256": classifier.backbone_sha256,
            **({"preparation": classifier.preparation} if classifier.preparation else {}),
        },
        "facts": dict(classifier.facts),
        "files": {name: entry_of(data) for name, data in files.items()},
    }
    facts = json.dumps(sealed(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return files | {CARD: card_text(classifier).encode(), FACTS: facts.encode()}


def save(classifier: Classifier, folder: Path) -> None:
    """Write a classifier's folder, whole or not at all; an earlier classifier there is replaced.

    Raises:
        DataError: Something else is there, or the place cannot be written to.
    """
    check_place(folder, FACTS, "classifier")
    try:
        with written_folder(folder) as temporary:
            for name, data in pack(classifier).items():
                (temporary / name).write_bytes(data)
    except OSError as error:
        raise DataError("classifier.unwritable", folder=folder, reason=error.strerror or error) from error


def load(folder: Path) -> Classifier:
    """Read the folder of one's own machine.

    Raises:
        ClassifierError, OtherWeightsError: See `unpack`.
    """
    sweep(folder)
    files = {}
    for name, limit in ((FACTS, MAX_FACTS_BYTES), (WEIGHTS, MAX_WEIGHTS_BYTES)):
        try:
            with (folder / name).open("rb") as file:
                files[name] = file.read(limit + 1)
        except OSError as error:
            reason = error.strerror
            raise ClassifierError("classifier.none-there", folder=folder, file=name, reason=reason) from error
    if (folder / TOWER).is_file():
        files[TOWER] = (folder / TOWER).read_bytes()
    return unpack(files)


def to_zip(files: Mapping[str, bytes]) -> bytes:
    """A packed classifier as a ZIP archive; see `zip_of`."""
    return zip_of(files)


def from_zip(content: bytes, backbones: Collection[str]) -> Classifier:
    """A visitor's archive -> the classifier, if nothing in it could do harm.

    Args:
        content: As `to_zip` made it, perhaps inside one folder.
        backbones: Ids that may be asked for; to load any other could mean to fetch it.

    Raises:
        UploadError: It is no archive, or breaks a limit.
        ClassifierError, OtherWeightsError: See `unpack`; also a fine-tuned backbone, since onnxruntime trusts what
            it is given.
    """
    found = (one for one in ZipSource(content) if isinstance(one, Incoming))
    files = {name: one.data for one in found if (name := one.name.rpartition("/")[2]) in (FACTS, WEIGHTS)}
    facts = _facts(files)
    if facts.get("kind") == FINETUNE:
        raise ClassifierError("classifier.fine-tuned")
    id = _part(_part(facts, "backbone", dict), "id", str)
    if id not in backbones:
        raise ClassifierError("classifier.backbone-not-used", backbone=shown(id))
    return unpack(files)


def unpack(files: Mapping[str, bytes]) -> Classifier:
    """The files of `pack` -> the classifier, if every one of them is what it should be.

    Raises:
        ClassifierError: A file is missing, damaged, too large, or of another version.
        OtherWeightsError: It was made for other weights.
    """
    facts = _facts(files)
    backbone = _part(facts, "backbone", dict)
    id, dim, sha256 = _part(backbone, "id", str), _part(backbone, "dim", int), _part(backbone, "weights_sha256", str)
    labels = _labels(facts)
    kind = _part(facts, "kind", str)
    hashes = _part(facts, "files", dict)
    tower = files.get(TOWER, b"") if TOWER in hashes else b""
    for name in hashes.keys() & {WEIGHTS, TOWER} | {WEIGHTS}:
        if problem := problem_of(files.get(name, b""), hashes.get(name)):
            raise _refuse(name, problem)
    if kind not in KINDS or (kind == FINETUNE) != bool(tower):
        raise _odd("kind")
    prepared = _part(backbone, "preparation", str) if "preparation" in backbone else ""
    _check_backbone(id, dim, {"weights_sha256": sha256} | ({"preparation": prepared} if prepared else {}))
    head = Head(_layers(files[WEIGHTS], dim, len(labels)))
    return Classifier(head, labels, id, sha256, kind, _part(facts, "facts", dict), tower, prepared)


def _facts(files: Mapping[str, bytes]) -> dict[str, Any]:
    missing = [name for name in (FACTS, WEIGHTS) if not files.get(name)]
    if missing:
        raise ClassifierError("classifier.file-missing", file=missing[0])
    for name, limit in ((FACTS, MAX_FACTS_BYTES), (WEIGHTS, MAX_WEIGHTS_BYTES)):
        if len(files[name]) > limit:
            raise ClassifierError("classifier.too-large", file=name, limit=limit / 1e6)
    return read_json(files[FACTS], FACTS, SCHEMA, _refuse)


def _refuse(name: str, problem: Sentence) -> ClassifierError:
    return ClassifierError("classifier.refused", file=name, problem=problem)


def _part(facts: Mapping[str, Any], key: str, kind: type) -> Any:
    value = facts.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _odd(key)
    return value


def _odd(key: str) -> ClassifierError:
    return _refuse(FACTS, sentence("classifier.odd-form", key=key))


def _labels(facts: Mapping[str, Any]) -> tuple[str, ...]:
    labels = _part(facts, "labels", list)
    good = all(isinstance(label, str) and 0 < len(label) <= MAX_LABEL for label in labels)
    if not good or not 2 <= len(labels) <= MAX_CLASSES or len(set(labels)) != len(labels):
        raise _odd("labels")
    return tuple(labels)


def _check_backbone(id: str, dim: int, made_with: Mapping[str, str]) -> None:
    try:
        record = get(id)
    except VitrineError as error:
        raise ClassifierError("classifier.backbone-not-here", error=error) from None
    if record.dim != dim:
        raise ClassifierError("classifier.backbone-dim", dim=dim, backbone=id, actual=record.dim)
    require_weights(made_with, record, sentence("classifier.the-classifier"), sentence("classifier.train-again"))


def _layers(content: bytes, dim: int, n_classes: int) -> Layers:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_safetensors

    try:
        tensors = from_safetensors(content)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError):
        raise ClassifierError("classifier.unreadable-weights", file=WEIGHTS) from None
    n_layers = len(tensors) // 2
    names = {f"layers.{n}.{name}" for n in range(n_layers) for name in ("weight", "bias")}
    odd = ClassifierError("classifier.odd-layers", file=WEIGHTS, n_classes=n_classes)
    if n_layers not in (1, 2) or tensors.keys() != names:
        raise odd
    layers = [(tensors[f"layers.{n}.weight"], tensors[f"layers.{n}.bias"]) for n in range(n_layers)]
    width = dim
    for weight, bias in layers:
        good = weight.dtype == bias.dtype == np.float32 and weight.ndim == 2 and bias.shape == weight.shape[1:]
        if not good or weight.shape[0] != width or not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise odd
        width = weight.shape[1]
    if width != n_classes or not math.prod(layers[0][0].shape):
        raise odd
    return layers
