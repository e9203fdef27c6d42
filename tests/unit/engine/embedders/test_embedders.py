"""Preparation as open_clip does it; batching, order, normalisation and refusals, on a fake backbone."""

from __future__ import annotations

import dataclasses
import pickle
import sys
import threading
from types import SimpleNamespace

import fakes
import numpy as np
import pytest
from PIL import Image

from core.engine.backbones import BACKBONES, get
from core.engine.backbones.record import Backbone
from core.engine.embedders import base
from core.engine.embedders.base import BATCH_SIZE, Embedder, OnnxClipEmbedder, prepare
from core.engine.embedders.learned import words_of
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import register_weights, whole_model_of
from core.engine.files.manifest import register, verify_all
from core.errors import ArtifactError, DataError, UnknownNameError, VitrineError

RECORD = BACKBONES["vitrine-clip"]
#: As most backbones prepare pictures: the shorter side is scaled, the centre is cut out.
CENTRED = dataclasses.replace(RECORD, resize_mode="shortest", input_size=224)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def smooth(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    side = min(width, height)
    waves = [128 + 100 * np.sin(2 * x / side + c) * np.cos(3 * y / side - c) for c in range(3)]
    return Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8))


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


# --- preparation


def open_clip_transform(record: Backbone):
    """open_clip's own transform for a record."""
    torch_compat = pytest.importorskip("core.engine.backbones.torch_compat")
    pytest.importorskip("torch")
    open_clip = torch_compat.import_open_clip()
    preprocess = open_clip.transform.PreprocessCfg(
        size=record.input_size, mean=record.mean, std=record.std, resize_mode=record.resize_mode
    )
    return open_clip.transform.image_transform_v2(preprocess, is_train=False)


SIZES = [(224, 224), (225, 224), (224, 225), (223, 223), (8, 8), (8, 13), (640, 427), (427, 640), (301, 299), (97, 500)]


