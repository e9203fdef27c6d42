"""The CLIP trainer: `python -m core train clip`.

Two kinds of batch take turns. A *mixed* batch holds pictures of all data sets and words for their kinds; it
is where a photographed bag and a 28×28 bag meet. A *product* batch holds product photos and what was
written about them: colour and kind, the full name, or the colour alone. In both, a supervised-contrastive
term pulls pictures of the same thing together.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training import model as models
from core.training.captions import TYPES, relation, type_caption
from core.training.data import CLOTHING, FASHION_MNIST, PRODUCTS, SMALL_PRODUCTS, all_samples
from core.training.features import N_FROZEN_BLOCKS, View, cache_features, plan_views
from core.training.losses import clip_loss, supervised_contrastive_loss

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a training run."""

    epochs: float = 4
    batch_size: int = 256
    n_fashion_mnist: int = 15_000
    n_views: int = 40_000
    trunk_lr: float = 5e-4
    head_lr: float = 2e-3
    weight_decay: float = 0.05
    supervised_weight: float = 0.5
    mixed_share: float = 0.6
    seed: int = 0


#: Share of each data set in a mixed batch.
_MIX = {CLOTHING: 0.35, FASHION_MNIST: 0.30, PRODUCTS: 0.20, SMALL_PRODUCTS: 0.15}


def upper_tower(visual: Any, features: Tensor) -> Tensor:
    """The trained part: (b, 112, 14, 14) -> (b, dim), not normalised."""
    trunk, x = visual.trunk, features
    for block in trunk.blocks[N_FROZEN_BLOCKS:]:
        x = block(x)
    return visual.head(trunk.forward_head(trunk.bn2(trunk.conv_head(x))))


class Relations:
    """Looks up `captions.relation` for whole batches."""

    def __init__(self, views: Sequence[View]):
        self.kinds = sorted({view.sample.kind for view in views})
        self.number = {kind: number for number, kind in enumerate(self.kinds)}
        self.of_source = {
            source: {view.sample.kind for view in views if view.sample.source == source} for source in _MIX
        }
        for source in (PRODUCTS, SMALL_PRODUCTS):  # one shop's labels
            self.of_source[source] = self.of_source[PRODUCTS] | self.of_source[SMALL_PRODUCTS]
        self._same = self._table(True)
        self._cross = self._table(False)

    def _table(self, same_source: bool) -> np.ndarray:
        return np.array([[relation(a, b, same_source) for b in self.kinds] for a in self.kinds], np.int8)

    def images(self, views: Sequence[View]) -> np.ndarray:
        """(n, n) int8 between pictures."""
        kinds = np.array([self.number[view.sample.kind] for view in views])
        sources = np.array([view.sample.source.removesuffix("-small") for view in views])
        same = sources[:, None] == sources[None]
        pairs = np.ix_(kinds, kinds)
        return np.where(same, self._same[pairs], self._cross[pairs])

    def texts(self, views: Sequence[View], kinds: Sequence[str]) -> np.ndarray:
        """(n, m) int8 between pictures and kinds; a data set that has a kind of its own means it."""
        rows = [self.number[view.sample.kind] for view in views]
        columns = [self.number[kind] for kind in kinds]
        own = np.array([[kind in self.of_source[view.sample.source] for kind in kinds] for view in views])
        pairs = np.ix_(rows, columns)
        return np.where(own, self._same[pairs], self._cross[pairs])


class Batches:
    """Draws batches from the cached features, seeded."""

    def __init__(self, views: Sequence[View], features: np.ndarray, recipe: Recipe):
        self.views, self.features, self.recipe = views, features, recipe
        self.rng = random.Random(recipe.seed)
        self.relations = Relations(views)
        self.of_source: dict[str, list[int]] = {source: [] for source in _MIX}
        for position, view in enumerate(views):
            if view.sample.part == "train":
                self.of_source[view.sample.source].append(position)
        self.products = [
            position
            for source in (PRODUCTS, SMALL_PRODUCTS)
            for position in self.of_source[source]
            if views[position].kind != "fashion-mnist-like"  # a grey picture has lost its colour
        ]

    def mixed(self) -> tuple[list[View], np.ndarray, list[str], np.ndarray, np.ndarray]:
        """Views, their features, texts, relation of views to texts, relation among views."""
        size = self.recipe.batch_size
        positions = [
            position
            for source, share in _MIX.items()
            for position in self.rng.sample(self.of_source[source], round(size * share))
        ]
        views = [self.views[position] for position in positions]
        kinds = sorted({view.sample.kind for view in views})
        texts = [type_caption(kind, self.rng) for kind in kinds]
        to_texts = self.relations.texts(views, kinds)
        return views, self._gather(positions), texts, to_texts, self.relations.images(views)

    def product(self) -> tuple[list[View], np.ndarray, list[str], np.ndarray, np.ndarray]:
        """The same for product photos with captions of their own."""
        positions = self.rng.sample(self.products, self.recipe.batch_size)
        views = [self.views[position] for position in positions]
        style = self.rng.random()
        if style < 0.45:
            captions = [view.sample.captions[1] for view in views]
        elif style < 0.85:
            captions = [view.sample.captions[0] for view in views]
        else:
            captions = [view.sample.colour for view in views]
        texts = sorted(set(captions))
        to_texts = np.array([[caption == text for text in texts] for caption in captions], np.int8)
        look = np.array([view.sample.captions[0] for view in views])
        among = (look[:, None] == look[None]).astype(np.int8)
        return views, self._gather(positions), texts, to_texts, among

    def _gather(self, positions: Sequence[int]) -> np.ndarray:
        order = np.argsort(positions)  # the memory map is read front to back
        out = np.empty((len(positions), *self.features.shape[1:]), np.float16)
        for row in order:
            out[row] = self.features[positions[row]]
        return out


