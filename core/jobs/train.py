"""`python -m core train`: the embedded CLIP, in three stages; and, joined here, `train classifier`."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.config import DEFAULT_BACKBONE, ROOT
from core.jobs import classifier


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `train`."""
    parser = commands.add_parser("train", help="train a model")
    what = parser.add_subparsers(required=True, metavar="WHAT")
    clip = what.add_parser(
        "clip",
        help="the embedded CLIP, from the three data sets (needs requirements-dev.txt)",
        description="Starts from ImageNet weights, caches mid-level features (2 GB, resumable), trains the last "
        "blocks and the text tower; caches pooled features of all stages (2 GB), trains the network for small "
        "pictures, then projections and text tower; exports to ONNX. Two hours on two cores.",
    )
    clip.add_argument("-o", "--output", type=Path, help="model folder (default: artifacts/models/vitrine-clip)")
    clip.add_argument("--cache", type=Path, default=ROOT / ".cache" / "clip", help="where features are kept")
    clip.add_argument("--epochs", type=float, help="passes over the views")
    clip.add_argument("--views", type=int, help="how many views of the pictures the first stage uses")
    clip.set_defaults(run=_train_clip)
    classifier.add_train(what)


def _train_clip(options: argparse.Namespace) -> int:
    from core.engine.backbones import get, model_dir
    from core.engine.embedders.weights import register_weights
    from core.engine.files.folder import written
    from core.training.model.export import export_towers
    from core.training.stages.first import Recipe, train_first_stage
    from core.training.stages.refine import Refinement, refine_clip

    chosen = {"epochs": options.epochs, "n_views": options.views}
    recipe = Recipe(**{name: value for name, value in chosen.items() if value is not None})
    folder, workshop = options.output or model_dir(DEFAULT_BACKBONE), options.cache / "model"
    train_first_stage(options.cache / "first", options.cache, recipe)
    refine_clip(options.cache / "first", workshop, options.cache / "pooled", Refinement())
    export_towers(workshop)
    files = [folder / file.name for file in sorted(workshop.glob("[!.]*"))]
    for file in files:  # what is served stays whole until the new model is
        with written(file) as temporary:
            temporary.write_bytes((workshop / file.name).read_bytes())
    if folder == model_dir(DEFAULT_BACKBONE):
        register_weights(get(DEFAULT_BACKBONE), files)
    print(f"The model is in {folder}. Next: python -m core build, python -m core evaluate")
    print("By the parts that models are chosen on: python -m core evaluate --validation")
    return 0
