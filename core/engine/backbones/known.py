"""The backbones that are known by an id of their own, as `known.toml` describes them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from core.engine.backbones.record import Backbone, HubFile

_TABLE = Path(__file__).with_suffix(".toml")


def _record(id: str, said: dict[str, Any]) -> Backbone:
    weights = said.pop("weights", None)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    if weights is not None:
        weights = HubFile(**weights | {"names": tuple(weights["names"])})
    return Backbone(id=id, weights=weights, **fields)


BACKBONES = {id: _record(id, said) for id, said in tomllib.loads(_TABLE.read_text("utf-8")).items()}
