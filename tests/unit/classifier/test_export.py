"""Backbone and classifier in one ONNX file, with the real backbone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image, ImageOps

from core.classifier.model import export
from core.classifier.model.classifier import Classifier
from core.classifier.model.predict import Predictor, read_paths
from core.classifier.training.head import Head
from core.config import ROOT
from core.engine.backbones import BACKBONES, get, model_dir
from core.engine.embedders.base import prepare
from core.engine.embedders.load import load_embedder
from core.errors import DataError

pytestmark = pytest.mark.skipif(
    not (model_dir("vitrine-clip") / "image.onnx").is_file(), reason="artifacts/ has not been built"
)


def test_pixels_to_probabilities_is_what_the_two_say_one_after_the_other():
    embedder = load_embedder("vitrine-clip")
    rng = np.random.default_rng(0)
    head = Head([(3 * rng.standard_normal((embedder.record.dim, 3)).astype(np.float32), np.zeros(3, np.float32))])
    whole = export.whole_onnx(Classifier(head, ("x", "y", "z"), "vitrine-clip", "", "linear"))
    session = onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    images = [Image.open(file).convert("RGB") for file in sorted((ROOT / "samples").glob("*.jpg"))]
    preparation = json.loads(session.get_modelmeta().custom_metadata_map["preparation"])
    pixels = np.stack([prepare(image, embedder.record) for image in images]).astype(np.float32) / 255
    pixels = (pixels - np.array(preparation["mean"], np.float32)) / np.array(preparation["std"], np.float32)
    (given,) = session.run(["probabilities"], {"pixels": np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))})
    expected = head.probabilities(embedder.embed_images(images))
    np.testing.assert_allclose(given, expected, atol=1e-5)
    assert expected.std(axis=0).max() > 0.01


def prepared(file: Path, how: dict[str, Any]) -> np.ndarray:
    """A picture as the metadata say, by somebody who knows nothing else."""
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    assert (how["colours"], how["layout"], how["crop"], how["antialias"]) == ("RGB", "NCHW", "centre", True)
    side, size = how["resize_to"], how["size"]
    shares = [side / one for one in image.size] if how["resize"] == "squash" else [side / min(image.size)] * 2
    image = image.resize(
        (int(image.width * shares[0]), int(image.height * shares[1])), Image.Resampling[how["interpolation"].upper()]
    )
    assert how["crop_rounding"] == "half to even"  # as Python's `round` does it
    left, top = (round((length - size) / 2) for length in image.size)
    pixels = np.asarray(image.crop((left, top, left + size, top + size)), np.float32) * np.float32(how["scale"])
    pixels = (pixels - np.array(how["mean"], np.float32)) / np.array(how["std"], np.float32)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def test_the_metadata_are_all_that_somebody_needs_for_the_predictions_of_the_page(tmp_path):
    embedder = load_embedder("vitrine-clip")
    rng = np.random.default_rng(1)
    weights = [(6 * rng.standard_normal((embedder.record.dim, 4)).astype(np.float32), np.zeros(4, np.float32))]
    classifier = Classifier(Head(weights), ("w", "x", "y", "z"), "vitrine-clip", "", "linear")
    (tmp_path / "whole.onnx").write_bytes(export.whole_onnx(classifier))
    session = onnxruntime.InferenceSession(tmp_path / "whole.onnx", providers=["CPUExecutionProvider"])
    facts = {name: json.loads(value) for name, value in session.get_modelmeta().custom_metadata_map.items()}
    predictor = Predictor(classifier, embedder)
    list(predictor.add(read_paths([ROOT / "samples"])))
    assert len(predictor.predictions) == 4
    for one in predictor.predictions:
        pixels = prepared(ROOT / "samples" / one.name, facts["preparation"])
        (p,) = session.run(["probabilities"], {session.get_inputs()[0].name: pixels[None]})
        np.testing.assert_allclose(p[0], one.probabilities, atol=1e-5)
        assert facts["labels"][int(p[0].argmax())] == one.label
    assert len({one.label for one in predictor.predictions}) > 1


@pytest.mark.parametrize("id", ["vitrine-clip", "efficientnet-lite0", "efficientnet-lite1", "openai-clip-vit-b-32"])
def test_how_pictures_are_prepared_is_said_as_it_is_done(id, tmp_path):
    if id not in BACKBONES:
        pytest.skip("no such backbone here")
    record, file = get(id), tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 256, (411, 301, 3), np.uint8)
    Image.fromarray(noise).save(file)
    how = json.loads(json.dumps(export.preparation_of(record)))
    expected = prepare(Image.fromarray(noise), record).astype(np.float32) / 255
    expected = (expected - np.array(record.mean, np.float32)) / np.array(record.std, np.float32)
    np.testing.assert_allclose(prepared(file, how), expected.transpose(2, 0, 1), atol=1e-5)


def test_a_backbone_without_an_onnx_file_gives_its_head_alone():
    head = Head([(np.zeros((1280, 2), np.float32), np.zeros(2, np.float32))])
    with pytest.raises(DataError, match="only the head"):
        export.whole_onnx(Classifier(head, ("x", "y"), "efficientnet-lite0", "", "linear"))


def test_without_the_onnx_package_the_sentence_says_how(monkeypatch):
    monkeypatch.setattr(export, "available", lambda: False)
    head = Head([(np.zeros((get("vitrine-clip").dim, 2), np.float32), np.zeros(2, np.float32))])
    with pytest.raises(DataError, match=r"requirements-dev\.txt"):
        export.head_onnx(Classifier(head, ("x", "y"), "vitrine-clip", "", "linear"))
