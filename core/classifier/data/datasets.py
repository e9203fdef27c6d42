"""The labelled sets that ship with the project: a built catalogue, its labels, and its canonical parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.classifier.data.examples import Examples, make, words_of
from core.engine.catalogues import CATALOGUES, photos
from core.engine.catalogues.clothing import SMALL_WORDS
from core.engine.catalogues.embedded import labelled
from core.engine.embedders.base import Embedder
from core.errors import DataError, UnknownNameError


@dataclass(frozen=True)
class Published:
    """A figure that others have published for the same test pictures."""

    who: str
    accuracy: float


@dataclass(frozen=True)
class Dataset:
    """A labelled set.

    Attributes:
        id: Its name on the command line and in links.
        catalogue: Whose items they are.
        label: The column of labels.
        part: The column of parts; other values than those of `PARTS` are left out.
        group: The column of groups, "" for none.
        published: What it is compared with, None for nothing.
    """

    id: str
    catalogue: str
    label: str
    part: str
    group: str = ""
    published: Published | None = None


DATASETS = {
    dataset.id: dataset
    for dataset in (
        # Source: github.com/alexeygrigorev/clothing-dataset-small; Machine Learning Bookcamp, chapter 7.
        Dataset("clothing-small", "clothing", "small_label", "small_split", "", Published("Xception, 299 px", 0.903)),
        Dataset("clothing", "clothing", "label", "split", "sender"),
        Dataset("fashion-mnist", "fashion-mnist", "label", "split"),
    )
}


def get(dataset_id: str) -> Dataset:
    """The set with this id.

    Raises:
        UnknownNameError: There is none.
    """
    try:
        return DATASETS[dataset_id]
    except KeyError:
        raise UnknownNameError("labelled set", dataset_id, DATASETS) from None


def load(dataset: Dataset, embedder: Embedder) -> Examples:
    """Its examples; labels that name no garment are left out.

    The stored embeddings are used where the backbone has them; else every picture is embedded, with a bar.

    Raises:
        ArtifactError, DataError: Something that is needed is missing or damaged.
    """
    data = labelled(embedder, dataset.catalogue)
    missing = {dataset.label, dataset.part} - set(data.items.frame.columns)
    if missing:
        raise DataError("classifier.no-column", catalogue=dataset.catalogue, column=min(missing))
    labels, parts = data.column(dataset.label), data.column(dataset.part)
    kept = np.flatnonzero((parts != "") & ~np.isin(labels, list(CATALOGUES[dataset.catalogue].no_garment)))
    ids = data.column("id")[kept].tolist()
    return make(
        ids,
        labels[kept].tolist(),
        data.embeddings[kept],
        groups=data.column(dataset.group)[kept].tolist() if dataset.group else None,
        parts=parts[kept].tolist(),
        picture=(lambda position: photos.picture(ids[position])) if all(map(photos.has, ids[:1])) else None,
    )


def words(dataset: Dataset) -> dict[str, list[str]]:
    """Label -> what zero-shot calls it."""
    if dataset.label == "small_label":
        labels = [label.lower() for label in CATALOGUES[dataset.catalogue].classes]
        return {label: [SMALL_WORDS.get(label, label)] for label in labels}
    return {label: words_of(title) for label, title in CATALOGUES[dataset.catalogue].classes.items()}
