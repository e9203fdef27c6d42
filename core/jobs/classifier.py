"""`python -m core organise`, `train classifier` and `classify`: their options, and what they print."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.progress import show_progress
from core.jobs.backbones import add_backbone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.classifier.data.examples import Examples
    from core.classifier.data.organise import Report
    from core.classifier.evaluate import Evaluation
    from core.classifier.model.predict import Predictor
    from core.classifier.training.options import Epoch, Options
    from core.classifier.training.trainer import Trainer
    from core.engine.embedders.base import Embedder
    from core.own.ingest.incoming import Skipped

Commands = argparse._SubParsersAction

_SHOWN = 20
_PARTS_OF_IT = "a folder a class, the same in train, validation and test, or pictures with images.csv"


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add `organise` and `classify`."""
    _add_organise(commands)
    _add_classify(commands)


def _add_organise(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "organise",
        help="check labelled pictures and split them",
        description="Reports missing and unreadable files, rare classes and duplicates between parts; splits by "
        "class and sender, the same for the same seed.",
    )
    _add_data(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="copy the pictures there as PART/CLASS/FILE (with --from)"
    )
    parser.set_defaults(run=_organise, parser=parser)


def add_train(what: Commands[argparse.ArgumentParser]) -> None:
    """Add `train classifier`."""
    parser = what.add_parser(
        "classifier",
        help="sort pictures into classes of one's own",
        description="A linear layer on frozen embeddings, in seconds. Ctrl-C ends training and keeps the best so "
        "far. The test part is used once, at the end.",
    )
    _add_data(parser)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--mlp", action="store_const", const="mlp", dest="kind", help="one hidden layer more")
    kind.add_argument(
        "--finetune", action="store_const", const="finetune", dest="kind",
        help="train the backbone's last blocks too (minutes; needs requirements-dev.txt)",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, help="at most so many passes (default: 60, finetune: 12)")
    parser.add_argument("--augment", action="store_true", help="see training pictures mirrored, cropped, tilted too")
    parser.add_argument("--no-class-weights", action="store_true", help="frequent classes count for more")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="save the classifier there")
    parser.add_argument("--onnx", type=Path, metavar="FILE", help="write backbone and classifier as one ONNX file")
    parser.set_defaults(run=_train, parser=parser)


def _add_classify(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "classify",
        help="sort pictures with a trained classifier",
        description="Of pictures in folders that are named after classes it also says how many are right.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="the folder that `train classifier -o` wrote")
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="picture files, folders or ZIP archives")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, one object a picture")
    form.add_argument("--csv", action="store_true", help="print a table with the probability of every class")
    parser.set_defaults(run=_classify, parser=parser)


