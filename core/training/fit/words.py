"""The last round of training: the text tower alone, against pictures as the finished image tower sees them.

While both towers move, a text is compared with a hundred pictures at a time. Here the pictures stand still, so a step
compares several hundred texts with as many pictures in little time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.training.data.samples import CLOTHING, FASHION_MNIST, MORE_PRODUCTS, PRODUCTS, SMALL_PRODUCTS, Sample
from core.training.fit.batches import LabelCodes, texts_of
from core.training.fit.losses import clip_loss
from core.training.fit.optimise import let_move, set_learning_rate, take_step, text_parameters
from core.training.model import clip as models
from core.training.model.tokenizer import text_encoder

_REPORTED_EVERY = 25


@dataclass(frozen=True)
class WordsRecipe:
    """What decides the outcome.

    Attributes:
        n_seen: Pictures of a source that are looked at, at most.
        n_steps: Batches.
        n_pictures: In a batch, a text for each that has something to say.
        shares: Of a batch, by source.
        lr: Peak rate of AdamW; a warm-up over the first 5 % of the steps, then a cosine down to 0.
        seed: Of everything random.
    """

    n_seen: int = 12_000
    n_steps: int = 250
    n_pictures: int = 512
    shares: tuple[tuple[str, float], ...] = (
        (CLOTHING, 0.2),
        (PRODUCTS, 0.2),
        (SMALL_PRODUCTS, 0.25),
        (MORE_PRODUCTS, 0.25),
        (FASHION_MNIST, 0.1),
    )
    lr: float = 5e-4
    seed: int = 5


def learn_words(
    model: Any,
    folder: Path,
    samples: Sequence[Sample],
    embeddings: np.ndarray,
    recipe: WordsRecipe | None = None,
    report: Callable[[str], None] = print,
) -> None:
    """Train the text tower; the image tower stays as it is.

    Args:
        model: Its text tower is changed.
        folder: The model's, with the tokenizer.
        samples: n training samples.
        embeddings: (n, dim) float32 of their pictures, rows L2-normalised.
        recipe: Decides the outcome.
        report: Called with a line of progress now and then.
    """
    import torch
    from torch.nn.functional import normalize

    recipe = recipe or WordsRecipe()
    texts_rng = models.seed_everything(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    codes = LabelCodes(samples)
    sources = np.array([sample.source for sample in samples])
    rows_of = {source: np.flatnonzero(sources == source) for source, _ in recipe.shares}
    encode = text_encoder(model, folder)
    parameters = text_parameters(model)
    let_move(model, parameters)
    optimizer = torch.optim.AdamW(
        [{"params": parameters, "lr": recipe.lr, "peak": recipe.lr}], betas=(0.9, 0.98), weight_decay=0.05
    )
    started = time.perf_counter()
    for step in range(recipe.n_steps):
        warm, done = min(1.0, (step + 1) / max(1, recipe.n_steps // 20)), step / recipe.n_steps
        set_learning_rate(optimizer, warm * (1 + math.cos(math.pi * done)) / 2)
        rows = np.concatenate(
            [
                rng.choice(rows_of[source], min(len(rows_of[source]), round(share * recipe.n_pictures)), replace=False)
                for source, share in recipe.shares
            ]
        )
        texts = texts_of(samples, rows, codes, texts_rng)
        encoded = normalize(encode(texts.texts), dim=1)
        pictures = torch.from_numpy(embeddings[rows])
        loss = clip_loss(pictures, encoded, torch.from_numpy(texts.relation), model.logit_scale.exp())
        take_step(model, optimizer, parameters, loss)
        if (step + 1) % _REPORTED_EVERY == 0 or step + 1 == recipe.n_steps:
            took = time.perf_counter() - started
            report(f"words {step + 1}/{recipe.n_steps}  {loss.item():.3f}  {took:.0f} s")
