"""Organised pictures as folders: PART/CLASS/FILE, copied as they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from core.classifier.data.examples import Examples
from core.engine.files.folder import written_folder
from core.errors import DataError
from core.own.ingest.incoming import Incoming, Skipped, unique_names

_MAX_STEM = 80
#: Names that Windows keeps for devices.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_name(text: str) -> str:
    """A name for one file or folder on any system, whatever the text was: never empty, hidden, or a path."""
    plain = re.sub(r"[^\w .()+&-]+", "_", text).strip(" .")[:_MAX_STEM].strip(" .")
    return f"_{plain}" if not plain or _RESERVED.fullmatch(plain) else plain


def plan(examples: Examples) -> dict[str, PurePosixPath]:
    """Name of a picture -> where its copy goes, all different."""
    folders = dict(zip(examples.classes, unique_names([safe_name(name) for name in examples.classes]), strict=True))
    inside: dict[PurePosixPath, list[int]] = defaultdict(list)
    for position, (label, part) in enumerate(zip(examples.labels.tolist(), examples.parts.tolist(), strict=True)):
        inside[PurePosixPath(part) / folders[label]].append(position)
    places = {}
    for folder, positions in inside.items():
        paths = [PurePosixPath(examples.names[position]) for position in positions]
        # The number goes before the ending, and names that differ in case alone are one on some systems.
        stems = unique_names([safe_name(path.stem).lower() for path in paths])
        for position, path, stem in zip(positions, paths, stems, strict=True):
            places[examples.names[position]] = folder / f"{stem}{safe_ending(path.suffix)}"
    return places


def safe_ending(suffix: str) -> str:
    """The ending of a file name where it is a plain one, "" elsewhere."""
    return suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", suffix) else ""


def write_folders(source: Iterable[Incoming | Skipped], examples: Examples, folder: Path) -> int:
    """Copy every example to its place, all or nothing.

    Args:
        source: What the examples were made from; gone through again.
        examples: With their parts; their names are those of the source.
        folder: Must not exist, or be empty.

    Returns:
        How many were copied.

    Raises:
        DataError: The folder exists, or cannot be written to.
    """
    check_place(folder)
    places = plan(examples)
    n = 0
    try:
        with written_folder(folder) as temporary:
            for one in source:
                if isinstance(one, Incoming) and one.name in places:
                    file = temporary / places[one.name]
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(one.data)
                    n += 1
    except OSError as error:
        raise DataError("classifier.unwritable", folder=folder, reason=error.strerror or error) from error
    return n


def check_place(folder: Path) -> None:
    """Refuse to write over anything.

    Raises:
        DataError: The folder exists, and is not an empty one.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise DataError("classifier.exists", folder=folder)
