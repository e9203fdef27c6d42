"""`python -m core benchmark`: what a search, a page and the server cost."""

from __future__ import annotations

import argparse
import json

from core.compare.figures.benchmark import PARTS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `benchmark`."""
    parser = commands.add_parser(
        "benchmark",
        help="measure latency, index recall and speed, start-up and memory",
        description="Ratios are of things measured in the same run. The ratio to ViT-B/32 needs "
        "requirements-dev.txt; without it that row is left out.",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.set_defaults(run=_benchmark)


def _benchmark(options: argparse.Namespace) -> int:
    from core.jobs.benchmark.run import benchmark, describe

    results = benchmark(options.only)
    print(json.dumps(results) if options.json else describe(results))
    return 0
