"""The registry of backbones: one frozen record each, which is data only; `core.engine.embedders.load` reads it.

A record carries everything that a caller would otherwise have to know: where the weights are and under
which licence, how a picture must be prepared, how long the embedding is.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from core.config import artifacts_dir
from core.engine.backbones.record import Backbone, HubFile
from core.errors import UnknownNameError

__all__ = ["BACKBONES", "Backbone", "HubFile", "get", "model_dir"]


def _record(id: str, said: dict[str, Any]) -> Backbone:
    weights = said.pop("weights", None)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    if weights is not None:
        weights = HubFile(**weights | {"names": tuple(weights["names"])})
    return Backbone(id=id, weights=weights, **fields)


_TABLE = tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
#: Those that are known by an id of their own.
BACKBONES = {id: _record(id, said) for id, said in _TABLE.items()}


def get(backbone_id: str) -> Backbone:
    """The record of that id, or of "timm:MODEL" or "open_clip:MODEL/WEIGHTS" as the library knows it.

    Raises:
        UnknownNameError: No backbone has that id; the error lists those that exist, or similar names of the library.
        DataError: The library is not installed, or the model cannot be used here.
    """
    if backbone_id in BACKBONES:
        return BACKBONES[backbone_id]
    if backbone_id.startswith(("timm:", "open_clip:")):
        from core.engine.backbones.by_name import resolve

        return resolve(backbone_id)
    raise UnknownNameError("backbone", backbone_id, BACKBONES)


def model_dir(backbone_id: str) -> Path:
    """Folder of a backbone's weights among the artifacts."""
    return artifacts_dir() / "models" / backbone_id
