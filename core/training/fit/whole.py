"""The trainer: both towers, end to end, on pictures that grow as it goes on.

A step looks at a few hundred views, two of each picture. Heads on the parts of the embedding learn what is known of a
picture (its kind, colour and pattern, and what its data set says in its own words); two views of one picture find each
other, so that things of one kind stay apart; texts find their pictures, in the batch and in a memory of all pictures
as they were last seen. What ships is a running mean of the weights.

Source: a memory across batches: Wang et al. 2020 (XBM); a mean of weights: Polyak and Juditsky 1992; rates that
    start anew: Loshchilov and Hutter 2017 (SGDR).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.engine.looks.vocabulary import ATTRIBUTES
from core.training.data.changes import changed, like_fashion_mnist
from core.training.data.samples import (
    CLOTHING,
    FASHION_MNIST,
    MORE_PRODUCTS,
    PRODUCTS,
    SMALL_PRODUCTS,
    Sample,
)
from core.training.fit.batches import FACTS, LabelCodes, passes, rows_by_source, texts_of
from core.training.fit.half import freeze
from core.training.fit.losses import PART_OF, clip_loss, contrastive_loss, directions, label_losses, looks_losses
from core.training.fit.optimise import average, let_move, optimizer_of, set_learning_rate, take_step, text_parameters
from core.training.fit.seen import as_they_are
from core.training.fit.state import load_state, save_state
from core.training.model import clip as models
from core.training.model.parts import PARTS, split
from core.training.model.tokenizer import text_encoder

if TYPE_CHECKING:
    from torch import Tensor

_SAVED_EVERY, _REPORTED_EVERY = 50, 10


#: Pictures that a model which goes on looks at first.
_N_MET, _N_MET_AT_ONCE = 6_000, 64


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome.

    Attributes:
        rounds: Stages of (steps, side of the views) one after the other; with each round the rates start anew.
        mix: Pictures of each source in a step; there are two views of each.
    """

    rounds: tuple[tuple[tuple[int, int], ...], ...] = (((400, 96), (250, 128)), ((500, 96), (430, 128)))
    mix: dict[str, int] = field(
        default_factory=lambda: {CLOTHING: 30, PRODUCTS: 20, SMALL_PRODUCTS: 20, MORE_PRODUCTS: 20, FASHION_MNIST: 12}
    )
    n_texts: int = 384
    n_frozen_blocks: int = 3
    trunk_lr: float = 4e-4
    head_lr: float = 2e-3
    text_lr: float = 5e-4
    label_weights: dict[str, float] = field(
        default_factory=lambda: {
            "kind": 1.3,
            "colour": 1.0,
            "pattern": 1.0,
            "article": 0.8,
            "gender": 0.3,
            "label": 1.2,
            "class": 1.0,
            "shade": 0.5,
            "length": 0.4,
        }
    )
    views_weight: float = 0.25
    looks_weight: float = 0.5
    texts_weight: float = 0.7
    memory_weight: float = 0.5
    like_fashion_mnist: float = 0.08
    head_scale: float = 16.0
    kept: float = 0.995
    seed: int = 3

    @property
    def stages(self) -> tuple[tuple[int, int], ...]:
        """Of all rounds."""
        return tuple(stage for stages in self.rounds for stage in stages)

    @property
    def n_steps(self) -> int:
        """Of all stages."""
        return sum(n for n, _ in self.stages)

    def side(self, step: int) -> int:
        """Of the views of a step."""
        for n, side in self.stages:
            if step < n:
                return side
            step -= n
        return self.stages[-1][1]

    def rate(self, step: int) -> float:
        """The share of the peak rates at a step: a warm-up over the first 5 % of a round, then a cosine down to 1 %."""
        for stages in self.rounds:
            n = sum(n for n, _ in stages)
            if step < n:
                break
            step -= n
        warm_up = max(1, n // 20)
        progress = max(0.0, (step - warm_up) / max(1, n - warm_up))
        return min(1.0, (step + 1) / warm_up) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)


#: One round more, of a model that was trained before.
FURTHER = Recipe(rounds=(((250, 96), (550, 128)),), trunk_lr=3e-4, head_lr=1e-3, text_lr=2e-4)


