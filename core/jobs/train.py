"""`python -m core train`: the embedded CLIP; and, joined here, `train classifier`."""

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
        help="the embedded CLIP, from the data sets (needs requirements-dev.txt)",
        description="The image network starts from ImageNet, the text tower and the network for small pictures from "
        "the model that is there. Packs all training pictures once (2 GB), then trains both towers end to end; last, "
        "what lies above the image network, on what that sees of them (1 GB). A stopped training goes on where it was. "
        "Exports to ONNX. Three hours on two quiet cores.",
    )
    clip.add_argument("-o", "--output", type=Path, help="model folder (default: artifacts/models/vitrine-clip)")
    clip.add_argument("--cache", type=Path, default=ROOT / ".cache" / "clip", help="where pictures and state are kept")
    clip.add_argument("--steps", type=int, help="stop after so many steps, to go on another time")
    rounds = clip.add_mutually_exclusive_group()
    rounds.add_argument(
        "--further", action="store_true", help="one round more of the model that is there, then the last"
    )
    rounds.add_argument(
        "--last-round", action="store_true", help="only the last round, on top of the model that is there: half an hour"
    )
    clip.set_defaults(run=_train_clip)
    classifier.add_train(what)


def _train_clip(options: argparse.Namespace) -> int:
    from core.engine.backbones import get, model_dir
    from core.engine.embedders.weights import register_weights, whole_model_of
    from core.engine.files.folder import written
    from core.training.fit.rounds import finish_clip, train_clip
    from core.training.model.export import export_towers

    former = whole_model_of(get(DEFAULT_BACKBONE))
    folder, workshop = options.output or former, options.cache / "model"
    if options.last_round:
        finish_clip(workshop, former, options.cache)
    elif not train_clip(workshop, former, options.cache, options.steps, further=options.further):
        print("Stopped. The same command goes on.")
        return 0
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
