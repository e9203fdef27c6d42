"""The CLIP trainer's first stage: the last two blocks of the image tower, and the text tower.

The output of the first five blocks is cached, so that what remains to train is a fifth of the network. The
later stages (`detail`, `refine`) then give the tower small details, and a memory of its early stages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training.data.batches import Batch, Batches
from core.training.data.captions import TYPES
from core.training.data.features import N_FROZEN_BLOCKS, cache_features
from core.training.data.samples import all_samples
from core.training.data.views import View, plan_views
from core.training.model import clip as models
from core.training.model.tokenizer import train_tokenizer
from core.training.stages.fit import fit, optimizer_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of the first stage."""

    epochs: float = 4
    batch_size: int = 256
    n_fashion_mnist: int = 15_000
    n_views: int = 40_000
    trunk_lr: float = 5e-4
    head_lr: float = 2e-3
    mixed_share: float = 0.6
    seed: int = 0


def upper_tower(visual: Any, features: Tensor) -> Tensor:
    """The trained part: (b, 112, 14, 14) -> (b, dim), not normalised."""
    trunk, x = visual.trunk, features
    for block in trunk.blocks[N_FROZEN_BLOCKS:]:
        x = block(x)
    return visual.head(trunk.forward_head(trunk.bn2(trunk.conv_head(x))))


def train_first_stage(folder: Path, cache: Path, recipe: Recipe, report: Callable[[str], None] = print) -> None:
    """Train the first stage and write a complete open_clip model folder.

    Args:
        folder: Where the model goes.
        cache: Where features are kept; a run that was stopped resumes from it.
        recipe: Decides the outcome.
        report: Called with a line of progress now and then.
    """
    import torch

    models.seed_everything(recipe.seed)
    samples = list(all_samples())
    views = plan_views(samples, recipe.n_fashion_mnist, recipe.seed)[: recipe.n_views]
    models.write_config(folder, models.FIRST_STAGE)
    train_tokenizer(_texts(views), folder)
    model = models.create(folder)
    report(f"{len(views)} views of {len(samples)} pictures")
    features = cache_features(model.visual.trunk, views, cache)
    batches = Batches(views, features, recipe.batch_size, recipe.seed)
    n_train = sum(view.sample.part == "train" for view in views)
    n_steps = max(1, round(recipe.epochs * n_train / recipe.batch_size))

    def embed(rows: np.ndarray) -> Tensor:
        x = torch.from_numpy(rows).float().contiguous(memory_format=torch.channels_last)
        return upper_tower(model.visual, x)

    def draw() -> Batch:
        return batches.mixed() if batches.rng.random() < recipe.mixed_share else batches.product()

    fit(model, folder, draw, embed, _optimizer(model, recipe), n_steps, report)
    report("done")


def _texts(views: Sequence[View]) -> list[str]:
    """What the tokenizer learns from: captions of training pictures, and all words for kinds."""
    captions = [text for view in views if view.sample.part == "train" for text in view.sample.captions]
    return captions + [word for _, synonyms in TYPES.values() for word in synonyms] * 3


def _optimizer(model: Any, recipe: Recipe) -> Any:
    """AdamW over what is trained; batch normalisation keeps ImageNet's statistics."""
    import torch

    model.eval()
    trunk = model.visual.trunk
    trunk.to(memory_format=torch.channels_last)
    trunk.requires_grad_(False)
    upper = [trunk.blocks[N_FROZEN_BLOCKS:], trunk.conv_head, trunk.bn2]
    for part in upper:
        part.requires_grad_(True)
    blocks = [parameter for part in upper for parameter in part.parameters()]
    ends = [parameter for name, parameter in model.named_parameters() if not name.startswith("visual.trunk.")]
    return optimizer_of([(blocks, recipe.trunk_lr), (ends, recipe.head_lr)])
