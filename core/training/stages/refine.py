"""The CLIP trainer's third stage: the image tower learns to use its early stages and small details.

The network of the first stage and the detail network stay as they are, so what they see in a view is computed once;
what is trained (the projections, a hidden layer, the text tower) is so light that it sees every view many times.
`core.training.model.tower` has the tower.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.engine.files.folder import written
from core.training.data.batches import Batches
from core.training.data.features import cache_pooled
from core.training.data.samples import CLOTHING, FASHION_MNIST, PRODUCTS, SMALL_PRODUCTS, all_samples
from core.training.data.views import View, plan_views
from core.training.model import clip as models
from core.training.stages.detail import Detailing, detail_features, train_detail
from core.training.stages.fit import fit, optimizer_of

if TYPE_CHECKING:
    from torch import Tensor

#: Statistics of features are measured on so many views.
_N_MEASURED = 8000


@dataclass(frozen=True)
class Refinement:
    """Everything that decides the outcome of the third stage."""

    n_steps: int = 1200
    batch_size: int = 768
    n_fashion_mnist: int = 58_000
    lr: float = 1e-3
    text_lr: float = 3e-4
    colour_weight: float = 0.3
    seed: int = 1
    detail: Detailing = field(default_factory=Detailing)
    mix: Mapping[str, float] = field(
        default_factory=lambda: {CLOTHING: 0.2, FASHION_MNIST: 0.3, PRODUCTS: 0.25, SMALL_PRODUCTS: 0.25}
    )


def refine_clip(
    first: Path, folder: Path, cache: Path, recipe: Refinement, report: Callable[[str], None] = print
) -> None:
    """Train the second and third stage from the first one's folder, and write a complete open_clip model folder.

    Args:
        first: The model folder of the first stage.
        folder: Where the model goes.
        cache: Where pooled features and the detail network are kept; a run that was stopped resumes from them.
        recipe: Decides the outcome.
        report: Called with a line of progress now and then.
    """
    from safetensors.torch import load_file, save_file

    views = plan_views(list(all_samples()), recipe.n_fashion_mnist, recipe.seed)
    report(f"{len(views)} views for the second and third stage")
    cached = cache_pooled(models.load(first)[0].visual.trunk, views, cache)
    models.seed_everything(recipe.seed)
    model = start(first, folder, cached["pooled"])
    detail, kept = model.visual.trunk.detail, cache / "detail.safetensors"
    if kept.is_file():
        detail.load_state_dict(load_file(kept))
    else:
        train_detail(detail, views, cached["pictures"], recipe.detail, report)
        with written(kept) as temporary:
            save_file({name: value.contiguous() for name, value in detail.state_dict().items()}, temporary)
    train(model, folder, views, reader(model, cached), recipe, report)
    report("done")


def start(first: Path, folder: Path, pooled: np.ndarray) -> Any:
    """The multi-stage model, written into `folder`, which begins by giving the first stage's embeddings.

    Args:
        first: The model folder of the first stage.
        folder: Where the new model's configuration and tokenizer go.
        pooled: (n, N_POOLED) pooled stages, to standardise by.
    """
    import torch

    models.write_config(folder, models.MULTI_STAGE)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(first / name, folder / name)
    old, new = models.load(first)[0], models.empty(folder)
    trunk, proj = new.visual.trunk, new.visual.head.proj
    trunk.network.load_state_dict(old.visual.trunk.state_dict())
    texts = {name: value for name, value in old.state_dict().items() if not name.startswith("visual.")}
    new.load_state_dict(texts, strict=False)
    sample = torch.from_numpy(pooled[:_N_MEASURED].astype(np.float32))
    n_pooled, n_last = sample.shape[1], old.visual.head.proj.in_features
    with torch.no_grad():
        trunk.norm.running_mean[:n_pooled] = sample.mean(0)
        trunk.norm.running_var[:n_pooled] = sample.var(0)
        last = slice(n_pooled - n_last, n_pooled)
        proj.weight.zero_()
        proj.weight[:, last] = old.visual.head.proj.weight * (trunk.norm.running_var[last] + trunk.norm.eps).sqrt()
    return new


def reader(model: Any, cached: Mapping[str, np.ndarray]) -> Callable[[np.ndarray], Tensor]:
    """What the parts that stay as they are see in the cached views, handed on to those that are trained.

    Args:
        model: The multi-stage model.
        cached: What `cache_pooled` gives.

    Returns:
        (b,) positions of views -> (b, dim), not normalised.
    """
    import torch

    trunk, head = model.visual.trunk, model.visual.head
    seen = (cached["pooled"], detail_features(trunk.detail, cached["pictures"]).half().numpy())

    def embed(rows: np.ndarray) -> Tensor:
        pooled, detail = (torch.from_numpy(kept[rows].astype(np.float32)) for kept in seen)
        projected: Tensor = head(trunk.join(pooled, detail))
        return projected

    return embed


def train(
    model: Any,
    folder: Path,
    views: list[View],
    embed: Callable[[np.ndarray], Tensor],
    recipe: Refinement,
    report: Callable[[str], None],
) -> None:
    """Train what the third stage trains on cached features, and save it into `folder`."""
    batches = Batches(views, np.arange(len(views)), recipe.batch_size, recipe.seed, recipe.mix)
    trunk, head = model.visual.trunk, model.visual.head
    model.eval().requires_grad_(False)
    for part in (trunk.hidden, head):
        part.train().requires_grad_(True)
    for part in (trunk.norm, trunk.drop):
        part.train()
    ours = [parameter for part in (trunk.hidden, head) for parameter in part.parameters()]
    texts = [parameter for name, parameter in model.named_parameters() if not name.startswith("visual.")]
    for parameter in texts:
        parameter.requires_grad_(True)
    optimizer = optimizer_of([(ours, recipe.lr), (texts, recipe.text_lr)])
    fit(model, folder, batches.joint, embed, optimizer, recipe.n_steps, report, recipe.colour_weight)