def train_clip(folder: Path, cache: Path, recipe: Recipe, report: Callable[[str], None] = print) -> None:
    """Train and write a complete open_clip model folder.

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
    trained_texts = [text for view in views if view.sample.part == "train" for text in view.sample.captions]
    kinds = [word for _, words in TYPES.values() for word in words] * 3
    models.write_config(folder)
    models.train_tokenizer(trained_texts + kinds, folder)
    model = models.create(folder)
    report(f"{len(views)} views of {len(samples)} pictures")
    features = cache_features(model.visual.trunk, views, cache)
    tokenizer = models.tokenizer(folder)
    batches = Batches(views, features, recipe)
    n_train = sum(len(positions) for positions in batches.of_source.values())
    n_steps = max(1, round(recipe.epochs * n_train / recipe.batch_size))
    optimizer, parameters = _optimizer(model, recipe)
    started = time.perf_counter()
    running: dict[str, float] = {}
    for step in range(n_steps):
        _set_learning_rate(optimizer, step, n_steps)
        kind = "mixed" if batches.rng.random() < recipe.mixed_share else "product"
        loss = _loss(model, tokenizer, batches.mixed() if kind == "mixed" else batches.product(), recipe)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        running[kind] = 0.95 * running.get(kind, loss.item()) + 0.05 * loss.item()
        if step % 25 == 24 or step == n_steps - 1:
            losses = ", ".join(f"{name} {value:.3f}" for name, value in sorted(running.items()))
            seconds = time.perf_counter() - started
            left = seconds / (step + 1) * (n_steps - step - 1)
            report(f"step {step + 1}/{n_steps}  loss {losses}  {seconds:.0f} s, {left:.0f} s left")
        if step % 200 == 199 or step == n_steps - 1:
            models.save(model, folder)
    report("done")


def _loss(model: Any, tokenizer: Any, batch: Any, recipe: Recipe) -> Tensor:
    import torch
    from torch.nn.functional import normalize

    _, features, texts, to_texts, among = batch
    x = torch.from_numpy(features).float().contiguous(memory_format=torch.channels_last)
    images = normalize(upper_tower(model.visual, x), dim=1)
    words = normalize(model.encode_text(tokenizer(texts)), dim=1)
    loss = clip_loss(images, words, torch.from_numpy(to_texts), model.logit_scale.exp())
    return loss + recipe.supervised_weight * supervised_contrastive_loss(images, torch.from_numpy(among))


def _optimizer(model: Any, recipe: Recipe) -> tuple[Any, list[Any]]:
    """AdamW over what is trained; batch normalisation keeps ImageNet's statistics."""
    import torch

    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad = True
    trunk = model.visual.trunk
    for part in (trunk.conv_stem, trunk.bn1, *trunk.blocks[:N_FROZEN_BLOCKS]):
        for parameter in part.parameters():
            parameter.requires_grad = False
    trunk.to(memory_format=torch.channels_last)
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = recipe.trunk_lr if name.startswith("visual.trunk.") else recipe.head_lr
            decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    settings = [
        {"params": group, "lr": rate, "peak": rate, "weight_decay": decay} for (rate, decay), group in groups.items()
    ]
    return torch.optim.AdamW(settings, betas=(0.9, 0.98)), [p for group in groups.values() for p in group]


def _set_learning_rate(optimizer: Any, step: int, n_steps: int) -> None:
    """Linear warm-up over the first 5 %, then a cosine down to 1 % of the peak."""
    warm_up = max(1, n_steps // 20)
    progress = max(0.0, (step - warm_up) / max(1, n_steps - warm_up))
    factor = min(1.0, (step + 1) / warm_up) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
