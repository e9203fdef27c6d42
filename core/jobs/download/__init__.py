"""`python -m core download`: data sets, fetched into the data folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.config import data_dir


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `download`."""
    parser = commands.add_parser("download", help="fetch a data set into the data folder")
    what = parser.add_subparsers(required=True, metavar="WHAT")
    clothing = what.add_parser(
        "clothing",
        help="the clothing dataset, so that its pictures are served from here",
        description="About 150 MB; a broken download goes on where it stopped.",
    )
    clothing.add_argument(
        "--from", dest="local", type=Path, metavar="ARCHIVE", help="take this local archive instead of the network"
    )
    clothing.set_defaults(run=_download)


def _download(options: argparse.Namespace) -> int:
    from core.jobs.download.clothing import console_progress, download_clothing

    with console_progress() as progress:
        archive = download_clothing(data_dir(), options.local, progress)
    print(f"The clothing dataset is in {archive}.")
    return 0
