"""The command line: `python -m core COMMAND`; every command has `--help`.

Errors that a user can understand end with one sentence on stderr and exit code 2.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.classifier import commands as classifier
from core.compare.figures.benchmark import PARTS
from core.config import DEFAULT_BACKBONE, DEFAULT_K, MAX_K, MAX_LESS_ITEMS, ROOT
from core.engine.catalogues import CATALOGUES
from core.engine.progress import Progress
from core.errors import VitrineError

if TYPE_CHECKING:
    from core.engine.search.engine import SearchEngine

NOTHING_EMBEDDED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except VitrineError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Visual similarity search over fashion.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_search(commands)
    _add_embed(commands)
    _add_backbones(commands)
    _add_compare(commands)
    _add_build(commands)
    _add_verify(commands)
    _add_evaluate(commands)
    _add_benchmark(commands)
    _add_train(commands)
    classifier.add_organise(commands)
    classifier.add_classify(commands)
    _add_download(commands)
    return parser


def _add_backbone(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backbone",
        default=DEFAULT_BACKBONE,
        metavar="ID",
        help=f"as `backbones` lists them (default: {DEFAULT_BACKBONE})",
    )


def _add_search(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("search", help="find the items closest to a photo or to words")
    parser.add_argument("image", type=Path, nargs="?", help="a photo (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF)")
    parser.add_argument("--text", help="words instead of a photo, such as 'red dress'")
    parser.add_argument("--but", default="", metavar="WORDS", help="the same with words added, such as blue")
    parser.add_argument("--less", default="", metavar="WORDS", help="the same with words taken away")
    parser.add_argument(
        "--less-item", action="append", default=[], metavar="ID", help="less like this item; can be given 5 times"
    )
    parser.add_argument("--weight", type=float, metavar="SHARE", help="share of these words, 0 to 1 (default: fitted)")
    parser.add_argument("--k", type=int, default=DEFAULT_K, help=f"number of hits (default: {DEFAULT_K})")
    _add_backbone(parser)
    parser.add_argument(
        "--catalogue",
        metavar="NAME",
        default="all",
        help=f"where to look: all, {', '.join(CATALOGUES)}, or one built with `build --catalogue` (default: all)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_search, parser=parser)


def _search(options: argparse.Namespace) -> int:
    from core.compare.gallery import engine_for
    from core.engine.search.answers import as_json, notices
    from core.engine.search.engine import Filters, SearchEngine
    from core.engine.search.query import Wording
    from core.own.items import OWN

    if (options.image is None) == (options.text is None):
        options.parser.error("give either an IMAGE or --text")
    if not 1 <= options.k <= MAX_K:
        options.parser.error(f"--k must be between 1 and {MAX_K}")
    if options.weight is not None and not 0 <= options.weight <= 1:
        options.parser.error("--weight must be between 0 and 1")
    if len(options.less_item) > MAX_LESS_ITEMS:
        options.parser.error(f"--less-item can be given {MAX_LESS_ITEMS} times")
    wording = Wording(options.but, options.less, options.weight, tuple(options.less_item))
    engine = SearchEngine() if options.backbone == DEFAULT_BACKBONE else engine_for(options.backbone)
    filters = Filters()
    if options.catalogue in CATALOGUES:
        filters = Filters((options.catalogue,))
    elif options.catalogue != "all":
        engine, filters = _with_own(engine, options.catalogue), Filters((OWN,))
    engine.warm_up(filters.catalogues)  # so that the timings are those of a search, not of loading
    if options.text is not None:
        query, result = options.text, engine.search_texts(options.text, options.k, filters, wording)
    else:
        query, result = str(options.image), engine.search_image(options.image, options.k, filters, wording=wording)
    for notice in engine.notices() + notices(result):
        print(notice, file=sys.stderr)
    if options.json:
        print(json.dumps(as_json(options.backbone, query, result)))
        return 0
    for hit in result.hits:
        # What a similarity to a mix of picture and words means is not known, nor what it means in some catalogues.
        unknown = math.isnan(hit.closer_than)
        meaning = "" if unknown else f"closer than {100 * hit.closer_than:.1f} % of random pairs"
        print(f"{hit.rank:3}  {hit.similarity:.3f}  {hit.title:20} {hit.id:48} {meaning}")
    print("  ".join(f"{stage} {ms:.1f} ms" for stage, ms in result.timings_ms.items()))
    return 0


def _with_own(engine: SearchEngine, name: str) -> SearchEngine:
    """The engine, joined by a catalogue of one's own from the data folder."""
    from core.config import own_dir
    from core.own.files import open_own
    from core.own.search import OwnSearch

    return OwnSearch(engine, open_own(name, own_dir(), engine.embedder))


