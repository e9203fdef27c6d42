"""The registry of backbones: one frozen record each, and how to load what a record describes.

A record carries everything that a caller would otherwise have to know: where the weights are and under
which licence, how a picture must be prepared, how long the embedding is.
"""

from __future__ import annotations

from core.backbones.known import BACKBONES
from core.backbones.loaders import load_onnx_clip, model_dir, require_packages
from core.backbones.record import Backbone, HubFile
from core.errors import DataError, UnknownNameError

__all__ = ["BACKBONES", "Backbone", "HubFile", "get", "missing", "model_dir"]


def get(backbone_id: str) -> Backbone:
    """The record of that id, or of "timm:MODEL" or "open_clip:MODEL/WEIGHTS" as the library knows it.

    Raises:
        UnknownNameError: No backbone has that id; the error lists those that exist, or similar names of the library.
        DataError: The library is not installed, or the model cannot be used here.
    """
    if backbone_id in BACKBONES:
        return BACKBONES[backbone_id]
    if backbone_id.startswith(("timm:", "open_clip:")):
        from core.backbones.by_name import resolve

        return resolve(backbone_id)
    raise UnknownNameError("backbone", backbone_id, BACKBONES)


def is_exported(record: Backbone) -> bool:
    """Whether onnxruntime runs the backbone from a file of the data folder; the file is not read."""
    if not record.packages:
        return False
    from core.backbones import exported

    file = exported.tower_file(record)
    return file is not None and file.is_file()


def missing(record: Backbone) -> str:
    """What loading the backbone lacks on this machine, in one sentence; "" if it lacks nothing.

    Only looks: nothing is loaded, downloaded or read through.
    """
    if is_exported(record):
        return ""
    try:
        require_packages(record)
    except DataError as error:
        return str(error)
    if record.weights is not None:
        from core.backbones.hub import cached

        if cached(record.weights) is None:
            return f"The weights of {record.title} are not here. Run: python -m core build --backbone {record.id}"
    if record.load is load_onnx_clip and not (model_dir(record.id) / "image.onnx").is_file():
        return f"The weights of {record.title} are missing. Run: git restore artifacts"
    return ""
