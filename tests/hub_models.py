"""Tiny models of timm and open_clip on the small hub."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.engine.backbones import get
from core.engine.embedders.base import prepare

TIMM = "timm:test_resnet.r160_in1k"
CLIP = "open_clip:tiny/random"
NOISE = [
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    for height, width in ((200, 300), (300, 200), (160, 160))
]


def use(monkeypatch, url: str) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")


def expected_rows(name, network) -> np.ndarray:
    import torch

    record = get(name)
    mean, std = (np.array(v, np.float32) for v in (record.mean, record.std))
    pixels = np.stack([(prepare(picture, record) / np.float32(255) - mean) / std for picture in NOISE])
    x = torch.from_numpy(pixels.astype(np.float32)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        if name == CLIP:
            return network.encode_image(x, normalize=True).numpy()
        pooled = network.forward_head(network.forward_features(x), pre_logits=True)
        return torch.nn.functional.normalize(pooled, dim=1).numpy()
