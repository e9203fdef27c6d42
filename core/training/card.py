"""The model card: what `vitrine-clip` is, written anew by every evaluation so that its figures are never old."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.engine.files.folder import written
from core.engine.files.tables import figures_table

TEXT = Path(__file__).with_name("card.md")


def write_card(folder: Path, results: list[dict[str, Any]]) -> Path:
    """Write `README.md` into the model's folder from evaluation results; returns its path."""
    from core.training.stages.first import Recipe
    from core.training.stages.refine import Refinement

    recipe, refinement = Recipe(), Refinement()
    text = TEXT.read_text("utf-8").format(
        n_views=recipe.n_views,
        epochs=recipe.epochs,
        n_detail=refinement.detail.n_steps,
        detail_batch=refinement.detail.batch_size,
        n_steps=refinement.n_steps,
        batch_size=refinement.batch_size,
        n_fashion_mnist=max(recipe.n_fashion_mnist, refinement.n_fashion_mnist),
        figures=figures_table(results, "protocol", "queries"),
    )
    path = folder / "README.md"
    with written(path) as temporary:
        temporary.write_text(text, "utf-8")
    return path
