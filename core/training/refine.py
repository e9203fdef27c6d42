"""The CLIP trainer's second stage: the image tower learns to use its early stages, and its colours.

The network of the first stage stays as it is, so its pooled stages are computed once for every view; what is
trained (both projections, a hidden layer, and the network that counts colours) is so light that it sees every view
many times. `core.training.multistage` has the tower.

Source: a learning rate that starts anew: Loshchilov and Hutter 2017 (SGDR).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training import model as models
from core.training import words
from core.training.batches import Batches
from core.training.data import CLOTHING, FASHION_MNIST, PRODUCTS, SMALL_PRODUCTS, all_samples
from core.training.features import cache_pooled
from core.training.fit import Loop, fit, optimizer_of
from core.training.views import View, plan_views

if TYPE_CHECKING:
    from torch import Tensor

#: Statistics of features are measured on so many views.
_N_MEASURED = 4000


@dataclass(frozen=True)
class Refinement:
    """Everything that decides the outcome of the second stage."""

    cycles: tuple[int, ...] = (300, 220)  # batches in each; the learning rate starts anew
    batch_size: int = 512
    n_fashion_mnist: int = 35_000
    n_views: int = 34_000
    lr: float = 1e-3
    weight_decay: float = 0.05
    supervised_weight: float = 0.5
    colour_weight: float = 0.3
    seed: int = 1
    mix: Mapping[str, float] = field(
        default_factory=lambda: {CLOTHING: 0.2, FASHION_MNIST: 0.3, PRODUCTS: 0.25, SMALL_PRODUCTS: 0.25}
    )


def refine_clip(
    first: Path, folder: Path, cache: Path, recipe: Refinement, report: Callable[[str], None] = print
) -> None:
    """Train the second stage from the first one's folder, and write a complete open_clip model folder.

    Args:
        first: The model folder of the first stage.
        folder: Where the model goes.
        cache: Where pooled features are kept; a run that was stopped resumes from it.
        recipe: Decides the outcome.
        report: Called with a line of progress now and then.
    """
    models.seed_everything(recipe.seed)
    views = plan_views(list(all_samples()), recipe.n_fashion_mnist, recipe.seed)[: recipe.n_views]
    report(f"{len(views)} views for the second stage")
    cached = cache_pooled(models.load(first)[0].visual.trunk, views, cache)
    model = start(first, folder, cached["pooled"])
    train(model, folder, views, cached, recipe, report)
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


def train(
    model: Any,
    folder: Path,
    views: list[View],
    cached: Mapping[str, np.ndarray],
    recipe: Refinement,
    report: Callable[[str], None],
) -> None:
    """Train what the second stage trains on cached features, and save it into `folder`."""
    import torch

    batches = Batches(views, np.arange(len(views)), recipe.batch_size, recipe.seed, recipe.mix)
    trunk, head = model.visual.trunk, model.visual.head
    model.eval().requires_grad_(False)
    trained = [trunk.colour, trunk.hidden, head]
    for part in trained:
        part.train().requires_grad_(True)
    for part in (trunk.norm, trunk.drop):
        part.train()
    ends = [model.text_projection.requires_grad_(True), model.logit_scale.requires_grad_(True)]

    def embed(rows: np.ndarray) -> Tensor:
        pooled, picture = (torch.from_numpy(cached[name][rows].astype(np.float32)) for name in ("pooled", "pictures"))
        projected: Tensor = head(trunk.join(pooled, picture))
        return projected

    parameters = [parameter for part in trained for parameter in part.parameters()] + ends
    reader = Reader(model, folder)
    for n_steps in recipe.cycles:
        optimizer = optimizer_of([(parameters, recipe.lr)], recipe.weight_decay)
        loop = Loop(n_steps, recipe.supervised_weight, recipe.colour_weight)
        fit(model, folder, batches.joint, embed, reader, optimizer, loop, report)


class Reader:
    """Texts -> (n, dim) embeddings, of which only the projection is trained: what is read is kept."""

    def __init__(self, model: Any, folder: Path):
        self._model, self._tokenizer = model, words.tokenizer(folder)
        self._kept: dict[str, Tensor] = {}

    def __call__(self, texts: list[str]) -> Tensor:
        """Read what is new, and project all of it."""
        import torch

        if new := sorted(set(texts) - self._kept.keys()):
            with torch.no_grad():
                self._kept.update(zip(new, words.read_words(self._model, self._tokenizer(new)), strict=True))
        return words.project_words(self._model, torch.stack([self._kept[text] for text in texts]))
