"""Training runs: seeded, stopped early, stopped by hand."""

import dataclasses

import fakes
import numpy as np
import pytest
from PIL import Image

from core.classifier.data.examples import TRAIN, VALIDATION, Examples, make
from core.classifier.training.options import MLP, Options
from core.classifier.training.trainer import N_VIEWS, HeadTrainer
from core.errors import DataError


def clouds(n: int = 60, noise: float = 0.15, **columns: object) -> Examples:
    """Three classes, each around a direction of its own; every fifth is for validation, every sixth for test."""
    rng = np.random.default_rng(5)
    targets = np.arange(n) % 3
    vectors = np.eye(4, dtype=np.float32)[targets] + noise * rng.standard_normal((n, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    parts = np.where(np.arange(n) % 5 == 4, VALIDATION, np.where(np.arange(n) % 6 == 5, "test", TRAIN))
    return make([f"p{i}" for i in range(n)], [f"c{t}" for t in targets], vectors, parts=parts.tolist(), **columns)


@pytest.mark.parametrize("kind", ["linear", MLP])
def test_the_same_seed_gives_the_same_figures_and_weights(kind):
    runs = []
    for seed in (1, 1, 2):
        trainer = HeadTrainer(clouds(), Options(kind=kind, epochs=5, batch_size=8, seed=seed))
        epochs = [dataclasses.replace(epoch, seconds_left=0) for epoch in trainer.epochs()]
        runs.append((epochs, [tensor.tolist() for layer in trainer.outcome().head.layers for tensor in layer]))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.parametrize("kind", ["linear", MLP])
def test_it_learns(kind):
    trainer = HeadTrainer(clouds(), Options(kind=kind, batch_size=4, learning_rate=0.01, weight_decay=0.01))
    epochs = list(trainer.epochs())
    assert epochs[-1].validation_accuracy == 1
    assert epochs[-1].train_loss < epochs[0].train_loss
    examples = clouds()
    head = trainer.outcome().head
    test = examples.at("test")
    assert head.probabilities(examples.embeddings[test]).argmax(axis=1).tolist() == examples.targets[test].tolist()


def test_it_ends_when_validation_gets_no_better_and_keeps_the_best():
    trainer = HeadTrainer(clouds(noise=1.5), Options(batch_size=2, learning_rate=0.5, weight_decay=0, patience=3))
    epochs = list(trainer.epochs())
    best = trainer.best
    assert best is not None
    assert len(epochs) == best.number + 3 < 60
    assert best.validation_loss == min(epoch.validation_loss for epoch in epochs)


def test_stopped_by_hand_the_best_so_far_is_kept():
    trainer = HeadTrainer(clouds(), Options(batch_size=8))
    for epoch in trainer.epochs():
        if epoch.number == 2:
            break
    kept = trainer.outcome(stopped=True)
    assert kept.known == (TRAIN,)
    assert kept.head is trainer.head
    assert [epoch.number for epoch in trainer.history] == [1, 2]


def test_refitting_learns_from_the_validation_pictures_too():
    trainer = HeadTrainer(clouds(), Options(epochs=3, batch_size=8))
    list(trainer.epochs())
    assert trainer.outcome().known == (TRAIN, VALIDATION)
    assert not np.array_equal(trainer.outcome().head.layers[0][0], trainer.outcome(stopped=True).head.layers[0][0])


def test_nothing_is_kept_before_the_first_epoch():
    with pytest.raises(DataError, match="first epoch"):
        HeadTrainer(clouds(), Options()).outcome(stopped=True)


def test_without_validation_pictures_the_training_loss_decides():
    examples = clouds()
    examples = dataclasses.replace(examples, parts=np.full(len(examples), TRAIN))
    trainer = HeadTrainer(examples, Options(epochs=4))
    epochs = list(trainer.epochs())
    assert all(np.isnan(epoch.validation_loss) for epoch in epochs)
    assert epochs[-1].best


def test_one_class_cannot_be_learnt():
    with pytest.raises(DataError, match="at least two classes"):
        HeadTrainer(make(["a", "b"], ["x", "x"], np.eye(2), parts=[TRAIN, TRAIN]), Options())


def test_augmentation_adds_views_of_training_pictures_only():
    seen: list[int] = []

    def picture(position: int) -> Image.Image:
        seen.append(position)
        return fakes.solid((200, 40 + position, 10), (40, 40))

    examples = clouds(12, picture=picture)
    trainer = HeadTrainer(examples, Options(augment=True, epochs=1), fakes.FakeEmbedder(fakes.fake_record()))
    last = list(trainer.prepare())[-1]
    assert (last.n_done, last.finished) == (N_VIEWS * len(examples.at(TRAIN)), True)
    assert sorted(set(seen)) == examples.at(TRAIN).tolist()
    assert len(list(trainer.epochs())) == 1


def test_augmentation_without_pictures_is_refused():
    trainer = HeadTrainer(clouds(), Options(augment=True), fakes.FakeEmbedder(fakes.fake_record()))
    with pytest.raises(DataError, match="needs the pictures"):
        list(trainer.prepare())