class Trainer:
    """A model being trained; `run` goes on from where an earlier run was stopped."""

    def __init__(
        self,
        model: Any,
        folder: Path,
        samples: list[Sample],
        packed: dict[str, np.ndarray],
        recipe: Recipe | None = None,
    ):
        import torch

        recipe = recipe or Recipe()
        models.seed_everything(recipe.seed)
        self.model, self.folder, self.samples, self.packed, self.recipe = model, folder, samples, packed, recipe
        self.codes = LabelCodes(samples)
        self.place = places_of(samples)
        self.allowed = {name: torch.from_numpy(codes) for name, codes in self.codes.allowed.items()}
        self.pattern_weights = _class_weights(self.allowed["pattern"])
        self.rows = rows_by_source(samples)
        self.encode_texts = text_encoder(model, folder)
        self.heads = torch.nn.ParameterDict(
            {
                name: torch.nn.Parameter(torch.randn(self.allowed[name].shape[1], PARTS[PART_OF[name]]))
                for name in (*ATTRIBUTES, *FACTS)
            }
        )
        self.memory = torch.zeros(len(samples), sum(PARTS.values()))
        self.known = torch.zeros(len(samples), dtype=torch.bool)
        self.optimizer, self.parameters = self._prepare()
        self.mean = {name: value.detach().clone() for name, value in self._moving().items()}

    def _prepare(self) -> tuple[Any, list[Any]]:
        visual = self.model.visual.trunk
        visual.network.to(memory_format=_channels_last())
        network = visual.network
        for module in (network.conv_stem, network.bn1, *network.blocks[: self.recipe.n_frozen_blocks]):
            freeze(module)
        trunk = [
            *network.blocks[self.recipe.n_frozen_blocks :].parameters(),
            *network.conv_head.parameters(),
            *network.bn2.parameters(),
        ]
        heads = [*visual.hidden.parameters(), *visual.project.parameters(), *self.heads.parameters()]
        texts = text_parameters(self.model)
        parameters = [*trunk, *heads, *texts]
        let_move(self.model, parameters)
        visual.norm.train()
        visual.drop.train()
        recipe = self.recipe
        groups = [(trunk, recipe.trunk_lr), (heads, recipe.head_lr), (texts, recipe.text_lr)]
        return optimizer_of(groups), parameters

    def _moving(self) -> dict[str, Any]:
        """What of the model's state changes: what its mean is kept of."""
        frozen = tuple(f"visual.trunk.network.blocks.{i}." for i in range(self.recipe.n_frozen_blocks))
        return {
            name: value
            for name, value in self.model.state_dict().items()
            if value.is_floating_point()
            and not name.startswith((*frozen, "visual.trunk.detail", "visual.trunk.network.conv_stem"))
        }

    def meet(self) -> None:
        """Look at some pictures as they are, with a model that is no beginner: to begin its heads and its memory."""
        import torch
        from torch.nn.functional import normalize

        visual, side = self.model.visual.trunk, self.recipe.stages[-1][1]
        rng, n_all = np.random.default_rng(self.recipe.seed), sum(map(len, self.rows.values()))
        for layer in (visual.norm, visual.drop):
            layer.eval()
        for source, rows in self.rows.items():
            some = rng.permutation(rows)[: math.ceil(len(rows) * _N_MET / n_all)]
            for start in range(0, len(some), _N_MET_AT_ONCE):
                now = some[start : start + _N_MET_AT_ONCE]
                pixels = as_they_are(self.packed[source][self.place[now]], side) * 2 - 1
                with torch.no_grad():
                    self.memory[now] = normalize(visual(pixels.contiguous(memory_format=_channels_last())), dim=1)
                self.known[now] = True
        for layer in (visual.norm, visual.drop):
            layer.train()
        known = {name: some[self.known] for name, some in self.allowed.items()}
        for name, direction in directions(split(self.memory[self.known]), known).items():
            self.heads[name].data.copy_(direction)

    def run(self, state: Path, report: Callable[[str], None], until: int | None = None) -> bool:
        """Train to the end, where the mean of the weights is left in the model, or until a step; whether at the end."""
        import torch

        recipe = self.recipe
        start = load_state(self, state)
        rng = np.random.default_rng([recipe.seed, start])
        texts_rng = models.seed_everything(recipe.seed + start)
        drawn = {source: passes(self.rows[source], n, rng) for source, n in recipe.mix.items() if n}
        started = time.perf_counter()
        running: dict[str, float] = {}
        stop = min(until or recipe.n_steps, recipe.n_steps)
        for step in range(start, stop):
            set_learning_rate(self.optimizer, recipe.rate(step))
            losses = self._losses({source: next(some) for source, some in drawn.items()}, step, rng, texts_rng)
            take_step(self.model, self.optimizer, self.parameters, torch.stack(list(losses.values())).sum())
            average(self.mean, self._moving(), recipe.kept, step)
            for name, value in losses.items():
                running[name] = 0.95 * running.get(name, value.item()) + 0.05 * value.item()
            done = step + 1
            if done % _REPORTED_EVERY == 0 or done == stop:
                parts = " ".join(f"{name} {value:.2f}" for name, value in running.items())
                took = time.perf_counter() - started
                report(f"step {done}/{recipe.n_steps} ({recipe.side(step)} px)  {parts}  {took:.0f} s")
            if done % _SAVED_EVERY == 0 or done == stop:
                save_state(self, state, done)
        if stop < recipe.n_steps:
            return False
        self.model.load_state_dict(self.mean, strict=False)
        self.model.eval()
        return True

    def _losses(
        self, chosen: dict[str, np.ndarray], step: int, rng: np.random.Generator, texts_rng: Any
    ) -> dict[str, Tensor]:
        import torch
        from torch.nn.functional import normalize

        recipe, side = self.recipe, self.recipe.side(step)
        rows = np.concatenate(list(chosen.values()))
        views, grey = [], []
        for _ in range(2):
            some, n_grey = self._views(chosen, side, rng)
            views.append(some)
            grey.append(n_grey)
        visual = self.model.visual.trunk
        pixels = torch.cat(views).contiguous(memory_format=_channels_last()) * 2 - 1
        images = visual(pixels)
        grey_all = torch.from_numpy(np.concatenate(grey))
        parts = split(images)
        allowed = {name: some[rows].repeat(2, 1) for name, some in self.allowed.items()}
        for name in allowed:
            if PART_OF[name] == "colour":
                allowed[name] &= ~grey_all[:, None]
        pattern = {"pattern": self.pattern_weights}
        losses = label_losses(self.heads, parts, allowed, recipe.head_scale, pattern) | looks_losses(images, parts)
        weights = {**recipe.label_weights, "views": recipe.views_weight, "looks": recipe.looks_weight}
        losses = {name: weights[name] * value for name, value in losses.items()}
        first, second = images.chunk(2)
        texts = texts_of(self.samples, rows, self.codes, texts_rng)
        encoded = normalize(self.encode_texts(texts.texts), dim=1)
        relation = torch.from_numpy(texts.relation).repeat(2, 1)
        relation[grey_all] = -1
        scale = self.model.logit_scale.exp()
        losses["texts"] = recipe.texts_weight * clip_loss(images, encoded, relation, scale)
        if step % 2:
            losses["memory"] = recipe.memory_weight * self._memory_loss(rng, texts_rng, scale)
        with torch.no_grad():
            kept = torch.from_numpy(~grey[0])
            where = torch.from_numpy(rows)[kept]
            self.memory[where] = normalize(first.detach()[kept] + second.detach()[kept], dim=1)
            self.known[where] = True
        return losses

    def _views(self, chosen: dict[str, np.ndarray], side: int, rng: np.random.Generator) -> tuple[Tensor, np.ndarray]:
        """One view of each picture, and which of them have lost their colour."""
        import torch

        backgrounds = self.packed[CLOTHING]
        views, grey = [], []
        for source, rows in chosen.items():
            some = changed(source, self.packed[source][self.place[rows]], backgrounds, side, rng)
            lost = (rng.random(len(rows)) < self.recipe.like_fashion_mnist) & (source == PRODUCTS)
            if lost.any():
                some[torch.from_numpy(lost)] = like_fashion_mnist(some[torch.from_numpy(lost)])
            views.append(some)
            grey.append(lost)
        return torch.cat(views), np.concatenate(grey)

    def _memory_loss(self, rng: np.random.Generator, texts_rng: Any, scale: Tensor) -> Tensor:
        """The texts of pictures seen before find them: trains the texts alone, on many more at a time."""
        import torch
        from torch.nn.functional import normalize

        known = np.flatnonzero(self.known.numpy())
        if len(known) < self.recipe.n_texts:
            return scale * 0
        rows = rng.choice(known, self.recipe.n_texts, replace=False)
        texts = texts_of(self.samples, rows, self.codes, texts_rng)
        encoded = normalize(self.encode_texts(texts.texts), dim=1)
        logits = scale.detach() * encoded @ self.memory[torch.from_numpy(rows)].T
        return contrastive_loss(logits, torch.from_numpy(np.ascontiguousarray(texts.relation.T)))


def _channels_last() -> Any:
    import torch

    return torch.channels_last


def _class_weights(allowed: Tensor) -> Tensor:
    """Rare classes weigh more: the inverse root of how often a class is meant, around 1; (n, classes) bool."""
    n = (allowed / allowed.sum(1, keepdim=True).clamp(min=1)).sum(0).clamp(min=1)
    weights = n.rsqrt()
    return weights * (n.sum() / (weights * n).sum())


def places_of(samples: list[Sample]) -> np.ndarray:
    """(n,) where each sample is among those of its source."""
    counts: dict[str, int] = {}
    places = []
    for sample in samples:
        places.append(counts.get(sample.source, 0))
        counts[sample.source] = places[-1] + 1
    return np.array(places)
