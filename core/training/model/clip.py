"""The open_clip model that Vitrine trains: its configuration, its ImageNet start, its folder on disk."""

from __future__ import annotations

import importlib
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.backbones.torch_compat import import_open_clip
from core.engine.embedders.torch_networks import lite_state
from core.engine.files.folder import written
from core.training.model.tokenizer import tokenizer

if TYPE_CHECKING:
    import torch

#: The image towers of the first stage of training and of the last, by their timm names.
FIRST_STAGE, MULTI_STAGE = "tf_efficientnet_lite0", "vitrine_lite0"

CONFIG = Path(__file__).with_name("open_clip_config.json")


def imagenet_trunk_state() -> dict[str, torch.Tensor]:
    """What the image tower starts from; see `lite_state`."""
    return lite_state(0)


def create(folder: Path) -> Any:
    """A new CLIP of the first stage in `folder`, its image tower started from ImageNet."""
    model = empty(folder)
    state = imagenet_trunk_state()
    trunk = {key: value for key, value in state.items() if not key.startswith("classifier.")}
    model.visual.trunk.load_state_dict(trunk)
    return model


def empty(folder: Path) -> Any:
    """A new CLIP in `folder`'s configuration, with random weights."""
    return _open_clip().create_model(f"local-dir:{folder}", load_weights=False)


def _open_clip() -> Any:
    """open_clip, after timm has been told of Vitrine's own image tower."""
    open_clip = import_open_clip()
    importlib.import_module("core.training.model.tower")
    return open_clip


def write_config(folder: Path, image_tower: str) -> None:
    """Write `open_clip_config.json`, which makes `folder` an open_clip model folder, for a tower that timm knows.

    The tower pools by itself, and the tokenizer is read from the model's own folder; `context_length` and `vocab_size`
    are those of `core.training.model.tokenizer`. The pooled token of a text is the one with the highest id, so the
    end token, which the tokenizer itself appends, must be the last of the vocabulary.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads(CONFIG.read_text("utf-8"))
    config["model_cfg"]["vision_cfg"] |= {"timm_model_name": image_tower}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")


def save(model: Any, folder: Path) -> None:
    """Write the weights as half-precision safetensors; open_clip reads them back as float32."""
    from safetensors.torch import save_file

    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in model.state_dict().items()
    }
    with written(folder / "open_clip_model.safetensors") as temporary:
        save_file(state, temporary, metadata={"format": "pt"})


def load(folder: Path) -> tuple[Any, Any, Any]:
    """The trained model in evaluation mode, its image transform, and its tokenizer, all through open_clip."""
    model, _, transform = _open_clip().create_model_and_transforms(f"local-dir:{folder}")
    return model.eval(), transform, tokenizer(folder)


def seed_everything(seed: int) -> random.Random:
    """Seed torch and numpy; returns a seeded `random.Random` for everything else."""
    import numpy as np
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)
    return random.Random(seed)
