"""Fitting what reads kind, colour and pattern from a backbone's embeddings: part of `build` and `build --calibration`.

It learns from the clothing photos that somebody has looked at and from the product photos, as far as their labels
leave only one class open; temperatures are fitted on the validation photos of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from core.config import ROOT
from core.engine.catalogues.clothing_source import read_csv
from core.engine.catalogues.embedded import CHUNK, stored
from core.engine.embedders.base import Embedder
from core.engine.embedders.bulk import embed_part, for_bulk
from core.engine.embedders.weights import made_with, place_of
from core.engine.files.folder import write_json
from core.engine.files.manifest import register, verified
from core.engine.files.paths import attributes_file, looks_file
from core.engine.looks.attributes import load_attributes
from core.engine.looks.vocabulary import ATTRIBUTES
from core.training.data import samples
from core.training.data.samples import CLOTHING, Sample, product_samples
from core.training.looks import Pictures, fit_looks


def build_looks(embedder: Embedder, report: Callable[[str], None] = print) -> None:
    """Fit anew and write it.

    Raises:
        ArtifactError: The embeddings are not built, or damaged.
        DataError: A data set is missing.
    """
    file = looks_file(embedder.record.id)
    train, validation = (joined(home(embedder, part), shop(embedder, part)) for part in ("train", "validation"))
    looks = fit_looks(train, validation, same_answers())
    write_json(file, looks.to_json() | made_with(embedder.record), indent=None)
    register([file])
    classes = ", ".join(f"{len(head.classes)} classes of {name}" for name, head in looks.heads.items())
    report(f"{classes} can be read.")


def home(embedder: Embedder, part: str) -> Pictures:
    """The clothing photos of a part, with their stored embeddings: "train", "validation" or "test"."""
    found = stored(embedder.record.id, CLOTHING)
    attributes = load_attributes(CLOTHING)
    test, kept = found.column("split") == "test", found.column("small_split") == "validation"
    rows = np.flatnonzero({"train": ~test & ~kept, "validation": ~test & kept, "test": test}[part])
    ids, labels = (found.column(name)[rows] for name in ("id", "label"))
    return Pictures(found.embeddings[rows], list(map(attributes.of, ids.tolist(), labels.tolist())))


def shop(embedder: Embedder, part: str) -> Pictures:
    """The product photos of a part, embedded in chunks that are kept."""
    products = [sample for sample in product_samples() if sample.part == part]
    chunks = [products[start : start + CHUNK] for start in range(0, len(products), CHUNK)]
    embeddings = [_embedded(embedder, f"{part}-{number}", chunk) for number, chunk in enumerate(chunks)]
    return Pictures(np.concatenate(embeddings), [sample.labels for sample in products])


def _embedded(embedder: Embedder, name: str, chunk: Sequence[Sample]) -> np.ndarray:
    file = ROOT / ".cache" / "embeddings" / place_of(embedder.record) / samples.PRODUCTS / f"{name}.npy"
    return embed_part(file, for_bulk(embedder), _opened(chunk))


def _opened(chunk: Sequence[Sample]) -> Iterator[Image.Image]:
    pictures = samples.Pictures()
    yield from map(pictures.open, chunk)


def joined(first: Pictures, second: Pictures) -> Pictures:
    """The pictures of both."""
    return Pictures(np.concatenate([first.embeddings, second.embeddings]), [*first.known, *second.known])


def same_answers() -> dict[str, float]:
    """attribute -> share of the photos that were looked at twice of which both said the same."""
    file = attributes_file(CLOTHING)
    once, twice = (_rows(verified(path)) for path in (file, file.with_stem(f"{file.stem}-twice")))
    equal = {name: [once[image][name] == row[name] for image, row in twice.items()] for name in ATTRIBUTES}
    return {name: float(np.mean(them)) for name, them in equal.items()}


def _rows(path: Path) -> dict[str, dict[str, str]]:
    return {row["image"]: row for row in read_csv(path.read_bytes(), path.name, ("image", *ATTRIBUTES))}