def _add_embed(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("embed", help="turn pictures or lines of text into embeddings")
    parser.add_argument("paths", type=Path, nargs="*", metavar="PATH", help="picture files, folders or ZIP archives")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="a text file instead: one line, one embedding")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.npz", help="where the result goes")
    _add_backbone(parser)
    parser.set_defaults(run=_embed, parser=parser)


def _embed(options: argparse.Namespace) -> int:
    from core.engine.embedders.load import load_embedder
    from core.jobs.embed import embed_lines, embed_paths, write_npz

    if bool(options.paths) == bool(options.texts):
        options.parser.error("give either PATHs or --texts FILE")
    embedder = load_embedder(options.backbone)
    result = embed_lines(embedder, options.texts) if options.texts else embed_paths(embedder, options.paths)
    for reason in result.skipped:
        print(f"skipped: {reason}", file=sys.stderr)
    write_npz(result, options.output)
    print(f"{len(result.ids)} embedded, {len(result.skipped)} skipped.", file=sys.stderr)
    return 0 if result.ids else NOTHING_EMBEDDED


def _add_backbones(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "backbones",
        help="list what can embed a picture, and what of it is here",
        description="Beside these, any model of timm or open_clip can be named: timm:convnext_tiny.fb_in22k, "
        "open_clip:ViT-B-16/laion2b_s34b_b88k.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_backbones)


def _backbones(options: argparse.Namespace) -> int:
    from core.jobs.backbones import describe, list_backbones

    rows = list_backbones()
    print(json.dumps(rows, indent=1) if options.json else describe(rows))
    return 0


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "compare",
        help="one query to several backbones, or the items on which they disagree most",
        description="With a photo or --item: what each backbone finds, and how far they agree. With neither: the "
        "items of a seeded sample whose neighbours differ most.",
    )
    parser.add_argument("image", type=Path, nargs="?", help="a photo")
    parser.add_argument("--item", metavar="ID", default="", help="an item of a catalogue instead of a photo")
    parser.add_argument(
        "--backbones", nargs="+", required=True, metavar="ID", help="at least two, as `backbones` lists"
    )
    parser.add_argument("--k", type=int, default=DEFAULT_K, help=f"hits that count (default: {DEFAULT_K})")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_compare, parser=parser)


def _compare(options: argparse.Namespace) -> int:
    from core.compare.commands import compared, describe, disputed

    if options.image is not None and options.item:
        options.parser.error("give either an IMAGE or --item")
    if not 1 <= options.k <= MAX_K or len(set(options.backbones)) < 2:
        options.parser.error(f"--k must be between 1 and {MAX_K}, --backbones at least two")
    if options.image is None and not options.item:
        result = disputed(options.backbones, options.k, options.seed)
    else:
        result = compared(options.backbones, options.image or options.item, options.k)
    print(json.dumps(result) if options.json else describe(result))
    return 0


def _add_build(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "build",
        help="embed the catalogues and write the indexes",
        description="Needs the clothing archive and its splits in the data folder (VITRINE_DATA_DIR) and "
        "Debian's package dataset-fashion-mnist. Minutes on two cores; a stopped build goes on where it was.",
    )
    parser.add_argument("--catalogue", metavar="NAME", help="build a catalogue of your own instead, from --from")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="PATH", help="its pictures: a folder, a ZIP or a CSV of URLs"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where it goes (default: own/ in the data folder)"
    )
    parser.add_argument("--maps", action="store_true", help="make only the maps, of all backbones unless one is named")
    parser.add_argument(
        "--calibration", action="store_true", help="only fit anew what similarities mean, from the stored embeddings"
    )
    _add_backbone(parser)
    parser.set_defaults(run=_build, parser=parser, backbone=None)


def _build(options: argparse.Namespace) -> int:
    from core.jobs.build.catalogues import build
    from core.maps.build import build_maps

    if (options.catalogue is None) != (options.source is None):
        options.parser.error("--catalogue NAME and --from PATH go together")
    if options.maps and options.source is not None:
        options.parser.error("--maps is for the catalogues that ship, not for --from")
    if options.maps:
        build_maps(options.backbone)
        return 0
    options.backbone = options.backbone or DEFAULT_BACKBONE
    if options.source is not None:
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
        _show_progress(progress)
    facts = describe_gallery(backbone_id)
    for catalogue, figures in facts["p_at_5"].items():
        print(f"{catalogue}: P@5 {figures['full']:.4f} from full embeddings, {figures['stored']:.4f} as stored")
    print(f"{facts['bytes'] / 1e6:.1f} MB")
    return 0


