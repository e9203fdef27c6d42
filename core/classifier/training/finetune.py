"""Train a backbone's last blocks together with a linear head: `python -m core train classifier --finetune`.

The first blocks stay as they are, so what they say of every picture (and of some
further views of the training pictures) is computed once; only a fifth of the arithmetic is left for an epoch.
Batch normalisation keeps the statistics it has.
"""

from __future__ import annotations

import copy
import random
import tempfile
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.classifier.data.examples import TRAIN, VALIDATION, Examples
from core.classifier.training.head import Head, class_weights
from core.classifier.training.options import Options
from core.classifier.training.passes import Rows
from core.classifier.training.trainer import N_VIEWS, HeadTrainer, Outcome, Trainer, pictures_of
from core.engine.backbones import get, model_dir
from core.engine.embedders.base import Embedder, prepare
from core.engine.embedders.weights import whole_model_of
from core.engine.images.augment import augment
from core.engine.progress import Progress, ProgressClock
from core.errors import DataError, sentence
from core.training.model import clip as models
from core.training.model.export import TowerMould

_CHUNK = 32
#: Pictures that are learnt from at a time, and that are embedded: between two such parts it can be stopped.
_PART, _EMBEDDED = 16, 64
RATE = 1e-4
HEAD_RATE = 1e-3
WEIGHT_DECAY = 0.05


@dataclass(frozen=True, eq=False)
class Tower:
    """An image tower in two halves.

    Attributes:
        whole: pixels (b, 3, size, size) -> (b, dim), as a torch module.
        lower: pixels -> (b, n_features); stays as it is.
        upper: those features -> (b, dim); is trained.
        trained: The modules of the upper half.
        n_features: What the lower half says of a picture.
    """

    whole: Any
    lower: Callable[[Any], Any]
    upper: Callable[[Any], Any]
    trained: list[Any]
    n_features: int


def load_tower(backbone_id: str) -> Tower:
    """The image tower of a backbone that can be fine-tuned.

    Raises:
        DataError: This one cannot, or torch is not installed.
        ArtifactError: A file of it is damaged.
    """
    folder = model_dir(backbone_id)
    if not (folder / "open_clip_model.safetensors").is_file():
        raise DataError("classifier.no-fine-tuning", backbone=backbone_id)
    whole_model_of(get(backbone_id))
    try:
        visual = models.load(folder)[0].visual
    except ImportError as error:
        raise DataError("classifier.no-torch") from error
    return _in_halves(visual)


def _in_halves(visual: Any) -> Tower:
    """Cut the tower of `core.training.model.tower` behind the block whose places it keeps."""
    import torch

    from core.training.model.tower import GRID_BLOCK, lower_stages, thumbnails, upper_stages

    trunk, network = visual.trunk, visual.trunk.network

    def seen(pixels: Any) -> list[Any]:
        return [*lower_stages(network, pixels), trunk.detail(thumbnails(pixels))]

    with torch.inference_mode():
        shapes = [part.shape[1:] for part in seen(torch.zeros(1, 3, *visual.image_size))]
    sizes = [shape.numel() for shape in shapes]

    def lower(pixels: Any) -> Any:
        return torch.cat([part.flatten(1) for part in seen(pixels)], 1)

    def upper(features: Any) -> Any:
        parts = zip(features.split(sizes, 1), shapes, strict=True)
        early, middle, detail = (part.reshape(-1, *shape) for part, shape in parts)
        return trunk.join(upper_stages(network, early, middle), detail)

    trained = [*network.blocks[GRID_BLOCK + 1 :], network.conv_head, network.bn2, trunk.hidden, trunk.project]
    return Tower(visual, lower, upper, trained, sum(sizes))


