"""Fine-tuning on a handful of pictures: it learns, repeats itself, and exports what it learnt."""

import io
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from sorted_pictures import picture

from core.classifier.data.examples import TEST, TRAIN, VALIDATION, make
from core.classifier.evaluate import HEAD
from core.classifier.model.files import TOWER, pack, unpack
from core.classifier.model.predict import embedder_of
from core.classifier.run import finish, finish_alone, make_trainer
from core.classifier.training.options import FINETUNE, Options
from core.engine.backbones import model_dir
from core.engine.embedders.load import load_embedder
from core.errors import DataError
from core.training.model.export import TowerMould, export_tower

pytestmark = pytest.mark.skipif(
    not (model_dir("vitrine-clip") / "open_clip_model.safetensors").is_file(), reason="artifacts/ has not been built"
)
OPTIONS = Options(kind=FINETUNE, epochs=1, batch_size=4)


@pytest.fixture(scope="module")
def embedder():
    return load_embedder("vitrine-clip")


@pytest.fixture(scope="module")
def examples(embedder):
    names = [f"{name}/{number}" for name in ("dress", "sneaker") for number in range(4)]
    images = [Image.open(io.BytesIO(picture(*name.split("/")[:1], int(name[-1])))).convert("RGB") for name in names]
    parts = [TRAIN, TRAIN, VALIDATION, TEST] * 2
    labels = [name.split("/")[0] for name in names]
    return make(names, labels, embedder.embed_images(images), parts=parts, picture=lambda position: images[position])


def exported(module, side: int) -> bytes:
    """A tower as it is now, traced now."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tower.onnx"
        export_tower(module, torch.zeros(2, 3, side, side), path, "pixels")
        return path.read_bytes()


def test_what_was_learnt_is_what_is_kept_and_used(examples, embedder):
    trainer = make_trainer(examples, OPTIONS, embedder)
    list(trainer.prepare())
    epochs = list(trainer.epochs())
    assert [epoch.number for epoch in epochs] == [0, 1]
    classifier, evaluation = finish(trainer, embedder, "samples")
    assert evaluation.figures[0].accuracy.value == 1
    assert classifier.tower == exported(trainer._tower.whole, embedder.record.input_size)
    files = pack(classifier)
    tuned = embedder_of(unpack(files))
    images = [examples.picture(position) for position in range(len(examples))]
    embeddings = tuned.embed_images(images)
    np.testing.assert_allclose(embeddings, trainer.outcome().embeddings, atol=2e-3)  # features are kept in half
    assert np.abs(embeddings - examples.embeddings).max() > 1e-3  # the blocks did change
    assert len(files[TOWER]) > 10**6


def test_within_an_epoch_it_can_be_stopped_and_has_its_start_to_keep(examples, embedder):
    trainer = make_trainer(examples, Options(kind=FINETUNE, epochs=5, batch_size=1), embedder)
    list(trainer.prepare())
    steps = trainer.steps()
    start = next(step for step in steps if step is not None)
    assert (start.number, start.best) == (0, True)
    assert [next(steps) for _ in range(3)] == [None] * 3  # batches of one picture
    outcome = trainer.outcome(stopped=True)
    np.testing.assert_array_equal(outcome.embeddings, examples.embeddings)
    classifier, evaluation = finish_alone(trainer, embedder, "samples", stopped=True)
    assert [figures.name for figures in evaluation.figures] == [HEAD]
    assert classifier.facts["options"]["epochs"] == 0
    images = [examples.picture(position) for position in range(len(examples))]
    tuned = embedder_of(classifier).embed_images(images)
    np.testing.assert_allclose(tuned, examples.embeddings, atol=2e-3)  # the blocks are as they were


def test_without_pictures_or_with_another_backbone_it_is_refused(examples, embedder):
    blind = make(["a", "b"], ["x", "y"], np.eye(2), parts=[TRAIN, TRAIN])
    with pytest.raises(DataError, match="needs the pictures"):
        make_trainer(blind, OPTIONS, embedder)

    class Other:
        record = type("Record", (), {"id": "raw-pixels"})

    with pytest.raises(DataError, match="cannot be fine-tuned"):
        make_trainer(examples, OPTIONS, Other())


def test_weights_that_were_alike_when_a_tower_was_traced_may_change_each_for_itself():
    def layer(value: float):
        one = torch.nn.Conv2d(3, 3, 1)
        for parameter in one.parameters():
            torch.nn.init.constant_(parameter, value)
        return one

    module = torch.nn.Sequential(layer(0.5), layer(0.5), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    example = torch.ones(2, 3, 8, 8)
    mould = TowerMould(module, example, "pixels")
    assert mould.written() == exported(module, 8)
    for number in (0, 1):
        torch.nn.init.constant_(module[number].bias, 2.0 + number)
        file = mould.written()
        assert file == exported(module, 8)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        given = session.run(None, {"pixels": example.numpy()})[0]
        np.testing.assert_allclose(given, module(example).detach().numpy(), rtol=1e-5)
