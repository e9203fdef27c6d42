"""`python -m core backbones`: what can embed a picture, and what of it is here; and what several commands ask."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import Any

from core.config import DEFAULT_BACKBONE

#: Of the record, in the order of the output.
_FIELDS = ("id", "title", "architecture", "n_parameters", "input_size", "dim", "licence", "source", "trained_on")


def add_backbone(parser: argparse.ArgumentParser) -> None:
    """Add `--backbone`, for the commands that need one."""
    parser.add_argument(
        "--backbone",
        default=DEFAULT_BACKBONE,
        metavar="ID",
        help=f"as `backbones` lists them (default: {DEFAULT_BACKBONE})",
    )


def add_region(parser: argparse.ArgumentParser) -> None:
    """Add `--region`, for the commands that take a photo."""
    parser.add_argument(
        "--region",
        metavar="L,T,R,B",
        help="search with a part of the photo: its left, upper, right and lower side, from 0 to 1, such as "
        "0.25,0.1,0.75,0.9",
    )


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `backbones`."""
    parser = commands.add_parser(
        "backbones",
        help="list what can embed a picture, and what of it is here",
        description="Beside these, any model of timm or open_clip can be named: timm:convnext_tiny.fb_in22k, "
        "open_clip:ViT-B-16/laion2b_s34b_b88k.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_backbones)


def _backbones(options: argparse.Namespace) -> int:
    rows = list_backbones()
    print(json.dumps(rows, indent=1) if options.json else describe(rows))
    return 0


def list_backbones() -> list[dict[str, Any]]:
    """One row a backbone: the fields of its record, `weights_here`, `gallery_here`, and what is `missing` ("")."""
    from core.compare.gallery import has_gallery
    from core.engine.backbones import BACKBONES
    from core.engine.embedders.load import missing

    rows = []
    for record in BACKBONES.values():
        lacks = missing(record)
        row = {name: getattr(record, name) for name in _FIELDS}
        rows.append(
            row | {"weights_here": not lacks, "gallery_here": has_gallery(record.id), "missing": str(lacks or "")}
        )
    return rows


def describe(rows: Iterable[dict[str, Any]]) -> str:
    """The rows as a table for a terminal."""
    lines = [
        f"{'id':24}{'parameters':>12}{'input':>7}{'dim':>6}  {'weights':9}{'gallery':9}licence, architecture, source"
    ]
    for row in rows:
        here = [("here" if row[key] else "no").ljust(9) for key in ("weights_here", "gallery_here")]
        figures = f"{row['n_parameters']:12,}{row['input_size']:7}{row['dim']:6}"
        words = "; ".join(row[key] for key in ("licence", "title", "architecture", "source"))
        lines.append(f"{row['id']:24}{figures}  {''.join(here)}{words}")
    return "\n".join(lines)
