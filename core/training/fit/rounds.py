"""All rounds of training one after the other: from ImageNet to a model folder.

First the whole network, end to end (`whole`); then what lies above it, on what it sees (`heads`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.training.data.packed import pack
from core.training.data.samples import CLOTHING, Sample, all_samples
from core.training.fit.batches import rows_by_source
from core.training.fit.heads import HeadsRecipe, learn_heads
from core.training.fit.seen import see
from core.training.fit.whole import FURTHER, Recipe, Trainer, places_of
from core.training.model import clip as models


def train_clip(
    folder: Path,
    former: Path,
    cache: Path,
    until: int | None = None,
    recipe: Recipe | None = None,
    heads: HeadsRecipe | None = None,
    report: Callable[[str], None] = print,
    further: bool = False,
) -> bool:
    """Train, and write an open_clip model folder.

    Args:
        folder: Where the model goes.
        former: The model that the text tower and the network for small pictures go on from.
        cache: Where the packed pictures are kept, and how far training is.
        until: Stop after this step, to go on in another call; None for the end.
        further: All of the model goes on from `former`, one round more, in place of ImageNet.
        recipe: Decides the outcome.
        heads: The same of the last round; see `finish_clip`.
        report: Called with a line of progress now and then.

    Returns:
        Whether training has come to its end; the folder has weights only then.
    """
    samples = list(all_samples())
    models.start_folder(folder, former)
    packed = pack(samples, cache / "pictures", report)
    model = models.load(former)[0] if further else models.create(folder, former)
    trainer = Trainer(model, folder, samples, packed, recipe or (FURTHER if further else Recipe()))
    state = cache / ("further.safetensors" if further else "state.safetensors")
    if further and not state.exists():
        trainer.meet()
    if not trainer.run(state, report, until):
        return False
    _finish(trainer.model, folder, samples, packed, cache, heads, report)
    return True


def finish_clip(
    folder: Path, former: Path, cache: Path, heads: HeadsRecipe | None = None, report: Callable[[str], None] = print
) -> None:
    """Do only the last round, on top of a model that is there: an hour in place of three.

    What its network sees is kept in the cache, and taken from there by a run that goes on; training the heads then
    begins anew: it takes minutes.

    Args:
        folder: Where the model goes.
        former: The model that it goes on from, all of it.
        cache: Where the packed pictures are kept, and what the network sees of them.
        heads: Decides the outcome.
        report: Called with a line of progress now and then.
    """
    samples = list(all_samples())
    models.start_folder(folder, former)
    packed = pack(samples, cache / "pictures", report)
    _finish(models.load(former)[0], folder, samples, packed, cache, heads, report)


def _finish(
    model: Any,
    folder: Path,
    samples: list[Sample],
    packed: dict[str, np.ndarray],
    cache: Path,
    heads: HeadsRecipe | None,
    report: Callable[[str], None],
) -> None:
    heads = heads or HeadsRecipe()
    place = places_of(samples)
    rows = some_rows(samples, heads)
    seen = see(
        model.visual,
        [samples[row] for row in rows],
        lambda n: packed[samples[rows[n]].source][place[rows[n]]],
        packed[CLOTHING],
        heads.n_changed,
        cache / "seen",
        heads.seed,
        report,
    )
    learn_heads(model, folder, [samples[row] for row in rows], seen, heads, report)
    models.save(model, folder)


def some_rows(samples: list[Sample], recipe: HeadsRecipe) -> np.ndarray:
    """(m,) positions of the training samples that the last round sees, those of a source together."""
    drawn = []
    for source, rows in rows_by_source(samples).items():
        n = recipe.n_most.get(source, len(rows))
        drawn.append(np.sort(np.random.default_rng(recipe.seed).permutation(rows)[:n]))
    return np.concatenate(drawn)
