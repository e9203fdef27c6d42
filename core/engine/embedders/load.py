"""A backbone's record -> its embedder; whatever is heavy is imported inside."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from core.engine.backbones import Backbone, get, model_dir
from core.engine.backbones.hub import cached
from core.errors import DataError, Sentence, sentence

if TYPE_CHECKING:
    from core.engine.embedders.base import Embedder


def load_embedder(backbone: str | Backbone) -> Embedder:
    """Load a backbone, by its id or record; nothing is downloaded.

    Raises:
        UnknownNameError: No backbone has that id.
        ArtifactError: Its weights among the artifacts are missing or damaged.
        DataError: A library or weights from elsewhere are missing; says what to run.
    """
    record = get(backbone) if isinstance(backbone, str) else backbone
    return LOADERS[record.loader](record)


def _onnx_clip(record: Backbone) -> Embedder:
    from core.engine.embedders.base import OnnxClipEmbedder
    from core.engine.embedders.weights import model_of

    return OnnxClipEmbedder(record, model_of(record))


def _weightless(record: Backbone) -> Embedder:
    from core.engine.embedders.weightless import KINDS

    return KINDS[record.id](record)


def _torch(record: Backbone) -> Embedder:
    """Run by onnxruntime once it has been exported, else by torch."""
    from core.engine.embedders import exported, torch_networks

    if exported.find(record) is None:
        require_packages(record)
        if record.weights is not None:
            torch_networks.weights_file(record)  # refused here, not by the process that exports
    return exported.load(record) or torch_networks.load(record)


#: `Backbone.loader` -> what builds the embedder.
LOADERS: dict[str, Callable[[Backbone], Embedder]] = {
    "onnx-clip": _onnx_clip,
    "weightless": _weightless,
    "lite": _torch,
    "hub": _torch,
}


def is_exported(record: Backbone) -> bool:
    """Whether onnxruntime runs the backbone from a file of the data folder; the file is not read."""
    if not record.packages:
        return False
    from core.engine.embedders.exported import tower_file

    file = tower_file(record)
    return file is not None and file.is_file()


def missing(record: Backbone) -> Sentence | None:
    """What loading the backbone lacks on this machine; None if it lacks nothing.

    Only looks: nothing is loaded, downloaded or read through.
    """
    if is_exported(record):
        return None
    try:
        require_packages(record)
    except DataError as error:
        return error.sentence
    if record.weights is not None and cached(record.weights) is None:
        return sentence("engine.weights-not-here", title=record.title, id=record.id)
    if record.loader == "onnx-clip" and not (model_dir(record.id) / "image.onnx").is_file():
        return sentence("engine.weights-not-shipped", title=record.title)
    return None


def require_packages(record: Backbone) -> None:
    """Raise DataError, with the command that helps, where a package that the record names is not installed."""
    absent = [name.replace("_", "-") for name in record.packages if find_spec(name) is None]
    if absent:
        packages: Sentence | str = absent[0]
        for name in absent[1:]:
            packages = sentence("engine.and", first=packages, second=name)
        raise DataError("engine.needs", what=record.title, packages=packages)
