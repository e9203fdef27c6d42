"""What all rooms may need: a small hub with tiny models, and a fast folder."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hub as local
import pytest
from hub_models import CLIP, TIMM, use

from core.engine.backbones import hub, torch_compat
from core.engine.backbones.by_name import resolve
from core.engine.embedders import exported


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder in memory where there is such a thing: what is synced a thousand times is not waited for."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A hub with the file, an empty cache and an empty data folder; no timeout is longer than half a second."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    monkeypatch.setattr(hub, "TIMEOUT_S", 0.5)
    with local.serve_hub() as server:
        server.files["owner/tiny/model.safetensors"] = b"these are weights" * 1000
        use(monkeypatch, server.url)
        yield server


@pytest.fixture
def tiny_models(served, tmp_path, monkeypatch):
    """A timm and an open_clip model of random weights, on the small hub; the networks by name."""
    open_clip = torch_compat.import_open_clip()
    import timm
    import torch
    from safetensors.torch import save_file

    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 1, "layers": 1},
    }
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", config)
    source = {"random": open_clip.pretrained._pcfg(hf_hub="owner/tiny-clip/", quick_gelu=True)}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", source)
    torch.manual_seed(0)
    networks = {
        TIMM: timm.create_model("test_resnet.r160_in1k").eval(),
        CLIP: open_clip.create_model("tiny", load_weights=False, force_quick_gelu=True).eval(),
    }
    files = {TIMM: "timm/test_resnet.r160_in1k/model.safetensors", CLIP: "owner/tiny-clip/open_clip_model.safetensors"}
    for name, network in networks.items():
        save_file(copy.deepcopy(network).state_dict(), tmp_path / "weights")
        served.files[files[name]] = (tmp_path / "weights").read_bytes()
    # A process of its own would not know the tiny models. `test_exported` has more on exports.
    monkeypatch.setattr(exported, "_run", lambda _: "the tests of torch stay in torch")
    resolve.cache_clear()
    yield networks
    resolve.cache_clear()
