"""`python -m core build`: the catalogues that ship, the gallery of a backbone, maps, or a catalogue of one's own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.config import DEFAULT_BACKBONE, own_dir
from core.engine.progress import ProgressBar, show_progress
from core.jobs.backbones import add_backbone


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `build`."""
    parser = commands.add_parser(
        "build",
        help="embed the catalogues and write the indexes",
        description="Needs the clothing archive and its splits in the data folder (VITRINE_DATA_DIR) and "
        "Debian's package dataset-fashion-mnist. Minutes on two cores; a stopped build goes on where it was.",
    )
    parser.add_argument("--catalogue", metavar="NAME", help="build a catalogue of your own instead, from --from")
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="PATH",
        help="its pictures: a folder, a ZIP or a CSV of URLs; for Milvus also Parquet with a column of paths",
    )
    parser.add_argument(
        "--index",
        choices=("files", "milvus"),
        default="files",
        help="where --catalogue goes: a folder of files that is searched in memory (default), or the Milvus that "
        "VITRINE_MILVUS_URI names",
    )
    parser.add_argument(
        "--engine",
        choices=("process", "ray"),
        default="process",
        help="who embeds for --index milvus: this process (default), or workers on Ray",
    )
    parser.add_argument("--address", default="", help="of a Ray cluster, such as HOST:6379 (default: a local one)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="on Ray (default: 2)")
    parser.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE",
        help="with --catalogue: add embeddings that were made elsewhere (.npy, .npz or Parquet) to the catalogue of "
        "that name, which --from may build first; as a backbone they are called own",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where it goes (default: own/ in the data folder)"
    )
    parser.add_argument("--maps", action="store_true", help="make only the maps, of all backbones unless one is named")
    parser.add_argument(
        "--calibration",
        action="store_true",
        help="only fit anew what similarities mean and what reads looks, from the stored embeddings",
    )
    add_backbone(parser)
    parser.set_defaults(run=_build, parser=parser, backbone=None)


def _build(options: argparse.Namespace) -> int:
    from core.jobs.build.catalogues import build
    from core.maps.build import build_maps

    if (options.catalogue is None) != (options.source is None and options.embeddings is None):
        options.parser.error("--catalogue NAME goes with --from PATH, --embeddings FILE, or both")
    if options.index == "milvus" and (options.source is None or options.embeddings or options.output):
        options.parser.error("--index milvus goes with --catalogue NAME and --from PATH alone, and has no --output")
    if options.index != "milvus" and (options.engine == "ray" or options.address):
        options.parser.error("--engine ray and --address go with --index milvus")
    if options.workers < 1:
        options.parser.error("--workers must be at least 1")
    if options.maps and options.catalogue is not None:
        options.parser.error("--maps is for the catalogues that ship, not for --catalogue")
    if options.maps:
        build_maps(options.backbone)
        return 0
    options.backbone = options.backbone or DEFAULT_BACKBONE
    if options.index == "milvus":
        return _build_large(options)
    if options.catalogue is not None:
        return _build_own(options)
    if options.calibration:
        from core.jobs.build.calibrate import recalibrate

        recalibrate(options.backbone)
    elif options.backbone != DEFAULT_BACKBONE:
        return _build_gallery(options.backbone)
    else:
        build(options.backbone)
        build_maps(options.backbone)
    return 0


def _build_gallery(backbone_id: str) -> int:
    from core.compare.build import build_gallery
    from core.compare.gallery import describe_gallery

    for progress in build_gallery(backbone_id):
        show_progress(progress)
    facts = describe_gallery(backbone_id)
    for catalogue, figures in facts["p_at_5"].items():
        print(f"{catalogue}: P@5 {figures['full']:.4f} from full embeddings, {figures['stored']:.4f} as stored")
    print(f"{facts['bytes'] / 1e6:.1f} MB")
    return 0


def _build_own(options: argparse.Namespace) -> int:
    from core.engine.embedders.load import load_embedder
    from core.own.files import backbone_of, bring_own, build_own

    folder, name = options.output or own_dir(), options.catalogue
    if options.source is not None:
        embedder = load_embedder(options.backbone)
        built = build_own(options.source, name, folder, embedder, show_progress)
        for one in built.skipped:
            print(f"skipped: {one.name}: {one.reason}.", file=sys.stderr)
        files = built.files
    else:
        embedder = load_embedder(backbone_of(name, folder))
    if options.embeddings is not None:
        brought, files = bring_own(options.embeddings, name, folder, embedder)
        print(f"{len(brought.rows):,} embeddings of {brought.dim:,} numbers were added.", file=sys.stderr)
    print("\n".join(map(str, files)))
    return 0


def _build_large(options: argparse.Namespace) -> int:
    from core.config import milvus
    from core.engine.embedders.load import load_embedder
    from core.engine.looks.reading import load_looks
    from core.errors import VitrineError
    from core.own.large.build import build_large

    place = milvus()
    if place is None:
        raise VitrineError("engine.milvus-none")
    embedder, looks = load_embedder(options.backbone), load_looks(options.backbone)
    engine = None
    if options.engine == "ray":
        from core.own.large.on_ray import OnRay

        engine = OnRay(options.backbone, options.address, options.workers)
    built = build_large(options.source, options.catalogue, place, embedder, looks, engine, ProgressBar())
    for name, reason in built.skipped:
        print(f"skipped: {name}: {reason}.", file=sys.stderr)
    print(f"{built.n_items:,} pictures can be searched as {options.catalogue}.")
    return 0
