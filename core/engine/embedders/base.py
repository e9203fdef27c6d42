"""Pictures or words -> embeddings: (n, dim) float32, rows L2-normalised.

`Embedder` owns batching, preparation, normalisation and checks; a backbone fills in one or two small holes.
"""

from __future__ import annotations

import html
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.config import n_threads
from core.engine.backbones import Backbone
from core.engine.embedders.learned import ANY_WORD, TOKENIZER, words_of
from core.engine.files.manifest import refusal, verified
from core.engine.images.decode import open_image
from core.engine.images.region import Region
from core.errors import VitrineError, sentence

BATCH_SIZE = 32
#: Shorter side at which a large photo is decoded, at least: what a preview needs, and most backbones three times over.
_ENOUGH = 420

_INTERPOLATIONS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}

#: What open_clip's text cleaning does to quotation marks.
_STRAIGHT = dict.fromkeys(map(ord, "ʼ‘’‚‛"), "'") | dict.fromkeys(map(ord, "“”„‟"), '"')


def scaled_side(record: Backbone) -> int:
    """Pixels of the side (or, squashed, of both) to which a picture is resized before its centre is cut out."""
    return math.floor(record.input_size / record.crop_pct)


def prepare(image: Image.Image, record: Backbone) -> np.ndarray:
    """One picture as the backbone wants it, before scaling.

    The same arithmetic as the transforms of open_clip and timm: the shorter side (or, squashed, both) to
    `input_size / crop_pct`, then the centre square.

    Args:
        image: RGB.
        record: Says size, resize mode, interpolation and crop.

    Returns:
        (input_size, input_size, 3) uint8.
    """
    size, how = record.input_size, _INTERPOLATIONS[record.interpolation]
    scaled = scaled_side(record)
    width, height = image.size
    if record.resize_mode == "squash":
        target = (scaled, scaled)
    else:
        target = (scaled, int(scaled * height / width)) if width <= height else (int(scaled * width / height), scaled)
    left, top = round((target[0] - size) / 2.0), round((target[1] - size) / 2.0)
    # Of a very long picture only the centre is ever resized: the rest would be cut off after costing memory.
    if max(target) > 8 * size:
        across, down = width / target[0], height / target[1]  # not quite equal, since `target` is whole
        right, bottom = min(width, (left + size) * across), min(height, (top + size) * down)
        box = (left * across, top * down, right, bottom)
        return np.asarray(image.resize((size, size), how, box=box))
    resized = image.resize(target, how)
    return np.asarray(resized.crop((left, top, left + size, top + size)))


