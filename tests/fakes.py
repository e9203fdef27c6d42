"""Stand-ins whose answers can be worked out by hand, and a whole artifacts folder made with them."""

from __future__ import annotations

import colorsys
import dataclasses
import json
from collections.abc import Container
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from core.config import DEFAULT_BACKBONE
from core.engine.backbones import BACKBONES, Backbone
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.grey_sheets import write_pictures
from core.engine.catalogues.items import ItemTable
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import LOADERS
from core.engine.embedders.weights import preparation_of
from core.engine.files import manifest as artifacts
from core.engine.files.folder import write_json, written
from core.engine.files.paths import attributes_file, calibration_file, index_file, items_file, looks_file
from core.engine.index.hnsw import HnswIndex, IndexParameters
from core.engine.looks.reading import Head, Looks
from core.engine.metrics import Estimate
from core.engine.search import calibration
from core.engine.search.calibration import GarmentTest
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import BuiltGallery
from core.maps.files import EmbeddingMap, MapFacts, quantise, save_map
from core.maps.projection import Faithfulness, ProjectionParameters

N_FASHION_MNIST = 40
N_CLOTHING = 30
#: Pure red is no fashion item to the fake; everything less red is.
GARMENT = GarmentTest(np.array([-1, 0, 0, 0], np.float32), -0.82)
WEIGHT = 0.6
PARAMETERS = IndexParameters(M=8, ef_construction=100, ef=64)

_HALF = (0.5, 0.5, 0.5)


class FakeEmbedder(Embedder):
    """Sees nothing but colour: the direction of (mean red, mean green, mean blue, darkness), each in [0, 1].

    Darkness is 1 − the mean of the three, so that black is a direction too: black is (0, 0, 0, 1), red is
    (1, 0, 0, 2/3), white is (1, 1, 1, 0). Words are the mean of the colours they name, grey if none.
    """

    def _embed_pixels(self, pixels: np.ndarray) -> np.ndarray:
        mean, std = (np.array(v, np.float32)[None] for v in (self.record.mean, self.record.std))
        return with_darkness(pixels.mean(axis=(2, 3)) * std + mean)

    @property
    def learned(self) -> Container[str]:
        return ImageColor.colormap

    def _embed_texts(self, texts: list[str]) -> np.ndarray:
        return with_darkness(np.array([_colour_of(text) for text in texts], np.float32))


def with_darkness(rgb: np.ndarray) -> np.ndarray:
    """(n, 3) in [0, 1] -> (n, 4), not normalised."""
    return np.concatenate([rgb, 1 - rgb.mean(axis=1, keepdims=True)], axis=1).astype(np.float32)


def _colour_of(text: str) -> np.ndarray:
    named = [word for word in text.lower().split() if word in ImageColor.colormap]
    colours = [np.array(ImageColor.getrgb(word)) / 255 for word in named] or [np.array([0.5, 0.5, 0.5])]
    return np.mean(colours, axis=0)


LOADERS["fake"] = FakeEmbedder


def fake_record(id: str = DEFAULT_BACKBONE, **changes: object) -> Backbone:
    """The fake's record; under the default backbone's id it takes that one's place."""
    record = Backbone(
        id=id,
        title="Fake",
        architecture="mean colour",
        dim=4,
        input_size=16,
        mean=_HALF,
        std=_HALF,
        resize_mode="shortest",
        licence="none",
        source="tests/fakes.py",
        has_text=True,
        n_parameters=0,
        loader="fake",
    )
    return dataclasses.replace(record, **changes)


def solid(rgb: tuple[int, int, int], size: tuple[int, int] = (20, 20)) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGB", size, rgb)