@pytest.mark.parametrize("record", [RECORD, CENTRED], ids=["squashed", "centred"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_pictures_are_prepared_exactly_as_open_clip_does(record, size):
    picture = noise(*size)
    expected = open_clip_transform(record)(picture).numpy()
    seen = []
    embedder = embedder_that(lambda pixels: seen.append(pixels) or np.ones((1, record.dim), np.float32), record)
    embedder.embed_images([picture])
    assert prepare(picture, record).dtype == np.uint8
    back = np.rint((expected.transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8)
    assert np.array_equal(prepare(picture, record), back)
    assert seen[0].dtype == np.float32
    np.testing.assert_allclose(seen[0][0], expected, atol=1e-6)


@pytest.mark.parametrize("size", [(3000, 300), (300, 3000), (2001, 101), (97, 1999), (8, 200)])
def test_of_a_very_long_picture_the_same_centre_is_seen(size):
    picture = smooth(*size)
    expected = (open_clip_transform(CENTRED)(picture).numpy().transpose(1, 2, 0) + 1) * 127.5
    prepared = prepare(picture, CENTRED)
    assert prepared.shape == (224, 224, 3)
    assert mean_difference(prepared, expected) < 0.6  # of 255
    assert mean_difference(prepared[:, ::-1], expected) > 5  # the measure would notice


def test_an_extreme_aspect_is_never_resized_whole(monkeypatch):
    sizes = []
    original = Image.Image.resize
    monkeypatch.setattr(
        Image.Image, "resize", lambda self, size, *a, **k: sizes.append(size) or original(self, size, *a, **k)
    )
    for size in [
        (40_000, 8),
        (8, 40_000),
        *((1000 + 7 * i, 41) for i in range(60)),
        *((53, 999 + i) for i in range(60)),
    ]:
        prepare(Image.new("RGB", size), CENTRED)
    assert sizes == [(224, 224)] * 122


def test_another_mean_and_std_are_those_of_the_record():
    record = fakes.fake_record(mean=(0.5, 0.25, 0.0), std=(0.25, 0.5, 1.0))
    seen = []
    embedder_that(lambda pixels: seen.append(pixels) or np.ones((1, 4), np.float32), record).embed_images(
        [fakes.solid((255, 0, 51))]
    )
    assert seen[0].shape == (1, 3, 16, 16)
    np.testing.assert_allclose(seen[0][0, :, 3, 5], [2.0, -0.5, 0.2], atol=1e-6)


# --- batches


def embedder_that(answer, record=RECORD, texts=None) -> Embedder:
    class Answering(Embedder):
        def _embed_pixels(self, pixels):
            return answer(pixels)

        def _embed_texts(self, batch):
            return answer(batch) if texts else super()._embed_texts(batch)

    return Answering(record)


def test_the_fake_is_what_it_says():
    fake = fakes.FakeEmbedder(fakes.fake_record())
    pictures = [fakes.solid(rgb) for rgb in ((255, 0, 0), (0, 0, 0), (255, 255, 255))]
    norm = np.sqrt(1 + 4 / 9)
    expected = [[1 / norm, 0, 0, 2 / 3 / norm], [0, 0, 0, 1], [*[3**-0.5] * 3, 0]]
    np.testing.assert_allclose(fake.embed_images(pictures), expected, atol=1e-6)
    np.testing.assert_allclose(fake.embed_texts(["a Red dress"]), expected[:1], atol=1e-6)


@pytest.mark.parametrize("n", [1, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, 2 * BATCH_SIZE + 7])
def test_order_is_kept_across_batches(n):
    fake = fakes.FakeEmbedder(fakes.fake_record())
    colours = np.random.default_rng(0).integers(0, 256, (n, 3))
    expected = fakes.with_darkness(colours.astype(np.float32) / 255)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = fake.embed_images(fakes.solid(tuple(map(int, rgb))) for rgb in colours)
    assert (found.shape, found.dtype) == ((n, 4), np.float32)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    names = (["red", "green", "blue", "white", "gold"] * n)[:n]
    texts = fake.embed_texts(names)
    np.testing.assert_allclose(texts, np.concatenate([fake.embed_texts([name]) for name in names]), atol=1e-7)
    assert texts.shape == (n, 4)


def test_an_iterator_is_read_a_batch_at_a_time():
    read = []
    sizes = []

    def pictures():
        for i in range(2 * BATCH_SIZE + 3):
            read.append(i)
            yield fakes.solid((i, 0, 0))

    def answer(pixels):
        sizes.append((len(pixels), len(read)))
        return np.ones((len(pixels), 4), np.float32)

    embedder_that(answer, fakes.fake_record()).embed_images(pictures())
    assert sizes == [(BATCH_SIZE, BATCH_SIZE), (BATCH_SIZE, 2 * BATCH_SIZE), (3, 2 * BATCH_SIZE + 3)]


def test_rows_are_normalised_whatever_the_backbone_gives():
    raw = np.array([[3, 4, 0, 0], [0, -2e-12, 0, 0], [1e12, 0, 0, 1e12]], np.float64)
    embedder = embedder_that(lambda _: raw, fakes.fake_record(), texts=True)
    expected = [[0.6, 0.8, 0, 0], [0, -1, 0, 0], [2**-0.5, 0, 0, 2**-0.5]]
    for found in (embedder.embed_images([fakes.solid((0, 0, 0))] * 3), embedder.embed_texts(["a", "b", "c"])):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "raw",
    [
        np.array([[1, 0, 0, 0], [0, 0, 0, 0]], np.float32),
        np.array([[1, 0, 0, 0], [np.nan, 0, 0, 1]], np.float32),
        np.array([[1, 0, 0, 0], [np.inf, 0, 0, 1]], np.float32),
        np.ones((2, 3), np.float32),
        np.ones((2, 5), np.float32),
        np.ones((1, 4), np.float32),
        np.ones((3, 4), np.float32),
    ],
    ids=["zero", "nan", "inf", "short", "long", "too-few", "too-many"],
)
def test_an_unusable_embedding_is_refused(raw):
    embedder = embedder_that(lambda _: raw, fakes.fake_record(), texts=True)
    with pytest.raises(VitrineError, match=r"^Fake gave no usable embedding\.$"):
        embedder.embed_images([fakes.solid((1, 2, 3))] * 2)
    with pytest.raises(VitrineError, match=r"^Fake gave no usable embedding\.$"):
        embedder.embed_texts(["a", "b"])


def test_nothing_gives_an_empty_array_of_the_right_width():
    fake = fakes.FakeEmbedder(fakes.fake_record())
    for found in (fake.embed_images([]), fake.embed_texts([]), fake.embed_images(iter(()))):
        assert (found.shape, found.dtype) == ((0, 4), np.float32)


def test_words_on_a_backbone_for_pictures_are_refused():
    with pytest.raises(VitrineError, match=r"^Vitrine CLIP understands pictures only, not words\.$"):
        embedder_that(lambda _: None).embed_texts(["red"])


# --- loading


def test_an_unknown_backbone_is_answered_with_the_known_ones():
    with pytest.raises(UnknownNameError) as caught:
        load_embedder("clip")
    assert caught.value.known == sorted(BACKBONES)
    assert str(caught.value) == f"There is no backbone named 'clip'. Known: {', '.join(sorted(BACKBONES))}."


def test_every_record_is_complete():
    for id, record in BACKBONES.items():
        assert record.id == id
        assert record.resize_mode in ("shortest", "squash")
        assert min(record.dim, record.input_size) > 0
        assert len(record.mean) == len(record.std) == 3
        assert all(record.std)
        assert record.licence
        assert record.source
    with pytest.raises(dataclasses.FrozenInstanceError):
        get("vitrine-clip").dim = 5


def test_weights_that_are_missing_or_damaged_are_refused(artifacts_folder):
    with pytest.raises(ArtifactError, match=r"manifest\.json is missing"):
        load_embedder("vitrine-clip")
    path = artifacts_folder / "models" / "vitrine-clip" / "image.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not really a network")
    register([path])
    path.write_bytes(b"not really a Network")
    with pytest.raises(ArtifactError, match=r"models/vitrine-clip/image\.onnx is damaged"):
        load_embedder("vitrine-clip")


@pytest.mark.parametrize("content", [b"x", b"\x08\x08" + b"\xff" * 500, pickle.dumps({"weights": 1})], ids=repr)
def test_weights_that_are_no_network_are_refused_whoever_signed_them(artifacts_folder, content):
    path = artifacts_folder / "models" / "vitrine-clip" / "image.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    register_weights(get("vitrine-clip"), [path])
    with pytest.raises(ArtifactError) as caught:
        load_embedder("vitrine-clip")
    assert str(caught.value) == (
        "artifacts/models/vitrine-clip/image.onnx is damaged: it is no network that can be run here. "
        "To repair it, run: git restore artifacts, or python -m core train clip"
    )


def test_a_network_that_only_the_list_of_files_knows_is_not_taken_for_the_backbones(artifacts_folder):
    path = artifacts_folder / "models" / "vitrine-clip" / "image.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"trained")
    register_weights(get("vitrine-clip"), [path])
    path.write_bytes(b"another")
    register([path])
    assert all(problem is None for _, problem in verify_all())
    for load in (load_embedder, lambda id: whole_model_of(get(id))):
        with pytest.raises(ArtifactError, match=r"image\.onnx is not the network that is recorded as the backbone's"):
            load("vitrine-clip")


def test_where_torch_reads_a_model_every_file_of_it_is_checked(artifacts_folder):
    folder = artifacts_folder / "models" / "vitrine-clip"
    folder.mkdir(parents=True)
    names = ("image.onnx", "open_clip_model.safetensors", "tokenizer.json")
    for name in names:
        (folder / name).write_bytes(b"trained")
    register_weights(get("vitrine-clip"), [folder / name for name in names])
    assert whole_model_of(get("vitrine-clip")) == folder
    for name in names:
        (folder / name).write_bytes(b"Trained")
        with pytest.raises(ArtifactError, match=rf"{name} is damaged: its sha256 is not the manifest's"):
            whole_model_of(get("vitrine-clip"))
        (folder / name).write_bytes(b"trained")
    (folder / "more.json").write_bytes(b"{}")
    with pytest.raises(ArtifactError, match=r"more\.json is not in the manifest"):
        whole_model_of(get("vitrine-clip"))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"model": {"vocab": 7}}', "[" * 1000 + "]" * 1000])
