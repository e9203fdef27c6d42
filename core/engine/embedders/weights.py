"""Which weights is this from? One answer for all that is kept of embeddings, and one rule that holds it to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.engine.backbones import Backbone, hub, model_dir
from core.engine.files.folder import digest_of, sha256_of
from core.engine.files.manifest import load_manifest, refusal, register, verified
from core.errors import ArtifactError, DataError, OtherWeightsError, Sentence, sentence

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


def require_weights(
    stated: object, record: Backbone, what: Sentence = CATALOGUES, remedy: Sentence | None = None
) -> None:
    """Refuse what was made with other weights than those that would embed a query now.

    Where the weights are not here nothing can be embedded, so nothing can be mixed up either.

    Args:
        stated: The sha256 that was kept with it; None, where it does not say, is another one.
        record: Of the backbone whose id it names.
        what: What it is, as a sentence begins with it; what ships, unless something else is said.
        remedy: A sentence that says how to make it again; `build` does, unless something else is said.

    Raises:
        OtherWeightsError: They differ.
    """
    if weights_sha256(record) not in (stated, None):
        raise OtherWeightsError(what, record.id, remedy or sentence("engine.embed-again", id=record.id))


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