class FinetuneTrainer(Trainer):
    """Trains the upper half of a tower with a linear head that starts from the one for frozen embeddings.

    That start is its epoch 0, so that there is something to keep from then on, and nothing worse is ever kept.
    """

    first = 0

    def __init__(self, examples: Examples, options: Options, embedder: Embedder):
        """See `Trainer`.

        Raises:
            DataError: The pictures are not at hand, or this backbone cannot be fine-tuned here.
        """
        super().__init__(examples, options)
        self._picture = pictures_of(examples, sentence("classifier.fine-tuning"))
        self._record = embedder.record
        self._tower = load_tower(embedder.record.id)
        n_views = N_VIEWS if options.augment else 0
        self._views = np.repeat(examples.at(TRAIN), n_views)
        shape = (len(examples) + len(self._views), self._tower.n_features)
        with tempfile.TemporaryFile() as file:  # it has no name, and is gone when the map is
            self._features = np.memmap(file, np.float16, "w+", shape=shape)
        self._embeddings = np.empty((len(examples), self._record.dim), np.float32)
        self._best_state: list[Any] = []
        self._best_embeddings = self._embeddings
        self._mould: TowerMould | None = None

    def prepare(self) -> Generator[Progress, None, None]:
        """Let the lower half look at every picture and view, once."""
        import torch

        self._cast()
        rng = random.Random(self.options.seed)
        clock = ProgressClock(len(self._features))
        for begin in range(0, len(self._features), _CHUNK):
            rows = range(begin, min(begin + _CHUNK, len(self._features)))
            pixels = torch.from_numpy(np.stack([self._pixels(row, rng) for row in rows])).permute(0, 3, 1, 2)
            with torch.inference_mode():
                x = self._normalised(pixels.float()).contiguous(memory_format=torch.channels_last)
                self._features[begin : begin + len(rows)] = self._tower.lower(x).half().numpy()
            clock.n_added += len(rows)
            yield clock.report()

    def _pixels(self, row: int, rng: random.Random) -> np.ndarray:
        if row < len(self.examples):
            return prepare(self._picture(row), self._record)
        picture = self._picture(int(self._views[row - len(self.examples)]))
        return np.asarray(augment(picture, rng, self._record.input_size))

    def _normalised(self, pixels: Any) -> Any:
        import torch

        mean, std = (torch.tensor(v).view(1, 3, 1, 1) * 255 for v in (self._record.mean, self._record.std))
        return (pixels - mean) / std

    def _passes(self) -> Generator[tuple[Head, Rows, Rows] | None, None, None]:
        import torch

        start = HeadTrainer(self.examples, self.options)
        for _ in start.epochs():
            yield None
        head = start.outcome(stopped=True).head
        self._embeddings = self.examples.embeddings
        yield head, Rows.of(self.examples, TRAIN), Rows.of(self.examples, VALIDATION)
        models.seed_everything(self.options.seed)
        layer = _as_layer(head)
        optimizer = self._optimizer(layer)
        targets = np.concatenate([self.examples.targets, self.examples.targets[self._views]])
        rows = np.concatenate([self.examples.at(TRAIN), np.arange(len(self.examples), len(self._features))])
        weights = torch.ones(len(self.examples.classes))
        if self.options.class_weights:
            weights = torch.from_numpy(class_weights(targets[rows], len(weights)))
        rng = np.random.default_rng(self.options.seed)
        while True:
            order = rng.permutation(rows)
            for begin in range(0, len(order), self.options.batch_size):
                chosen = order[begin : begin + self.options.batch_size]
                total = weights[targets[chosen]].sum()
                optimizer.zero_grad(set_to_none=True)
                for part in np.array_split(chosen, -(-len(chosen) // _PART)):  # the gradients of the batch, bit by bit
                    aim, logits = torch.from_numpy(targets[part]), layer(self._embed(part))
                    loss = torch.nn.functional.cross_entropy(logits, aim, weights, reduction="sum") / total
                    loss.backward()
                    yield None
                optimizer.step()
            yield from self._embed_all()
            seen = replace(self.examples, embeddings=self._embeddings)
            yield _as_head(layer), Rows.of(seen, TRAIN), Rows.of(seen, VALIDATION)

    def _optimizer(self, layer: Any) -> Any:
        import torch

        for parameter in self._tower.whole.parameters():
            parameter.requires_grad = False
        upper = [parameter for part in self._tower.trained for parameter in part.parameters()]
        for parameter in upper:
            parameter.requires_grad = True
        groups = [{"params": upper, "lr": RATE}, {"params": layer.parameters(), "lr": HEAD_RATE}]
        return torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)

    def _embed(self, rows: np.ndarray) -> Any:
        import torch

        features = torch.from_numpy(np.asarray(self._features[rows], np.float32))
        return torch.nn.functional.normalize(self._tower.upper(features), dim=1)

    def _embed_all(self) -> Generator[None, None, None]:
        """Embed every picture as the tower is now; the head is evaluated on them like any other."""
        import torch

        self._embeddings = np.empty_like(self._embeddings)
        for begin in range(0, len(self._embeddings), _EMBEDDED):
            rows = np.arange(begin, min(begin + _EMBEDDED, len(self._embeddings)))
            with torch.inference_mode():  # never around a `yield`
                self._embeddings[rows] = self._embed(rows).numpy()
            yield None

    def _remember(self, head: Head) -> None:
        super()._remember(head)
        self._best_state = [copy.deepcopy(part.state_dict()) for part in self._tower.trained]
        self._best_embeddings = self._embeddings

    def outcome(self, stopped: bool = False) -> Outcome:
        """The best head and its tower; nothing is trained anew, since that would take as long again."""
        head, _ = self._finished()
        for part, state in zip(self._tower.trained, self._best_state, strict=True):
            part.load_state_dict(state)
        return Outcome(head, (TRAIN,), self._best_embeddings, self._cast().written())

    def _cast(self) -> TowerMould:
        """What writes the tower, made before anybody waits for it."""
        import torch

        if self._mould is None:
            size = self._record.input_size
            self._mould = TowerMould(self._tower.whole, torch.zeros(2, 3, size, size), "pixels")
        return self._mould


def _as_layer(head: Head) -> Any:
    import torch

    weight, bias = head.layers[0]
    layer = torch.nn.Linear(*weight.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.T))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer


def _as_head(layer: Any) -> Head:
    weight, bias = (tensor.detach().numpy().copy() for tensor in (layer.weight, layer.bias))
    return Head([(np.ascontiguousarray(weight.T), bias)])