def _show_progress(progress: Progress) -> None:
    from core.own.build import progress_line

    end = "\n" if progress.finished else "\r"
    if progress.finished or sys.stderr.isatty():
        print(f"{progress_line(progress):60}", end=end, file=sys.stderr, flush=True)


def _build_own(options: argparse.Namespace) -> int:
    from core.config import own_dir
    from core.engine.embedders.load import load_embedder
    from core.own.build import build_own

    folder = options.output or own_dir()
    built = build_own(options.source, options.catalogue, folder, load_embedder(options.backbone), _show_progress)
    for one in built.skipped:
        print(f"skipped: {one.name}: {one.reason}.", file=sys.stderr)
    print("\n".join(map(str, built.files)))
    return 0


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("verify", help="check that every artifact is as the manifest says")
    parser.set_defaults(run=_verify)


def _verify(_: argparse.Namespace) -> int:
    from core.engine.files.manifest import REPAIR, verify_all

    results = verify_all()
    wrong = [(name, problem) for name, problem in results if problem]
    for name, problem in wrong:
        print(f"artifacts/{name} {problem}.")
    if wrong:
        print(f"{len(wrong)} of {len(results)} files are not right. To repair them, run: {REPAIR}")
        return 1
    print(f"All {len(results)} files are as the manifest says.")
    return 0


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="run the evaluation protocol and write artifacts/evaluation.json",
        description="R@1, P@5, mAP@100, k-NN, linear and zero-shot accuracy with 95 % intervals; then time, memory "
        "and size. A backbone without artifacts is embedded first (kept in .cache/, resumable). "
        "Needs requirements-dev.txt; the product figures need fashion-products.zip in the data folder.",
    )
    _add_backbone(parser)
    parser.add_argument(
        "--validation", action="store_true", help="by the parts that models are chosen on; writes nothing"
    )
    from core.compare.figures.evaluation import PROTOCOLS

    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*PROTOCOLS, "cost"),
        default=PROTOCOLS,
        metavar="PROTOCOL",
        help=f"one or more of {', '.join(PROTOCOLS)}; `cost` alone measures time, memory and size again",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from core.compare.figures.evaluation import SCHEMA
    from core.jobs.evaluate.protocols import evaluate

    part = "validation" if options.validation else "test"
    results = evaluate(options.backbone, (lambda line: None) if options.json else print, part, options.only)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "results": results}))
    return 0


def _add_benchmark(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "benchmark",
        help="measure latency, index recall and speed, start-up and memory",
        description="Ratios are of things measured in the same run. The ratio to ViT-B/32 needs "
        "requirements-dev.txt; without it that row is left out.",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--placement", action="store_true", help="compare ways to place a query on a map instead")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.set_defaults(run=_benchmark)


def _benchmark(options: argparse.Namespace) -> int:
    from core.jobs.benchmark.run import benchmark, describe
    from core.maps.placement import compare_placements

    if options.placement:
        compare_placements()
        return 0
    results = benchmark(options.only)
    print(json.dumps(results) if options.json else describe(results))
    return 0


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    from core.training.stages.first import Recipe, train_clip
    from core.training.stages.refine import Refinement, refine_clip

    chosen = {"epochs": options.epochs, "n_views": options.views}
    recipe = Recipe(**{name: value for name, value in chosen.items() if value is not None})
    folder, workshop = options.output or model_dir(DEFAULT_BACKBONE), options.cache / "model"
    train_clip(options.cache / "first", options.cache, recipe)
    refine_clip(options.cache / "first", workshop, options.cache / "pooled", Refinement())
    export_towers(workshop)
    files = [folder / file.name for file in sorted(workshop.glob("[!.]*"))]
    for file in files:  # what is served stays whole until the new model is
        with written(file) as temporary:
            temporary.write_bytes((workshop / file.name).read_bytes())
    if folder == model_dir(DEFAULT_BACKBONE):
        register_weights(get(DEFAULT_BACKBONE), files)
    print(f"The model is in {folder}. Next: python -m core build, python -m core evaluate")
    return 0


def _add_download(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("download", help="fetch a data set into the data folder")
    what = parser.add_subparsers(required=True, metavar="WHAT")
    clothing = what.add_parser(
        "clothing",
        help="the clothing dataset, so that its pictures are served from here",
        description="About 150 MB with a progress bar; a broken download goes on where it stopped.",
    )
    clothing.add_argument(
        "--from", dest="local", type=Path, metavar="ARCHIVE", help="take this local archive instead of the network"
    )
    clothing.set_defaults(run=_download_clothing)


def _download_clothing(options: argparse.Namespace) -> int:
    from core.config import data_dir
    from core.jobs.download import console_progress, download_clothing

    with console_progress() as progress:
        archive = download_clothing(data_dir(), options.local, progress)
    print(f"The clothing dataset is in {archive}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