class Embedder(ABC):
    """Turns pictures (and, for some backbones, words) into embeddings. Safe to share between threads."""

    def __init__(self, record: Backbone):
        self.record = record

    @abstractmethod
    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        """(b, 3, size, size) float32, normalised with the record's mean and std -> (b, dim) float32."""

    def _embed_texts(self, texts: list[str]) -> np.ndarray:
        raise VitrineError("engine.no-words", title=self.record.title)

    @property
    def learned(self) -> Container[str]:
        """Words in lower case that the backbone has learned; any word where that cannot be told."""
        return ANY_WORD

    def embed_images(self, images: Iterable[Image.Image]) -> np.ndarray:
        """Embed pictures, in batches of `BATCH_SIZE`.

        Args:
            images: RGB pictures of any size; an iterator is read as it goes, never all at once.

        Returns:
            (n, dim) float32 in the order of `images`, rows L2-normalised. (0, dim) for no pictures.
        """
        mean, std = (np.array(values, np.float32)[:, None, None] for values in (self.record.mean, self.record.std))
        parts = []
        for batch in batched(images, BATCH_SIZE):
            pixels = np.stack([prepare(image, self.record) for image in batch]).transpose(0, 3, 1, 2)
            pixels = np.ascontiguousarray(pixels).astype(np.float32)  # channels first: four times as fast as last
            pixels -= mean * 255
            pixels *= 1 / (std * 255)
            parts.append(self.embed_pixels(pixels))
        return np.concatenate(parts) if parts else np.empty((0, self.record.dim), np.float32)

    def embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        """Embed one batch of prepared pictures: (b, 3, size, size) float32 -> (b, dim) float32, L2-normalised."""
        return self._checked(self._embed_pixels(pixels), len(pixels))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts.

        Returns:
            (n, dim) float32 in the order of `texts`, rows L2-normalised.

        Raises:
            VitrineError: The backbone has no text tower.
        """
        parts = [self._checked(self._embed_texts(batch), len(batch)) for batch in batched(texts, BATCH_SIZE)]
        return np.concatenate(parts) if parts else np.empty((0, self.record.dim), np.float32)

    def _checked(self, embeddings: np.ndarray, n: int) -> np.ndarray:
        norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
        if embeddings.shape != (n, self.record.dim) or not (np.isfinite(norms).all() and (norms > 0).all()):
            raise VitrineError("engine.no-embedding", title=self.record.title)
        return (embeddings / norms).astype(np.float32, copy=False)


@dataclass(frozen=True)
class EmbeddedPhoto:
    """A photo that was looked at.

    Attributes:
        image: RGB, upright; of a region, that part alone.
        embedding: (dim,) float32, L2-normalised.
        timings_ms: Milliseconds of the stages `decode` and `embed`.
    """

    image: Image.Image = field(repr=False)
    embedding: np.ndarray = field(repr=False)
    timings_ms: dict[str, float]


def enough_for(record: Backbone, region: Region | None = None) -> int:
    """The shorter side, in pixels, at which a photo is decoded for this backbone, at least; a region has as many."""
    enough = max(_ENOUGH, 3 * record.input_size)
    return enough if region is None else math.ceil(enough / region.least_side)


def embed_photo(
    embedder: Embedder,
    source: bytes | Path,
    name: str | None = None,
    whole: bool = False,
    region: Region | None = None,
) -> EmbeddedPhoto:
    """Decode and embed one photo that nobody has vetted.

    Args:
        embedder: Of the backbone.
        source: The file's bytes, or its path.
        name: What to call the photo in an error.
        whole: Whether a large photo is decoded at its full size, for whoever keeps more than its embedding; that stays
            what it is (a test holds it), and takes several times as long.
        region: The part of it that is meant; None for all of it.

    Raises:
        ImageError: The photo cannot be read, or its region has too few pixels.
    """
    started = time.perf_counter()
    image = open_image(source, name, None if whole else enough_for(embedder.record, region))
    if region is not None:
        image = region.of(image, name)
    decoded = time.perf_counter()
    embedding = embedder.embed_images([image])[0]
    embedded = time.perf_counter()
    return EmbeddedPhoto(image, embedding, {"decode": 1000 * (decoded - started), "embed": 1000 * (embedded - decoded)})


def batched(things: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of so many things, the last one perhaps of fewer; an iterator is read as it goes."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch


class OnnxImageEmbedder(Embedder):
    """An exported image tower run by onnxruntime, which trusts its files: check one before it comes here.

    One picture is as fast as it can be; for many at a time, see `core.engine.embedders.bulk`.

    Attributes:
        file: The tower.
    """

    def __init__(self, record: Backbone, file: Path):
        super().__init__(record)
        self.file = file
        self._image = open_session(file)
        # All visitors' pictures go through one thread: a run uses every core as it is, and what a run needs for a
        # moment is then kept by one heap of the allocator, not by one for each visitor's thread.
        self._runner = ThreadPoolExecutor(1, f"embed-{record.id}")

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        return self._runner.submit(run, self._image, "pixels", pixels).result()


class OnnxClipEmbedder(OnnxImageEmbedder):
    """An exported CLIP run by onnxruntime; the text tower is loaded when the first words come."""

    def __init__(self, record: Backbone, folder: Path):
        super().__init__(record, verified(folder / "image.onnx"))
        self._folder = folder
        self._text: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    def _embed_texts(self, texts: list[str]) -> np.ndarray:
        tokenizer, session = self._text_tower()
        tokens = np.array(
            [encoding.ids for encoding in tokenizer.encode_batch([_plain(text) for text in texts])], np.int64
        )
        return run(session, "tokens", tokens)

    @property
    def learned(self) -> Container[str]:
        """Words that were frequent enough in training to have a token of their own."""
        return words_of(verified(self._folder / TOKENIZER))

    def _text_tower(self) -> tuple[Any, Any]:
        with self._lock:
            if self._text is None:
                from tokenizers import Tokenizer

                session = open_session(verified(self._folder / "text.onnx"))
                length = session.get_inputs()[0].shape[1]
                words_of(vocabulary := verified(self._folder / TOKENIZER))  # which refuses what is none
                tokenizer = Tokenizer.from_file(str(vocabulary))
                tokenizer.enable_truncation(length)
                tokenizer.enable_padding(length=length)
                self._text = (tokenizer, session)
            return self._text


def _plain(text: str) -> str:
    """The text as it was when the tower was trained: no HTML entities, no curly quotes (phones type them)."""
    return html.unescape(html.unescape(text.translate(_STRAIGHT)))


def open_session(path: Path, threads: int = 0) -> Any:
    """An onnxruntime session on as many threads as the settings say, or on another number.

    Raises:
        VitrineError: The file holds no network.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or n_threads()
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # would keep a second copy of what a picture takes, and is no faster
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not burn a core
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it raises kinds of its own
        raise refusal(path, sentence("engine.no-network")) from error


def run(session: Any, name: str, values: np.ndarray) -> np.ndarray:
    """The first output of a session for a batch of its one input.

    What one picture needs for a moment stays with the session: to ask the system for it anew each time takes nearly
    as long as the network itself. What a larger batch needs is given back.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    if len(values) > 1:
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    try:
        result: np.ndarray = session.run(None, {name: values}, options)[0]
    except Exception as error:  # another network than the record's, or no memory
        raise VitrineError("engine.not-run", why=type(error).__name__) from error
    return result
