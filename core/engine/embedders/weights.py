"""What made this? Weights, and a way to prepare pictures: one answer for all that is kept of embeddings.

One rule holds whatever was kept to what would embed a picture now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.engine.backbones import Backbone, hub, model_dir
from core.engine.files.folder import digest_of, sha256_of
from core.engine.files.manifest import load_manifest, refusal, register, verified
from core.errors import ArtifactError, DataError, OtherPreparationError, OtherWeightsError, Sentence, sentence

#: Whose sha256 stands for a model of the artifacts.
IMAGE_TOWER = "image.onnx"
CATALOGUES = sentence("engine.stored-of-catalogues")


def weights_sha256(record: Backbone) -> str | None:
    """Hex sha256 of the weights that a backbone is loaded from: "" where it has none, None where they are not here."""
    if record.weights is not None:
        pin = hub.pin_of(record.weights)
        return pin["sha256"] if pin else None
    if record.loader == "lite":
        from core.engine.embedders.torch_networks import lite_file

        try:
            return digest_of(lite_file(int(record.id[-1])))
        except (DataError, OSError):
            return None
    try:
        known = load_manifest()["backbones"].get(record.id)
    except ArtifactError:
        known = None
    if isinstance(known, dict):
        return str(known.get("weights_sha256", ""))
    return None if record.loader == "onnx-clip" else ""


def preparation_of(record: Backbone) -> str:
    """Hex sha256 of how pictures are prepared for a backbone: of all that `prepare` and the scaling after it read."""
    said = [record.input_size, record.mean, record.std, record.resize_mode, record.interpolation, record.crop_pct]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def made_with(record: Backbone) -> dict[str, str | None]:
    """What whatever is kept of a backbone's embeddings says of what made them; `require_weights` reads it."""
    return {"weights_sha256": weights_sha256(record), "preparation": preparation_of(record)}


def place_of(record: Backbone) -> str:
    """The name of a folder for embeddings of a backbone: another one for other weights, or another preparation."""
    return f"{quote(record.id, safe='')}-{(weights_sha256(record) or 'none')[:12]}-{preparation_of(record)[:8]}"


def require_weights(
    kept: Mapping[str, Any], record: Backbone, what: Sentence = CATALOGUES, remedy: Sentence | None = None
) -> None:
    """Refuse what was made with other weights than would embed a query now, or from pictures prepared in another way.

    Where the weights are not here nothing can be embedded, so nothing can be mixed up either.

    Args:
        kept: Has what `made_with` gave. No sha256 is another one; no preparation is that of now, since it was not
            kept from the start.
        record: Of the backbone whose id it names.
        what: What it is, as a sentence begins with it; what ships, unless something else is said.
        remedy: A sentence that says how to make it again; `build` does, unless something else is said.

    Raises:
        OtherWeightsError: The weights differ.
        OtherPreparationError: The preparations do.
    """
    again = remedy or sentence("engine.embed-again", id=record.id)
    if weights_sha256(record) not in (kept.get("weights_sha256"), None):
        raise OtherWeightsError(what, record.id, again)
    if kept.get("preparation", preparation_of(record)) != preparation_of(record):
        raise OtherPreparationError(what, record.id, again)


def model_of(record: Backbone) -> Path:
    """The folder of a model of the artifacts, whose image tower is the one that is recorded as the backbone's weights.

    All that is kept of embeddings is held to that record, so a tower that only the list of files knows is another.

    Raises:
        ArtifactError: It is missing, damaged, or another.
    """
    tower = verified(model_dir(record.id) / IMAGE_TOWER)
    if digest_of(tower) != weights_sha256(record):
        raise refusal(tower, sentence("engine.other-than-recorded"))
    return tower.parent


def whole_model_of(record: Backbone) -> Path:
    """The same, where torch is going to read any of its files."""
    folder = model_of(record)
    for file in sorted(folder.glob("[!.]*")):
        verified(file)
    return folder


def register_weights(record: Backbone, written: Sequence[Path]) -> None:
    """Enter a model into the manifest; for whoever has just written its files, since they are believed.

    Files of the model that are not there any more are dropped. What was embedded with earlier weights is refused from
    now on.

    Args:
        record: Of the backbone.
        written: Its files, the image tower among them.
    """
    (tower,) = [path for path in written if path.name == IMAGE_TOWER]
    entry = {"dim": record.dim, "weights_sha256": sha256_of(tower)}
    register(written, whole=model_dir(record.id), backbones={record.id: entry})
