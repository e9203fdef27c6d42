"""Backbone and classifier in one ONNX file, with the real backbone."""

import json

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from core.classifier.model import export
from core.classifier.model.classifier import Classifier
from core.classifier.training.head import Head
from core.config import ROOT
from core.engine.backbones import get, model_dir
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


def test_a_backbone_without_an_onnx_file_gives_its_head_alone():
    head = Head([(np.zeros((1280, 2), np.float32), np.zeros(2, np.float32))])
    with pytest.raises(DataError, match="only the head"):
        export.whole_onnx(Classifier(head, ("x", "y"), "efficientnet-lite0", "", "linear"))


def test_without_the_onnx_package_the_sentence_says_how(monkeypatch):
    monkeypatch.setattr(export, "available", lambda: False)
    head = Head([(np.zeros((get("vitrine-clip").dim, 2), np.float32), np.zeros(2, np.float32))])
    with pytest.raises(DataError, match=r"requirements-dev\.txt"):
        export.head_onnx(Classifier(head, ("x", "y"), "vitrine-clip", "", "linear"))
