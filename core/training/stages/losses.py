"""CLIP's contrastive loss where one picture may have several right texts, and one text many pictures.

With labels for captions most batches hold the same caption many times; the plain loss would call all but
one of them wrong. Here every equal pair is right, every pair that cannot be compared is left out, and the
rest is wrong. With all captions different it is open_clip's `ClipLoss` (a test holds that).

Source: Radford et al. 2021 (CLIP); Yang et al. 2022 (UniCL, several positives);
    Khosla et al. 2020 (supervised contrastive).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


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
