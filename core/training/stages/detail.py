"""The CLIP trainer's second stage: the detail network learns to tell kinds and colours on 28×28 copies of the views.

It learns as a classifier, with a head for the labels of each data set, and the heads are thrown away: contrastive
training alone takes far longer to get a network off the ground. `core.training.stages.refine` then uses what it sees.

Source: a learning rate that rises and falls once: Smith and Topin 2018.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training.data.samples import CLOTHING, FASHION_MNIST, PRODUCTS
from core.training.data.views import FASHION_MNIST_LIKE, View
from core.training.model import clip as models
from core.training.stages.fit import is_nth, optimizer_of, progress_line, set_learning_rate

if TYPE_CHECKING:
    from torch import Tensor

_COLOUR = "colour"
_SHIFT = 2  # pixels
#: Batches between two reports, and pictures that are looked at together outside training.
_REPORTED_EVERY, _CHUNK = 250, 1000


@dataclass(frozen=True)
class Detailing:
    """Everything that decides the outcome of this stage."""

    n_steps: int = 10_000
    batch_size: int = 128
    lr: float = 3e-3
    colour_weight: float = 0.5
    smoothing: float = 0.05
    seed: int = 2
    mix: dict[str, float] = field(default_factory=lambda: {FASHION_MNIST: 0.86, CLOTHING: 0.04, PRODUCTS: 0.10})


def train_detail(
    network: Any, views: Sequence[View], pictures: np.ndarray, recipe: Detailing, report: Callable[[str], None]
) -> None:
    """Train the detail network of `core.training.model.tower` in place.

    Args:
        network: The network.
        views: n views; only those of training pictures are used.
        pictures: (n, 3, 28, 28) float16 in [-1, 1].
        recipe: Decides the outcome.
        report: Called with a line of progress now and then.
    """
    import torch

    models.seed_everything(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    targets = {name: torch.from_numpy(codes) for name, codes in _targets(views).items()}
    rows = _rows_by_source(views)
    drawn = [_passes(rows[name], round(share * recipe.batch_size), rng) for name, share in recipe.mix.items()]
    held_out = np.flatnonzero([(v.sample.source, v.sample.part) == (FASHION_MNIST, "validation") for v in views])
    heads = torch.nn.ModuleDict(
        {name: torch.nn.Linear(network.n_features, int(codes.max()) + 1) for name, codes in targets.items()}
    )
    network.train().to(memory_format=torch.channels_last)
    optimizer = optimizer_of([([*network.parameters(), *heads.parameters()], recipe.lr)])
    started, running = time.perf_counter(), 0.0
    for step in range(recipe.n_steps):
        set_learning_rate(optimizer, step, recipe.n_steps)
        chosen = np.concatenate([next(some) for some in drawn])
        seen = network.once(_changed(torch.from_numpy(pictures[chosen].astype(np.float32)), rng))
        loss = torch.zeros(())
        for name, head in heads.items():
            wanted = targets[name][chosen]
            known = wanted >= 0
            if known.any():
                weight = (recipe.colour_weight if name == _COLOUR else 1) * known.float().mean()
                loss = loss + weight * torch.nn.functional.cross_entropy(
                    head(seen[known]), wanted[known], label_smoothing=recipe.smoothing
                )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        running = 0.97 * running + 0.03 * loss.item() if step else loss.item()
        if is_nth(step, _REPORTED_EVERY, recipe.n_steps):
            losses = f"{running:.3f}"
            if len(held_out):
                named = heads[FASHION_MNIST](detail_features(network, pictures[held_out])).argmax(1)
                network.train()
                right = (named == targets[FASHION_MNIST][held_out]).float().mean()
                losses += f", Fashion-MNIST validation {right:.4f}"
            report(f"detail: {progress_line(step, recipe.n_steps, losses, started)}")
    network.eval()


def _passes(rows: np.ndarray, n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """n of the rows, again and again; none twice before all were drawn, but for the end of a pass."""
    while not 0 < n <= len(rows):
        yield rng.choice(rows, n)
    while True:
        order = rng.permutation(rows)
        yield from (order[begin : begin + n] for begin in range(0, len(order) - n + 1, n))


def detail_features(network: Any, pictures: np.ndarray) -> Tensor:
    """What a detail network, put into evaluation mode, sees: (n, 3, 28, 28) float16 -> (n, n_features) float32."""
    import torch

    network.eval()
    with torch.no_grad():
        parts = range(0, len(pictures), _CHUNK)
        return torch.cat([network(torch.from_numpy(pictures[i : i + _CHUNK].astype(np.float32))) for i in parts])


def _rows_by_source(views: Sequence[View]) -> dict[str, np.ndarray]:
    sources = np.array([view.sample.label_set if view.sample.part == "train" else "" for view in views])
    return {name: np.flatnonzero(sources == name) for name in (FASHION_MNIST, CLOTHING, PRODUCTS)}


def _targets(views: Sequence[View]) -> dict[str, np.ndarray]:
    """(n,) int64 codes for every head, -1 where a view says nothing of it: a data set's kinds, or colours."""
    labels = {
        name: np.array([view.sample.kind if view.sample.label_set == name else "" for view in views])
        for name in (FASHION_MNIST, CLOTHING, PRODUCTS)
    }
    labels[_COLOUR] = np.array(["" if view.kind == FASHION_MNIST_LIKE else view.sample.colour for view in views])
    found = {}
    for name, values in labels.items():
        names, codes = np.unique(values, return_inverse=True)
        found[name] = codes.astype(np.int64) - int(names[0] == "")
    return {name: codes for name, codes in found.items() if codes.max() >= 0}


def _changed(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirrored or not, and moved by up to two pixels: (b, 3, 28, 28), each its own way."""
    import torch
    from torch.nn.functional import pad

    n, _, side, _ = pictures.shape
    mirrored = torch.from_numpy(rng.random(n) < 0.5)[:, None, None, None]
    pictures = torch.where(mirrored, pictures.flip(3), pictures)
    padded = pad(pictures, (_SHIFT,) * 4, mode="replicate")
    down, right = (torch.from_numpy(rng.integers(0, 2 * _SHIFT + 1, n)) for _ in range(2))
    places = torch.arange(side)
    rows, columns = down[:, None] + places, right[:, None] + places
    moved = padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return moved.contiguous(memory_format=torch.channels_last)
