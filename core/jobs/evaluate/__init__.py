"""`python -m core evaluate`: how good a backbone is, and what it costs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from core.compare.figures.evaluation import PROTOCOLS, SCHEMA
from core.engine.files.tables import FORMATS
from core.jobs.backbones import add_backbone


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `evaluate`."""
    parser = commands.add_parser(
        "evaluate",
        help="run the evaluation protocol and write artifacts/evaluation.json",
        description="R@1, P@5, mAP@100, k-NN, linear and zero-shot accuracy with 95 % intervals; then time, memory "
        "and size. A backbone without artifacts is embedded first (kept in .cache/, resumable). "
        "Needs requirements-dev.txt; the product figures need fashion-products.zip in the data folder.",
    )
    add_backbone(parser)
    parser.add_argument(
        "--validation", action="store_true", help="by the parts that models are chosen on; writes nothing"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*PROTOCOLS, "cost"),
        default=PROTOCOLS,
        metavar="PROTOCOL",
        help=f"one or more of {', '.join(PROTOCOLS)}; `cost` alone measures time, memory and size again",
    )
    parser.add_argument(
        "--intervals", action="store_true", help="only the intervals again, from what each query got; embeds nothing"
    )
    parser.add_argument(
        "--catalogue", metavar="NAME", help="instead one of your own, built with `build --catalogue`; writes nothing"
    )
    parser.add_argument(
        "--backbones",
        nargs="+",
        metavar="ID",
        help="with --catalogue: up to four, asked with the same small pictures; own: embeddings that were added to it",
    )
    parser.add_argument(
        "--queries",
        type=Path,
        metavar="PATH",
        help="with --catalogue: ask with these pictures (a folder or ZIP whose folders are labels), not its own",
    )
    parser.add_argument(
        "--by-class",
        action="store_true",
        help="only the figures of each class and what it is taken for, from what is stored; embeds and writes nothing",
    )
    parser.add_argument(
        "--format", choices=FORMATS, help="with --catalogue or --by-class: print the tables in this form"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.set_defaults(run=_evaluate, parser=parser)


def _evaluate(options: argparse.Namespace) -> int:
    from core.jobs.evaluate.protocols import evaluate, renew_intervals

    if options.catalogue:
        from core.jobs.evaluate.own import evaluate_own

        return evaluate_own(options)
    if options.backbones or options.queries or (options.format and not options.by_class):
        options.parser.error("--backbones and --queries go with --catalogue, --format with --catalogue or --by-class")
    if options.by_class:
        from core.jobs.evaluate.classes import evaluate_classes

        return evaluate_classes(options)
    report = (lambda line: None) if options.json else print
    if options.intervals:
        results = renew_intervals(options.backbone, report)
    else:
        results = evaluate(options.backbone, report, "validation" if options.validation else "test", options.only)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "results": results}))
    return 0
