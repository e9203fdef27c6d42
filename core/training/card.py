"""The model card: what `vitrine-clip` is, written anew by every evaluation so that its figures are never old."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.config import DEFAULT_BACKBONE
from core.engine.backbones import get
from core.engine.files.folder import written
from core.engine.files.tables import figures_table

TEXT = Path(__file__).with_name("card.md")


def write_card(folder: Path, results: list[dict[str, Any]]) -> Path:
    """Write `README.md` into the model's folder from evaluation results; returns its path."""
    from core.training.fit.heads import HeadsRecipe
    from core.training.fit.whole import FURTHER, Recipe
    from core.training.model.parts import PARTS

    recipe, last, record = Recipe(), HeadsRecipe(), get(DEFAULT_BACKBONE)
    text = TEXT.read_text("utf-8").format(
        side=record.input_size,
        dim=record.dim,
        frozen=recipe.n_frozen_blocks,
        stages=_in_words(recipe.stages),
        further=_in_words(FURTHER.stages),
        n_pictures=sum(recipe.mix.values()),
        n_last=last.n_steps,
        n_last_pictures=f"{sum(last.mix.values()):,}",
        figures=figures_table(results, "protocol", "queries"),
        **PARTS,
    )
    path = folder / "README.md"
    with written(path) as temporary:
        temporary.write_text(text, "utf-8")
    return path


def _in_words(stages: Iterable[tuple[int, int]]) -> str:
    return ", then ".join(f"{n:,} steps at {side} px" for n, side in stages)
