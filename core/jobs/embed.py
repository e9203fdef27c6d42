"""`python -m core embed`: files, folders, ZIP archives or lines of text -> one .npz of embeddings."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from core.engine.progress import shown_progress
from core.errors import DataError, ImageError
from core.jobs.backbones import add_backbone
from core.own.ingest.incoming import Skipped, UploadError
from core.own.ingest.zip_source import ArchiveLimits, ZipSource

if TYPE_CHECKING:
    import numpy as np

    from core.engine.embedders.base import Embedder

#: On one's own machine the machine is the limit.
LIMITS = ArchiveLimits(archive_bytes=10**12, entries=10**6, unpacked_bytes=10**12, ratio=10**6)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `embed`."""
    parser = commands.add_parser("embed", help="turn pictures or lines of text into embeddings")
    parser.add_argument("paths", type=Path, nargs="*", metavar="PATH", help="picture files, folders or ZIP archives")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="a text file instead: one line, one embedding")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.npz", help="where the result goes")
    add_backbone(parser)
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    parser.set_defaults(run=_embed, parser=parser)


def _embed(options: argparse.Namespace) -> int:
    from core.engine.embedders.load import load_embedder

    if bool(options.paths) == bool(options.texts):
        options.parser.error("give either PATHs or --texts FILE")
    embedder = load_embedder(options.backbone)
    result = embed_lines(embedder, options.texts) if options.texts else embed_paths(embedder, options.paths)
    for reason in result.skipped:
        print(f"skipped: {reason}", file=sys.stderr)
    write_npz(result, options.output)
    print(f"{len(result.ids)} embedded, {len(result.skipped)} skipped.", file=sys.stderr)
    if options.json:
        done = {"output": str(options.output), "backbone": options.backbone, "dim": embedder.record.dim}
        print(json.dumps(done | {"n_embedded": len(result.ids), "skipped": result.skipped}))
    return 0 if result.ids else 1


@dataclass(frozen=True)
class Embedded:
    """What was embedded, and what was not.

    Attributes:
        ids: File names (of an archive's member: archive/member, a long one as `shown` shortens it), sorted; or the
            lines of text, in their order.
        embeddings: (n, dim) float32, rows L2-normalised, in the order of `ids`.
        skipped: One sentence for each file that was left out.
    """

    ids: list[str]
    embeddings: np.ndarray
    skipped: list[str]


def embed_lines(embedder: Embedder, file: Path) -> Embedded:
    """Embed each line of a UTF-8 text file; empty lines are left out.

    Raises:
        DataError: The file is missing or not UTF-8.
        VitrineError: The backbone has no text tower.
    """
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("jobs.no-utf-8", file=file, reason=error) from error
    return Embedded(lines, embedder.embed_texts(lines), [])


def embed_paths(embedder: Embedder, paths: Sequence[Path]) -> Embedded:
    """Embed picture files, folders (with all that is below) and ZIP archives; shows progress on a terminal."""
    import numpy as np

    from core.engine.images.decode import open_image

    rows: list[tuple[str, np.ndarray]] = []
    skipped: list[str] = []
    with ExitStack() as opened:
        sources = [(path, _source(path, opened, skipped)) for path in paths]
        done = opened.enter_context(shown_progress(sum(len(source) for _, source in sources)))
        for path, source in sources:
            for one in source:
                name = str(one) if isinstance(one, Path) else f"{path}/{one.name}"
                try:
                    if isinstance(one, Skipped):
                        raise ImageError(name, one.reason)
                    image = open_image(one if isinstance(one, Path) else one.data, name)
                    rows.append((name, embedder.embed_images([image])[0]))
                except ImageError as error:
                    skipped.append(str(error))
                done(1)
    rows.sort(key=itemgetter(0))
    embeddings = np.stack([row for _, row in rows]) if rows else np.empty((0, embedder.record.dim), np.float32)
    return Embedded([name for name, _ in rows], embeddings, sorted(skipped))


def _source(path: Path, opened: ExitStack, skipped: list[str]) -> Sequence[Path] | ZipSource:
    """The files that a path stands for, or what is in the archive that it is."""
    if path.is_dir():
        return [file for file in path.rglob("*") if file.is_file()]
    if path.suffix.lower() != ".zip":
        return [path]
    try:
        return ZipSource(opened.enter_context(path.open("rb")), LIMITS)
    except (OSError, UploadError) as error:
        skipped.append(f"{path}: it is not a readable ZIP archive ({str(error).rstrip('.')}).")
        return []


def write_npz(result: Embedded, output: Path) -> None:
    """Write `ids`, `embeddings` and `skipped`; nothing in it needs pickle.

    Raises:
        DataError: The place cannot be written to.
    """
    import numpy as np

    from core.engine.files.folder import written

    ids, skipped = (np.array(names, dtype=str) for names in (result.ids, result.skipped))
    try:
        with written(output) as temporary, temporary.open("wb") as file:
            np.savez(file, ids=ids, embeddings=result.embeddings, skipped=skipped)
    except OSError as error:
        raise DataError("jobs.unwritable", file=output, reason=error.strerror or error) from error
