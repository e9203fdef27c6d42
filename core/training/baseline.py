"""EfficientNet-Lite0 as ImageNet left it: what `vitrine-clip` started from, and is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.backbones import Backbone
from core.embedding import Embedder


class ImageNetLite0Embedder(Embedder):
    """Pooled features of the frozen network, through torch and timm (requirements-dev.txt)."""

    def __init__(self, record: Backbone):
        from core.torch_compat import import_timm
        from core.training.model import imagenet_trunk_state

        super().__init__(record)
        import torch

        network: Any = import_timm().create_model("tf_efficientnet_lite0")
        network.load_state_dict(imagenet_trunk_state())
        network.reset_classifier(0)
        self._network = network.eval().to(memory_format=torch.channels_last)

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            x = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
            result: np.ndarray = self._network(x).numpy()
        return result
