"""New pictures -> classes with probabilities."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.classifier.data.sources import OWN_ARCHIVES, open_file
from core.classifier.evaluate import Evaluation, evaluate_guesses
from core.classifier.model.classifier import Classifier
from core.config import MAX_IMAGE_BYTES
from core.engine.embedders.base import EmbeddedPhoto, Embedder, OnnxImageEmbedder
from core.engine.embedders.load import load_embedder
from core.engine.files.tables import to_csv
from core.engine.images.decode import encode_thumbnail
from core.engine.progress import Progress
from core.own.ingest.incoming import FolderSource, Incoming, Skipped, embed_each
from core.own.ingest.zip_source import ZipSource

_SIDE = 260


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a picture is taken for.

    Attributes:
        name: Of the picture.
        label: The most probable class.
        probability: Of that class.
        probabilities: (classes,) float32, in the order of the classifier's labels.
        truth: The class that its folder is named after, "" where none is.
    """

    name: str
    label: str
    probability: float
    probabilities: np.ndarray
    truth: str = ""

    @property
    def wrong(self) -> bool:
        """Whether its class is known, and another."""
        return self.truth not in ("", self.label)


def embedder_of(classifier: Classifier) -> Embedder:
    """The backbone that a classifier needs: a registered one, or its own fine-tuned one.

    onnxruntime trusts its files, so a fine-tuned one must never come from a visitor.

    Raises:
        ArtifactError: The backbone's weights are missing or damaged.
    """
    if not classifier.tower:
        return load_embedder(classifier.backbone)
    from core.engine.backbones import get

    with tempfile.TemporaryDirectory() as folder:  # onnxruntime has read it all once the session is made
        file = Path(folder) / "image.onnx"
        file.write_bytes(classifier.tower)
        return OnnxImageEmbedder(get(classifier.backbone), file)


class Predictor:
    """Classifies pictures as they come; a bad one in the middle moves nothing.

    Attributes:
        predictions: In the order of the pictures.
        thumbnails: Small JPEGs of the first `n_thumbnails` of them.
        skipped: What could not be classified, and why.
    """

    def __init__(self, classifier: Classifier, embedder: Embedder, n_thumbnails: int = 0):
        self._classifier = classifier
        self._embedder = embedder
        self._n_thumbnails = n_thumbnails
        self.thumbnails: list[bytes] = []
        self.predictions: list[Prediction] = []
        self.skipped: list[Skipped] = []

    def add(
        self, incoming: Iterable[Incoming | Skipped], n_total: int | None = None
    ) -> Generator[Progress, None, None]:
        """Classify; yields progress now and then, and once when all is done."""
        return embed_each(incoming, self._embedder, self._take, self.skipped, lambda _: None, n_total)

    def _take(self, one: Incoming, photo: EmbeddedPhoto) -> None:
        if len(self.thumbnails) < self._n_thumbnails:
            self.thumbnails.append(encode_thumbnail(photo.image, _SIDE))
        row = self._classifier.head.probabilities(photo.embedding[None])[0]
        best = int(row.argmax())
        truth = one.label if one.label in self._classifier.labels else ""
        self.predictions.append(Prediction(one.name, self._classifier.labels[best], float(row[best]), row, truth))


def evaluation_of(predictions: Sequence[Prediction], labels: Sequence[str]) -> Evaluation | None:
    """How good predictions are, of those whose class is known; None where it is of none.

    Args:
        predictions: Of any pictures.
        labels: The classifier's.
    """
    numbers = {label: n for n, label in enumerate(labels)}
    known = [one for one in predictions if one.truth]
    if not known:
        return None
    truth = np.array([numbers[one.truth] for one in known])
    return evaluate_guesses(truth, np.array([numbers[one.label] for one in known]), tuple(labels))


def read_paths(paths: Sequence[Path]) -> Iterator[Incoming | Skipped]:
    """The files of one's own machine: pictures, what is in folders, what is in ZIP archives.

    Raises:
        UploadError: An archive is refused as a whole.
    """
    for path in paths:
        if path.is_dir():
            yield from FolderSource(path)
        elif path.suffix.lower() == ".zip":
            with open_file(path) as file:
                yield from ZipSource(file, OWN_ARCHIVES)
        else:
            with open_file(path) as file:
                yield Incoming(path.name, "", file.read(MAX_IMAGE_BYTES + 1))


def predictions_csv(predictions: Sequence[Prediction], labels: Sequence[str]) -> str:
    """name, label, probability, truth where it is known of any, and then the probability of every class, as CSV."""
    own = ("name", "label", "probability", *(["truth"] if any(one.truth for one in predictions) else []))
    columns = {label: f"p_{label}" for label in labels}
    rows = (
        {"name": one.name, "label": one.label, "probability": one.probability, "truth": one.truth}
        | {columns[label]: float(p) for label, p in zip(labels, one.probabilities, strict=True)}
        for one in predictions
    )
    return to_csv([*own, *columns.values()], rows)
