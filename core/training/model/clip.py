"""The open_clip model that Vitrine trains: its configuration, its ImageNet start, its folder on disk."""

from __future__ import annotations

import importlib
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.backbones.torch_compat import import_open_clip
from core.engine.embedders.torch_networks import lite_state
from core.engine.files.folder import written
from core.training.model.tokenizer import tokenizer

if TYPE_CHECKING:
    import torch

CONFIG = Path(__file__).with_name("open_clip_config.json")


def imagenet_trunk_state() -> dict[str, torch.Tensor]:
    """What the image tower starts from; see `lite_state`."""
    return lite_state(0)


def create(folder: Path, former: Path) -> Any:
    """A new CLIP in `folder`'s configuration: where it starts from.

    Its network has ImageNet's weights. The network for small pictures and the text tower go on from the model in
    `former`; what they do not share (the projections) is random.
    """
    from safetensors.torch import load_file

    model = empty(folder)
    state = imagenet_trunk_state()
    trunk = {key: value for key, value in state.items() if not key.startswith("classifier.")}
    model.visual.trunk.network.load_state_dict(trunk)
    ours = model.state_dict()
    kept = {
        name: value
        for name, value in load_file(former / "open_clip_model.safetensors").items()
        if not name.startswith(("visual.trunk.network.", "visual.trunk.norm.", "visual.trunk.hidden."))
        and name in ours
        and ours[name].shape == value.shape
    }
    model.load_state_dict(kept, strict=False)
    return model


def empty(folder: Path) -> Any:
    """A new CLIP in `folder`'s configuration, with random weights."""
    return _open_clip().create_model(f"local-dir:{folder}", load_weights=False)


def _open_clip() -> Any:
    """open_clip, after timm has been told of Vitrine's own image tower."""
    open_clip = import_open_clip()
    importlib.import_module("core.training.model.tower")
    return open_clip


def start_folder(folder: Path, former: Path) -> None:
    """Make `folder` an open_clip model folder without weights: our configuration, and the tokenizer of `former`.

    The tower pools by itself, and the tokenizer is read from the model's own folder; `context_length` and `vocab_size`
    are those of `core.training.model.tokenizer`. The pooled token of a text is the one with the highest id, so the
    end token, which the tokenizer itself appends, must be the last of the vocabulary.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CONFIG, folder / "open_clip_config.json")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(former / name, folder / name)


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