def test_a_tokenizer_without_words_is_refused(artifacts_folder, content):
    path = artifacts_folder / "models" / "vitrine-clip" / "tokenizer.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(ArtifactError, match=r"tokenizer\.json is damaged: it holds no vocabulary\. To repair it, run"):
        words_of(path)


def test_another_network_than_the_backbones_is_one_sentence(tmp_path):
    class Odd:
        def run(self, *_: object) -> None:
            raise RuntimeError("Got invalid dimensions for input: pixels")

    with pytest.raises(VitrineError, match=r"^The network could not be run \(RuntimeError\)\.$"):
        base.run(Odd(), "pixels", np.zeros((1, 3, 8, 8), np.float32))


def test_without_torch_its_backbone_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))  # with nothing exported in it
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torch", "torchvision", "timm")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("torch", "torchvision", "timm"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r"needs torch and timm\. Run: pip install -r requirements-compare\.txt"):
        load_embedder("efficientnet-lite0")


def test_the_text_tower_is_loaded_once_and_only_for_words(monkeypatch, tmp_path):
    """Two threads ask at once; the tower that they share is made by one of them."""
    opened = []

    class Session:
        def get_inputs(self):
            return [SimpleNamespace(shape=["batch", 6])]

        def run(self, _, inputs, options):
            ((name, values),) = inputs.items()
            return [
                np.ones((len(values), RECORD.dim), np.float32) if name == "pixels" else values[:, :4].astype(np.float32)
            ]

    def session(path):
        opened.append(path.name)
        return Session()

    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"<pad>": 0, "?": 1, "red": 2, "it's": 3, '"': 4, "&": 5}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setattr(base, "verified", lambda path: path)
    monkeypatch.setattr(base, "open_session", session)
    embedder = OnnxClipEmbedder(RECORD, tmp_path)
    embedder.embed_images([noise(20, 20)])
    assert embedder.learned == words_of(tmp_path / "tokenizer.json")
    assert opened == ["image.onnx"]
    threads = [threading.Thread(target=embedder._text_tower) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == ["image.onnx", "text.onnx"]
    # padded and cut to the length of the tower; quotes and entities as they were in training
    raw = embedder._embed_texts(["red", "red it’s “ red", "&amp; &amp;amp; ? red red red red"])
    assert raw.tolist() == [[2, 0, 0, 0], [2, 3, 4, 2], [5, 5, 1, 2]]
