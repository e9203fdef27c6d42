"""The last round of training: what lies above the image network, and the text tower.

While the whole network moves, a step sees a hundred pictures, and most pictures of large sources are seen once. Here
the network stands still and what it sees is kept, so a step compares a thousand pictures in little time, and every
picture is seen many times, at the size that is served.

Source: a last round on the size that is served: Touvron et al. 2019 (FixRes).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training.data.samples import CLOTHING, FASHION_MNIST, MORE_PRODUCTS, PRODUCTS, SMALL_PRODUCTS, Sample
from core.training.fit.batches import LabelCodes, rows_by_source, texts_of
from core.training.fit.losses import clip_loss, directions, label_losses, looks_losses
from core.training.fit.optimise import average, let_move, optimizer_of, set_learning_rate, take_step, text_parameters
from core.training.fit.seen import Seen
from core.training.model import clip as models
from core.training.model.parts import split
from core.training.model.tokenizer import text_encoder

if TYPE_CHECKING:
    from torch import Tensor

_REPORTED_EVERY = 25


@dataclass(frozen=True)
class HeadsRecipe:
    """Everything that decides the outcome.

    Attributes:
        n_steps: Batches.
        mix: Pictures of each source in a batch; there are two views of each.
        n_changed: source -> random views of a picture that are kept beside the whole.
        n_most: source -> pictures of it that are seen, at most.
        n_texts: So many of a batch's pictures get a text.
    """

    n_steps: int = 500
    mix: Mapping[str, int] = field(
        default_factory=lambda: {
            CLOTHING: 256,
            PRODUCTS: 192,
            SMALL_PRODUCTS: 224,
            MORE_PRODUCTS: 224,
            FASHION_MNIST: 128,
        }
    )
    n_changed: Mapping[str, int] = field(
        default_factory=lambda: {CLOTHING: 6, PRODUCTS: 3, SMALL_PRODUCTS: 1, MORE_PRODUCTS: 1}
    )
    n_most: Mapping[str, int] = field(default_factory=lambda: {FASHION_MNIST: 12_000})
    n_texts: int = 448
    lr: float = 1e-3
    text_lr: float = 5e-4
    decay: float = 0.05
    drop: float = 0.2
    label_weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "kind": 1.3,
            "colour": 1.0,
            "pattern": 1.0,
            "article": 0.8,
            "gender": 0.5,
            "label": 1.5,
            "class": 1.0,
            "shade": 0.6,
            "length": 0.4,
        }
    )
    views_weight: float = 0.25
    looks_weight: float = 0.5
    texts_weight: float = 0.7
    head_scale: float = 16.0
    kept: float = 0.99
    seed: int = 3

    def rate(self, step: int) -> float:
        """The share of the peak rates at a step: a warm-up over the first 5 %, then a cosine down to 1 %."""
        warm = min(1.0, (step + 1) / max(1, self.n_steps // 20))
        return warm * (0.01 + 0.99 * (1 + math.cos(math.pi * step / self.n_steps)) / 2)


def learn_heads(
    model: Any,
    folder: Path,
    samples: list[Sample],
    seen: Seen,
    recipe: HeadsRecipe | None = None,
    report: Callable[[str], None] = print,
) -> None:
    """Train what lies above the image network, and the text tower; a running mean of the weights is left in the model.

    Args:
        model: They are changed; its network stays as it is.
        folder: The model's, with the tokenizer.
        samples: n training samples.
        seen: What the network sees of them.
        recipe: Decides the outcome.
        report: Called with a line of progress now and then.
    """
    import torch

    last = LastRound(model, folder, samples, seen, recipe or HeadsRecipe())
    started, running = time.perf_counter(), dict[str, float]()
    n_steps = last.recipe.n_steps
    for step in range(n_steps):
        set_learning_rate(last.optimizer, last.recipe.rate(step))
        losses = last.losses()
        take_step(model, last.optimizer, last.parameters, torch.stack(list(losses.values())).sum())
        average(last.mean, last.moving, last.recipe.kept, step)
        for name, value in losses.items():
            running[name] = 0.9 * running.get(name, value.item()) + 0.1 * value.item()
        if (step + 1) % _REPORTED_EVERY == 0 or step + 1 == n_steps:
            parts = " ".join(f"{name} {value:.2f}" for name, value in running.items())
            report(f"heads {step + 1}/{n_steps}  {parts}  {time.perf_counter() - started:.0f} s")
    model.load_state_dict(last.mean, strict=False)
    model.eval()


class LastRound:
    """What `learn_heads` moves, and what it moves it by."""

    def __init__(self, model: Any, folder: Path, samples: list[Sample], seen: Seen, recipe: HeadsRecipe):
        import torch

        self.model, self.trunk, self.samples, self.seen, self.recipe = model, model.visual.trunk, samples, seen, recipe
        self.texts_rng = models.seed_everything(recipe.seed)
        self.rng = np.random.default_rng(recipe.seed)
        self.codes, self.rows = LabelCodes(samples), rows_by_source(samples)
        self.allowed = {name: torch.from_numpy(some) for name, some in self.codes.allowed.items()}
        self.encode = text_encoder(model, folder)
        self._standardise()
        self.heads = torch.nn.ParameterDict(self._start_heads())
        image = [*self.trunk.hidden.parameters(), *self.trunk.project.parameters()]
        heads, texts = list(self.heads.parameters()), text_parameters(model)
        self.parameters = [*image, *heads, *texts]
        let_move(model, self.parameters)
        self.trunk.drop.train()
        self.trunk.drop.p = recipe.drop
        self.optimizer = optimizer_of([([*image, *heads], recipe.lr), (texts, recipe.text_lr)], recipe.decay)
        self.moving = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self.mean = {name: value.detach().clone() for name, value in self.moving.items()}

    def _standardise(self, n: int = 20_000) -> None:
        """Let the normalisation know the size of pictures that is served: it was trained on smaller ones."""
        import torch

        some = self.rng.permutation(np.concatenate(list(self.rows.values())))[:n]
        features = torch.from_numpy(self.seen.one_of_each(some, self.rng))
        self.trunk.norm.running_mean.copy_(features.mean(0))
        self.trunk.norm.running_var.copy_(features.var(0))

    def _start_heads(self) -> dict[str, Any]:
        """Heads that begin where their classes are."""
        import torch

        rows = np.concatenate(list(self.rows.values()))
        with torch.inference_mode():
            embedded = [self._embed(self.seen.whole(rows[i : i + 1024])) for i in range(0, len(rows), 1024)]
        found = directions(split(torch.cat(embedded)), {name: some[rows] for name, some in self.allowed.items()})
        return {name: torch.nn.Parameter(direction.clone()) for name, direction in found.items()}

    def _embed(self, features: np.ndarray) -> Tensor:
        """(n, n_seen) float32 -> (n, dim)."""
        import torch

        embedded: Tensor = self.trunk.embed(torch.from_numpy(features))
        return embedded

    def losses(self) -> dict[str, Tensor]:
        """Those of a batch, by name."""
        import torch
        from torch.nn.functional import normalize

        recipe = self.recipe
        rows = np.concatenate(
            [
                self.rng.choice(self.rows[one], min(n, len(self.rows[one])), replace=False)
                for one, n in recipe.mix.items()
            ]
        )
        images = torch.cat([self._embed(self.seen.one_of_each(rows, self.rng)) for _ in range(2)])
        parts = split(images)
        allowed = {name: some[rows].repeat(2, 1) for name, some in self.allowed.items()}
        losses = label_losses(self.heads, parts, allowed, recipe.head_scale, {}) | looks_losses(images, parts)
        weights = {**recipe.label_weights, "views": recipe.views_weight, "looks": recipe.looks_weight}
        losses = {name: weights[name] * value for name, value in losses.items()}
        first, second = images.chunk(2)
        some = np.sort(self.rng.permutation(len(rows))[: recipe.n_texts])
        texts = texts_of(self.samples, rows[some], self.codes, self.texts_rng)
        encoded = normalize(self.encode(texts.texts), dim=1)
        relation = torch.from_numpy(texts.relation).repeat(2, 1)
        both = torch.cat([first[some], second[some]])
        losses["texts"] = recipe.texts_weight * clip_loss(both, encoded, relation, self.model.logit_scale.exp())
        return losses