def colours_of(catalogue: str) -> np.ndarray:
    """(n, 3) uint8: item i of the tiny catalogue is a picture of colour i, no two of them alike."""
    if catalogue == "fashion-mnist":
        return np.repeat(np.linspace(6, 249, N_FASHION_MNIST).astype(np.uint8)[:, None], 3, axis=1)
    values = [
        colorsys.hsv_to_rgb(i / N_CLOTHING, (1.0, 0.7, 0.85)[i % 3], (1.0, 0.8, 0.45, 0.65)[i % 4])
        for i in range(N_CLOTHING)
    ]
    return np.rint(255 * np.array(values)).astype(np.uint8)


def make_items(catalogue: str) -> ItemTable:
    """The tiny catalogue's table: labels go round, one item in four is a test item, three items a sender."""
    n = len(colours_of(catalogue))
    labels = list(CATALOGUES[catalogue].classes)
    label = [labels[i % len(labels)] for i in range(n)]
    split = ["test" if i % 4 == 3 else "train" for i in range(n)]
    if catalogue == "fashion-mnist":
        id = [f"fashion-mnist/{part}/{i:05d}" for i, part in enumerate(split)]
        return ItemTable.from_columns(catalogue, id=id, label=label, split=split, width=[28] * n, height=[28] * n)
    return ItemTable.from_columns(
        catalogue,
        id=[f"clothing/00000000-0000-0000-0000-{i:012x}" for i in range(n)],
        label=label,
        split=split,
        sender=[str(i // 3) for i in range(n)],
        kids=[i % 10 == 0 for i in range(n)],
        width=[400] * n,
        height=[300] * n,
    )


def write_artifacts(folder: Path, backbone_id: str = DEFAULT_BACKBONE, weights: str = "") -> None:
    """Write everything that a search with the fake needs; `folder` must be the artifacts folder in use.

    `weights` is the sha256 of the weights that the fake, which has none, is said to have.
    """
    embedder = FakeEmbedder(fake_record(backbone_id))
    manifest = artifacts.empty_manifest()
    manifest["backbones"][backbone_id] = {"dim": 4, "weights_sha256": weights}
    tables, files = {}, []
    for catalogue in CATALOGUES:
        items, colours = make_items(catalogue), colours_of(catalogue)
        embeddings = embedder.embed_images(solid(tuple(map(int, rgb))) for rgb in colours).astype(np.float16)
        items.save(items_file(catalogue))
        graph_file, embeddings_file = (index_file(backbone_id, catalogue, suffix) for suffix in (".hnsw", ".npy"))
        with written(embeddings_file) as temporary:
            np.save(temporary, embeddings)
        HnswIndex.build(embeddings, PARAMETERS).save(graph_file)
        manifest["catalogues"][catalogue] = {"count": len(items), "items_hash": items.content_hash()}
        manifest["indexes"][f"{backbone_id}/{catalogue}"] = {
            "count": len(items),
            "dim": 4,
            "space": "cosine",
            "parameters": dataclasses.asdict(PARAMETERS),
            "items_hash": items.content_hash(),
            **_made_with(backbone_id, weights),
        }
        for file in (items_file(catalogue), graph_file, embeddings_file):
            files.append(file)
        tables[catalogue] = dict.fromkeys((calibration.PHOTO, calibration.TEXT), _calibration(embeddings))
    pictures = items_file("fashion-mnist").with_suffix(".sheets")
    grey = colours_of("fashion-mnist")[:, :1, None]
    write_pictures(np.broadcast_to(grey, (len(grey), 28, 28)), pictures)
    file = calibration_file(backbone_id)
    with written(file) as temporary:
        fitted = calibration.Calibrated(tables, {}, GARMENT, WEIGHT).to_json()
        temporary.write_text(json.dumps(fitted | _made_with(backbone_id, weights)))
    artifacts.save_manifest(manifest, [*files, pictures, file])


def _made_with(backbone_id: str, weights: str) -> dict[str, str]:
    return {"weights_sha256": weights, "preparation": preparation_of(fake_record(backbone_id))}


def looks() -> Looks:
    """Every picture is a boot (1/4) or a T-shirt (3/4), plain (4/5) or striped (1/5); red, green and blue are seen."""
    seen = 8 * np.array([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]], np.float32)
    blind, none = np.zeros((2, 4), np.float32), np.zeros(3, np.float32)
    kind = Head(("boot", "t-shirt"), blind, np.log(np.array([1, 3], np.float32)), 1.0, 0.9)
    pattern = Head(("solid", "striped"), blind, np.log(np.array([4, 1], np.float32)), 1.0, 0.7)
    return Looks({"kind": kind, "colour": Head(("blue", "green", "red"), seen, none, 1.0, 0.8), "pattern": pattern})


def bare_engine() -> SearchEngine:
    """An engine for which nothing was built or fitted, for catalogues that bring all they need."""

    def load(backbone_id: str, catalogue: str) -> BuiltGallery:
        raise AssertionError(f"{catalogue} was not to be searched")

    return SearchEngine(load=load)


def clothing_row(number: int) -> dict[str, str]:
    """What the tiny catalogue's items show: kinds go round in threes, colours in twos, one item in five is striped."""
    kind = ("t-shirt", "boot", "unclear")[number % 3]
    return {"kind": kind, "colour": ("red", "blue")[number % 2], "pattern": "solid" if number % 5 else "striped"}


def add_looks(backbone_id: str = DEFAULT_BACKBONE, weights: str = "") -> None:
    """What reads the fake's embeddings, and what the clothing items show, in the artifacts in use."""
    file = looks_file(backbone_id)
    write_json(file, looks().to_json() | _made_with(backbone_id, weights))
    names = [id.partition("/")[2] for id in make_items("clothing").frame["id"]]
    rows = [",".join([name, *clothing_row(number).values()]) for number, name in enumerate(names)]
    attributes_file("clothing").write_text("\n".join(["image,kind,colour,pattern", *rows]))
    artifacts.register([file, attributes_file("clothing")])


def _calibration(embeddings: np.ndarray) -> calibration.Calibration:
    embeddings = embeddings.astype(np.float32)
    pairs = (embeddings @ embeddings.T)[np.triu_indices(len(embeddings), 1)]
    return calibration.fit(pairs, pairs, pairs > np.median(pairs), n_steps=8)


def use_fake(backbone_id: str = DEFAULT_BACKBONE) -> None:
    """Put the fake into the registry for the rest of the process (a test uses the fixture instead)."""
    BACKBONES[backbone_id] = fake_record(backbone_id)


def points_of(backbone_id: str, every: int = 1) -> np.ndarray:
    """(n, 2): the first two dimensions of every so many-th item's embedding, catalogue by catalogue."""
    parts = [np.load(index_file(backbone_id, name, ".npy"), mmap_mode="r")[::every, :2] for name in CATALOGUES]
    return np.concatenate(parts).astype(np.float32)


def add_map(backbone_id: str, every: int, entry: str | None = None) -> None:
    """A map of every so many-th item whose points are `points_of`, in the artifacts in use.

    Each third item is said to lie among the class after its own. `entry` is the backbone whose map it is called.
    """
    tables = [ItemTable.load(items_file(name)) for name in CATALOGUES]
    position = [np.arange(0, len(table), every) for table in tables]
    own = np.concatenate([t.frame["label"].cat.codes.to_numpy()[p] for t, p in zip(tables, position, strict=True)])
    n_classes = np.repeat([len(known.classes) for known in CATALOGUES.values()], [len(p) for p in position])
    predicted = np.where(np.arange(len(own)) % 3 == 0, (own + 1) % n_classes, own)
    chart = EmbeddingMap(
        np.repeat(np.arange(len(tables)), [len(p) for p in position]),
        np.concatenate(position),
        *quantise(points_of(backbone_id, every)),
        predicted=predicted,
        nearest=predicted,
        purity=np.where(predicted == own, 255, 51),
    )
    half = Estimate(0.5, 0.4, 0.6, len(own))
    facts = MapFacts(len(own), ProjectionParameters(), Faithfulness(half, half, 15))
    save_map(entry or backbone_id, chart, facts)