def _add_data(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--from", dest="source", type=Path, metavar="PATH", help=f"a folder or ZIP: {_PARTS_OF_IT}")
    where.add_argument(
        "--catalogue", metavar="ID", help="a built one: clothing-small (ten classes), clothing, fashion-mnist"
    )
    parser.add_argument(
        "--labels", type=Path, metavar="CSV", help="file names and labels, and a sender or group where there is one"
    )
    add_backbone(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")


def _load(options: argparse.Namespace, embedder: Embedder) -> tuple[Examples, Report]:
    """Read and organise what the options name."""
    from core.classifier.data import datasets, examples
    from core.classifier.data.organise import organise
    from core.classifier.data.sources import GROUP, PART, from_path
    from core.own.catalogue import OwnCatalogue
    from core.own.files import OWN_MACHINE

    if options.source is None:
        if options.labels:
            options.parser.error("--labels goes with --from")
        return organise(datasets.load(datasets.get(options.catalogue), embedder), options.seed)
    catalogue = OwnCatalogue(embedder, quota=OWN_MACHINE)
    with from_path(options.source, options.labels) as source:
        for progress in catalogue.add(source):
            show_progress(progress)
    return organise(examples.from_own(catalogue, GROUP, PART), options.seed, catalogue.skipped)


def _organise(options: argparse.Namespace) -> int:
    from core.classifier import as_json
    from core.classifier.data.sources import from_path
    from core.classifier.data.write_out import check_place, write_folders
    from core.engine.embedders.load import load_embedder

    if options.output and options.source is None:
        options.parser.error("-o goes with --from: a built catalogue's pictures are not copied")
    if options.output:
        check_place(options.output)
    examples, report = _load(options, load_embedder(options.backbone))
    if not options.json:
        _print_report(report)
    n = 0
    if options.output:
        with from_path(options.source, options.labels) as source:
            n = write_folders(source, examples, options.output)
        if not options.json:
            print(f"{n:,} pictures were copied to {options.output}.")
    if options.json:
        print(json.dumps({"report": as_json.report(report), "n_copied": n}))
    return 0


def _print_report(report: Report) -> None:
    width = max(map(len, report.classes))
    print(f"{'class':{width}}  {'train':>7} {'valid.':>7} {'test':>7}")
    for name, counts in zip(report.classes, report.counts.tolist(), strict=True):
        print(f"{name:{width}}  " + " ".join(f"{n:7,}" for n in counts))
    print(f"{'':{width}}  " + " ".join(f"{n:7,}" for n in report.counts.sum(axis=0).tolist()))
    if report.n_groups:
        print(f"{report.n_groups:,} groups, each within one part.")
    _print_problems("missing", report.missing)
    _print_problems("left out", report.unreadable)
    for name, n in report.left_out:
        print(f"left out: the class {name} has {n} pictures, too few to learn and to test.")
    for name, n in report.rare:
        print(f"rare: the class {name} has {n} pictures.")
    for name, part in report.absent:
        print(f"uneven: the class {name} has no picture in {part}.")
    for first, second in report.conflicts:
        print(f"conflict: {first} and {second} are one file under two labels.")
    if report.across is None:
        print("Duplicates were not looked for: there are too many pictures.")
    for pair in (report.across or [])[:_SHOWN]:
        (a, b), (part_a, part_b) = pair.names, pair.parts
        print(f"duplicate ({pair.similarity:.4f}): {a} in {part_a}, {b} in {part_b}.")
    if report.across is not None:
        print(f"{len(report.across):,} duplicates between parts.")


def _print_problems(kind: str, problems: Sequence[Skipped]) -> None:
    for one in problems[:_SHOWN]:
        print(f"{kind}: {one.name}: {one.reason}.")
    if len(problems) > _SHOWN:
        print(f"{kind}: and {len(problems) - _SHOWN:,} more.")


def _options(options: argparse.Namespace) -> Options:
    from core.classifier.training.options import MAX_EPOCHS, Options, usual

    chosen = usual(options.kind or Options.kind)
    epochs = chosen.epochs if options.epochs is None else options.epochs
    if not 1 <= epochs <= MAX_EPOCHS:
        options.parser.error(f"--epochs must be between 1 and {MAX_EPOCHS}")
    weights = not options.no_class_weights
    return replace(chosen, epochs=epochs, class_weights=weights, augment=options.augment, seed=options.seed)


def _train(options: argparse.Namespace) -> int:
    from core.classifier import as_json, run
    from core.classifier.data import datasets
    from core.classifier.model import files
    from core.engine.embedders.load import load_embedder
    from core.engine.files.folder import check_place

    if options.output:
        check_place(options.output, files.FACTS, "classifier")
    chosen = _options(options)
    embedder = load_embedder(options.backbone)
    examples, report = _load(options, embedder)
    if not options.json:
        _print_report(report)
    trainer = run.make_trainer(examples, chosen, embedder)
    stopped = _run(trainer)
    dataset = datasets.DATASETS.get(options.catalogue or "")
    data = dataset.id if dataset else options.source.name
    classifier, evaluation = run.finish(trainer, embedder, data, datasets.words(dataset) if dataset else None, stopped)
    if not options.json:
        _print_evaluation(evaluation, dataset.published if dataset else None)
    _save(classifier, options)
    if options.json:
        figures = as_json.evaluation(evaluation)
        print(json.dumps({"report": as_json.report(report), "stopped": stopped, **figures}))
    return 0


def _run(trainer: Trainer) -> bool:
    """Train, with a line an epoch; returns whether it was stopped by hand with something to keep."""
    for progress in trainer.prepare():
        show_progress(progress)
    try:
        for epoch in trainer.epochs():
            print(_epoch_line(epoch), file=sys.stderr)
    except KeyboardInterrupt:
        if trainer.best is None:
            raise
        number = trainer.best.number
        print(f"Stopped. Epoch {number} had the lowest {_deciding(trainer.best)} and is kept.", file=sys.stderr)
        return True
    return False


def _deciding(epoch: Epoch) -> str:
    """What the epoch that is kept is best in."""
    return "training loss" if math.isnan(epoch.validation_loss) else "validation loss"


def _epoch_line(epoch: Epoch) -> str:
    kept = f"  lowest {_deciding(epoch)}" if epoch.best else ""
    return (
        f"epoch {epoch.number:3}/{epoch.n_epochs}  loss {epoch.train_loss:.4f}, validation "
        f"{epoch.validation_loss:.4f}  accuracy {epoch.train_accuracy:.3f}, validation "
        f"{epoch.validation_accuracy:.3f}  {epoch.seconds_left:.0f} s left{kept}"
    )


def _print_evaluation(evaluation: Evaluation, published: Any = None, where: str = "on the test part") -> None:
    print(f"{where:18} {'accuracy':>8}  95 % interval     {'macro F1':>8}  95 % interval")
    for figures in evaluation.figures:
        cells = (
            f"{value.value:8.4f}  {value.low:.4f} to {value.high:.4f}" for value in (figures.accuracy, figures.macro_f1)
        )
        print(f"{figures.name:18} {'  '.join(cells)}  n={figures.accuracy.n:,}")
    if published is not None:
        print(f"{'published':18} {published.accuracy:8.4f}  {published.who}")
    width = max(map(len, evaluation.classes))
    print(f"\n{'class':{width}} precision  recall      F1  pictures")
    for one in evaluation.per_class:
        print(f"{one.name:{width}} {one.precision:9.3f} {one.recall:7.3f} {one.f1:7.3f} {one.n:9,}")


def _save(classifier: Any, options: argparse.Namespace) -> None:
    from core.classifier.model import export, files
    from core.engine.files.folder import written

    out = sys.stderr if options.json else sys.stdout
    if options.output:
        files.save(classifier, options.output)
        print(f"The classifier is in {options.output}. Next: python -m core classify {options.output} PHOTO", file=out)
    if options.onnx:
        content = export.whole_onnx(classifier)
        with written(options.onnx) as temporary:
            temporary.write_bytes(content)
        print(f"Backbone and classifier are in {options.onnx}.", file=out)


def _classify(options: argparse.Namespace) -> int:
    from core.classifier.model import files
    from core.classifier.model.predict import Predictor, embedder_of, evaluation_of, predictions_csv, read_paths

    classifier = files.load(options.model)
    predictor = Predictor(classifier, embedder_of(classifier))
    for progress in predictor.add(read_paths(options.paths)):
        if sys.stderr.isatty():
            show_progress(progress)
    for one in predictor.skipped:
        print(f"skipped: {one.name}: {one.reason}.", file=sys.stderr)
    if options.csv:
        print(predictions_csv(predictor.predictions, classifier.labels), end="")
    else:
        _print_predictions(predictor, classifier.labels, options.json)
    evaluation = evaluation_of(predictor.predictions, classifier.labels)
    if evaluation is not None and not (options.csv or options.json):
        print()
        _print_evaluation(evaluation, where="where known")
    return 0 if predictor.predictions else 1


def _print_predictions(predictor: Predictor, labels: Sequence[str], as_json: bool) -> None:
    for one in predictor.predictions:
        if not as_json:
            print(f"{one.probability:.3f}  {one.label:24} {one.name}")
            continue
        shares = {label: round(float(p), 6) for label, p in zip(labels, one.probabilities, strict=True)}
        answer: Mapping[str, object] = {"name": one.name, "label": one.label, "probabilities": shares}
        answer = {**answer, "truth": one.truth} if one.truth else answer
        print(json.dumps(answer, ensure_ascii=False))
