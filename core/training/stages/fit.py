"""The loop that contrastive training shares: batches, losses, learning rate, progress.

The loss is CLIP's where one picture may have several right texts, and one text many pictures. With labels for captions
most batches hold the same caption many times; the plain loss would call all but one of them wrong. Here every equal
pair is right, every pair that cannot be compared is left out, and the rest is wrong. With all captions different it is
open_clip's `ClipLoss` (a test holds that).

Source: Radford et al. 2021 (CLIP); Yang et al. 2022 (UniCL, several positives);
    Khosla et al. 2020 (supervised contrastive).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.training.data.batches import Batch
from core.training.model import clip as models
from core.training.model.tokenizer import text_encoder

if TYPE_CHECKING:
    from torch import Tensor

#: Of the supervised-contrastive term beside CLIP's loss, and of what decays.
SUPERVISED_WEIGHT, WEIGHT_DECAY = 0.5, 0.05


def fit(
    model: Any,
    folder: Path,
    draw: Callable[[], Batch],
    embed: Callable[[np.ndarray], Tensor],
    optimizer: Any,
    n_steps: int,
    report: Callable[[str], None],
    colour_weight: float = 0.0,
) -> None:
    """Train `model`, and save its weights into `folder` now and then and at the end.

    Args:
        model: An open_clip model, whose text tower and scale are used.
        folder: Its folder.
        draw: Gives the next batch.
        embed: A batch's cached features -> (n, dim) image embeddings, not normalised.
        optimizer: Over all that is trained; each group has a "peak" learning rate.
        n_steps: Batches in all.
        report: Called with a line of progress now and then.
        colour_weight: Of the supervised-contrastive term on colour, among product photos.
    """
    import torch

    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    weights = (SUPERVISED_WEIGHT, colour_weight)
    encode_texts = text_encoder(model, folder)
    started = time.perf_counter()
    running: dict[str, float] = {}
    for step in range(n_steps):
        set_learning_rate(optimizer, step, n_steps)
        batch = draw()
        loss = _loss(batch, embed(batch.features), encode_texts, model.logit_scale.exp(), weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        running[batch.name] = 0.95 * running.get(batch.name, loss.item()) + 0.05 * loss.item()
        if is_nth(step, 25, n_steps):
            losses = ", ".join(f"{name} {value:.3f}" for name, value in sorted(running.items()))
            report(progress_line(step, n_steps, losses, started))
        if is_nth(step, 200, n_steps):
            models.save(model, folder)


def is_nth(step: int, every: int, n_steps: int) -> bool:
    """Whether so many steps are over, or all of them."""
    return step % every == every - 1 or step == n_steps - 1


def progress_line(step: int, n_steps: int, losses: str, started: float) -> str:
    """How far training is, what it loses, and how long it still takes, for steps from `started` (seconds) on."""
    seconds = time.perf_counter() - started
    left = seconds / (step + 1) * (n_steps - step - 1)
    return f"step {step + 1}/{n_steps}  loss {losses}  {seconds:.0f} s, {left:.0f} s left"


def _loss(
    batch: Batch,
    embedded: Tensor,
    encode_texts: Callable[[list[str]], Tensor],
    scale: Tensor,
    weights: tuple[float, float],
) -> Tensor:
    import torch
    from torch.nn.functional import normalize

    images = normalize(embedded, dim=1)
    encoded = encode_texts([text for pairing in batch.pairings for text in pairing.texts])
    of_pairing = normalize(encoded, dim=1).split([len(pairing.texts) for pairing in batch.pairings])
    total = images.sum() * 0
    for pairing, texts in zip(batch.pairings, of_pairing, strict=True):
        some = images[torch.from_numpy(pairing.rows)]
        total = total + clip_loss(some, texts, torch.from_numpy(pairing.to_texts), scale)
        for weight, relation in zip(weights, (pairing.among, pairing.colours), strict=True):
            if weight and relation is not None:
                total = total + weight * supervised_contrastive_loss(some, torch.from_numpy(relation))
    return total


def contrastive_loss(logits: Tensor, relation: Tensor) -> Tensor:
    """Cross-entropy over each row, its right answers sharing the weight.

    Args:
        logits: (n, m) float32, similarity times scale.
        relation: (n, m) int8: 1 right, 0 wrong, -1 not comparable. Rows without a right answer are skipped.

    Returns:
        A scalar; 0 if no row has a right answer.
    """
    right = (relation == 1).to(logits.dtype)
    n_right = right.sum(1)
    log_probability = logits.masked_fill(relation == -1, float("-inf")).log_softmax(1)
    log_probability = log_probability.masked_fill(relation != 1, 0)
    rows = n_right > 0
    loss = -(log_probability * right).sum(1)[rows] / n_right[rows]
    return loss.mean() if len(loss) else logits.sum() * 0


def clip_loss(images: Tensor, texts: Tensor, relation: Tensor, scale: Tensor) -> Tensor:
    """Both directions of CLIP's loss.

    Args:
        images: (n, dim), rows L2-normalised.
        texts: (m, dim), rows L2-normalised.
        relation: (n, m) int8, as in `contrastive_loss`.
        scale: Scalar, the inverse temperature.
    """
    logits = scale * images @ texts.T
    return (contrastive_loss(logits, relation) + contrastive_loss(logits.T, relation.T)) / 2


def supervised_contrastive_loss(images: Tensor, relation: Tensor, temperature: float = 0.1) -> Tensor:
    """Pictures of one kind together, of different kinds apart; a picture is never compared with itself."""
    import torch

    relation = relation.masked_fill(torch.eye(len(images), dtype=torch.bool), -1)
    return contrastive_loss(images @ images.T / temperature, relation)


def optimizer_of(rates: list[tuple[list[Any], float]]) -> Any:
    """AdamW over groups of parameters and their peak rates; vectors and scalars do not decay."""
    import torch

    settings = [
        {"params": group, "lr": rate, "peak": rate, "weight_decay": decay}
        for parameters, rate in rates
        for decay, group in (
            (WEIGHT_DECAY, [parameter for parameter in parameters if parameter.ndim > 1]),
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
