"""The loop that contrastive training shares: batches, losses, learning rate, progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training.data.batches import Batch
from core.training.model import clip as models
from core.training.stages.losses import clip_loss, supervised_contrastive_loss

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Loop:
    """How long to train, and what counts how much.

    Attributes:
        n_steps: Batches in all.
        supervised_weight: Of the supervised-contrastive term beside CLIP's loss.
        colour_weight: Of the same term on colour, among product photos.
    """

    n_steps: int
    supervised_weight: float
    colour_weight: float = 0.0


def fit(
    model: Any,
    folder: Path,
    draw: Callable[[], Batch],
    embed: Callable[[np.ndarray], Tensor],
    read: Callable[[list[str]], Tensor],
    optimizer: Any,
    loop: Loop,
    report: Callable[[str], None],
) -> None:
    """Train `model`, and save its weights into `folder` now and then and at the end.

    Args:
        model: An open_clip model, whose scale is used.
        folder: Its folder.
        draw: Gives the next batch.
        embed: A batch's cached features -> (n, dim) image embeddings, not normalised.
        read: Texts -> (m, dim) text embeddings, not normalised.
        optimizer: Over all that is trained; each group has a "peak" learning rate.
        loop: How long, and the weights of the losses.
        report: Called with a line of progress now and then.
    """
    import torch

    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    started = time.perf_counter()
    running: dict[str, float] = {}
    for step in range(loop.n_steps):
        set_learning_rate(optimizer, step, loop.n_steps)
        batch = draw()
        loss = _loss(batch, embed(batch.features), read, model.logit_scale.exp(), loop)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        running[batch.name] = 0.95 * running.get(batch.name, loss.item()) + 0.05 * loss.item()
        if step % 25 == 24 or step == loop.n_steps - 1:
            losses = ", ".join(f"{name} {value:.3f}" for name, value in sorted(running.items()))
            seconds = time.perf_counter() - started
            left = seconds / (step + 1) * (loop.n_steps - step - 1)
            report(f"step {step + 1}/{loop.n_steps}  loss {losses}  {seconds:.0f} s, {left:.0f} s left")
        if step % 200 == 199 or step == loop.n_steps - 1:
            models.save(model, folder)


def _loss(batch: Batch, embedded: Tensor, read: Callable[[list[str]], Tensor], scale: Tensor, loop: Loop) -> Tensor:
    import torch
    from torch.nn.functional import normalize

    images = normalize(embedded, dim=1)
    projected = read([text for pairing in batch.pairings for text in pairing.texts])
    of_pairing = normalize(projected, dim=1).split([len(pairing.texts) for pairing in batch.pairings])
    total = images.sum() * 0
    for pairing, texts in zip(batch.pairings, of_pairing, strict=True):
        some = images[torch.from_numpy(pairing.rows)]
        total = total + clip_loss(some, texts, torch.from_numpy(pairing.to_texts), scale)
        for weight, relation in ((loop.supervised_weight, pairing.among), (loop.colour_weight, pairing.colours)):
            if weight and relation is not None:
                total = total + weight * supervised_contrastive_loss(some, torch.from_numpy(relation))
    return total


def optimizer_of(rates: list[tuple[list[Any], float]], weight_decay: float) -> Any:
    """AdamW over groups of parameters and their peak rates; vectors and scalars do not decay."""
    import torch

    settings = [
        {"params": group, "lr": rate, "peak": rate, "weight_decay": decay}
        for parameters, rate in rates
        for decay, group in (
            (weight_decay, [parameter for parameter in parameters if parameter.ndim > 1]),
            (0.0, [parameter for parameter in parameters if parameter.ndim <= 1]),
        )
        if group
    ]
    return torch.optim.AdamW(settings, betas=(0.9, 0.98))


def set_learning_rate(optimizer: Any, step: int, n_steps: int) -> None:
    """Linear warm-up over the first 5 %, then a cosine down to 1 % of the peak."""
    warm_up = max(1, n_steps // 20)
    progress = max(0.0, (step - warm_up) / max(1, n_steps - warm_up))
    factor = min(1.0, (step + 1) / warm_up) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
