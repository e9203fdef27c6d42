"""The losses of training.

None of them takes a coarse label for more than it says. Several texts may be right for one picture, and a pair whose
labels leave it open counts for nothing. With all captions different `clip_loss` is open_clip's `ClipLoss` (a test
holds that).

Source: Radford et al. 2021 (CLIP); Yang et al. 2022 (UniCL, several positives); Cour et al. 2011 (sets of candidate
    labels); Wang et al. 2018 (cosine softmax); Chen et al. 2020 (two views of one picture).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.training.fit.batches import FACTS

if TYPE_CHECKING:
    from torch import Tensor


#: attribute -> the part of the embedding that it shapes
PART_OF = {"kind": "kind", "colour": "colour", "pattern": "look"} | FACTS


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


def set_loss(logits: Tensor, allowed: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy where a label may be any of several classes: only their sum has to be likely.

    Args:
        logits: (n, n_classes) float32.
        allowed: (n, n_classes) bool. Rows that allow none are skipped.
        weights: (n_classes,) of the first class that a row allows, 1 if not given.

    Returns:
        A scalar: the mean over all n rows, so that a batch with few labels weighs little.
    """
    import torch

    known = allowed.any(1)
    if not known.any():
        return logits.sum() * 0
    logits, allowed = logits[known], allowed[known]
    loss = torch.logsumexp(logits, 1) - torch.logsumexp(logits.masked_fill(~allowed, float("-inf")), 1)
    if weights is not None:
        loss = loss * weights[allowed.int().argmax(1)]
    return loss.sum() / len(known)


def label_losses(
    heads: Any,
    parts: Mapping[str, Tensor],
    allowed: Mapping[str, Tensor],
    scale: float,
    class_weights: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """`set_loss` of each attribute's head on its part of the embedding, by attribute.

    Args:
        heads: A ParameterDict, attribute -> (n_classes, part dim), a direction for each class.
        parts: part -> (n, part dim) of the embeddings.
        allowed: attribute -> (n, n_classes) bool.
        scale: Inverse temperature.
        class_weights: attribute -> (n_classes,), for those that have some.
    """
    from torch.nn.functional import normalize

    losses = {}
    for name, head in heads.items():
        logits = scale * normalize(parts[PART_OF[name]], dim=1) @ normalize(head, dim=1).T
        losses[name] = set_loss(logits, allowed[name], class_weights.get(name))
    return losses


def directions(parts: Mapping[str, Tensor], allowed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Where heads may begin: the mean direction of the pictures of each class, those that may be nothing else first.

    Args:
        parts: part -> (n, part dim) of the embeddings.
        allowed: attribute -> (n, n_classes) bool.

    Returns:
        attribute -> (n_classes, part dim); a random direction for a class that no picture may be of.
    """
    import torch
    from torch.nn.functional import normalize

    found = {}
    for name, some in allowed.items():
        may_be = some.float()
        surely = may_be / may_be.sum(1, keepdim=True).clamp(min=1) ** 2
        mean = surely.T @ normalize(parts[PART_OF[name]], dim=1)
        found[name] = normalize(torch.where(some.any(0)[:, None], mean, torch.randn_like(mean)), dim=1)
    return found


def looks_losses(images: Tensor, parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`views_loss` of the whole embedding and of the look part; (2n, dim), first views above second ones."""
    first, second = images.chunk(2)
    first_look, second_look = parts["look"].chunk(2)
    return {"views": views_loss(first, second), "looks": views_loss(first_look, second_look)}


def views_loss(first: Tensor, second: Tensor, temperature: float = 0.1) -> Tensor:
    """Two views of one picture find each other among those of all others: rows of (n, dim), normalised here."""
    import torch
    from torch.nn.functional import normalize

    logits = normalize(first, dim=1) @ normalize(second, dim=1).T / temperature
    same = torch.eye(len(first), dtype=torch.int8)
    return (contrastive_loss(logits, same) + contrastive_loss(logits.T, same)) / 2
