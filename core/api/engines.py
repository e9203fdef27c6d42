"""Which engine answers: that of the backbone that is asked for, where it has been built."""

from __future__ import annotations

from core.api.errors import ApiError
from core.config import DEFAULT_BACKBONE
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES
from core.engine.files.manifest import load_manifest
from core.engine.search import process
from core.engine.search.engine import SearchEngine
from core.errors import ArtifactError

_NOT_BUILT = "{id} has no index here; these backbones have: {known}."


def engine_for(backbone_id: str) -> SearchEngine:
    """The engine of a backbone.

    Raises:
        ApiError: 422, it cannot search every catalogue; says which can.
    """
    known = searchable()
    if backbone_id not in known:
        raise ApiError(422, _NOT_BUILT.format(id=backbone_id, known=", ".join(known)))
    return process.engine(backbone_id)


def searchable() -> list[str]:
    """The backbones that have an index of every catalogue; the default one always: without its files, all is lost."""
    try:
        indexes = load_manifest()["indexes"]
    except ArtifactError:
        indexes = {}
    built = [id for id in BACKBONES if all(f"{id}/{catalogue}" in indexes for catalogue in CATALOGUES)]
    return built if DEFAULT_BACKBONE in built else [DEFAULT_BACKBONE, *built]
