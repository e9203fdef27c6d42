"""The detail network learns what can be learned, from training pictures alone."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from core.training.data.samples import Sample
from core.training.data.views import View
from core.training.model.tower import DetailNetwork
from core.training.stages import detail
from core.training.stages.detail import Detailing, train_detail


def made_up(n: int = 60) -> tuple[list[View], np.ndarray]:
    """Bright Fashion-MNIST bags and dark shirts; products of three colours; validation pictures that lie."""
    views, pictures = [], []
    for i in range(n):
        bright = i % 2
        kind = ("shirt (any)", "bag (any)")[bright]
        views.append(View(Sample("fashion-mnist", str(i), kind, "train"), "plain", i))
        pictures.append(np.full((3, 28, 28), (-0.6, 0.6)[bright]))
        colour = np.full((3, 28, 28), -0.8)
        colour[i % 3] = 0.8
        views.append(
            View(Sample("products", str(i), "dress", "train", ("", ""), ("red", "green", "blue")[i % 3]), "plain", i)
        )
        pictures.append(colour)
        views.append(
            View(Sample("fashion-mnist", f"v{i}", ("bag (any)", "shirt (any)")[bright], "validation"), "plain", i)
        )
        pictures.append(np.full((3, 28, 28), (-0.6, 0.6)[bright]))
    return views, np.array(pictures, np.float16)


def test_it_learns_kinds_and_colours_and_never_from_validation_pictures():
    views, pictures = made_up()
    torch.manual_seed(0)
    network = DetailNetwork((8, 16, 16))
    recipe = Detailing(n_steps=80, batch_size=32, mix={"fashion-mnist": 0.5, "products": 0.5})
    lines: list[str] = []
    train_detail(network, views, pictures, recipe, lines.append)
    assert not network.training
    assert lines[-1].startswith("detail: step 80/80  loss ")
    assert ", Fashion-MNIST validation 0.0000  " in lines[-1]  # their labels are the wrong way round
    with torch.inference_mode():
        seen = network(torch.from_numpy(pictures.astype(np.float32))).numpy()
    labels = np.array([view.sample.kind + view.sample.colour for view in views])
    train = np.array([view.sample.part == "train" for view in views])
    seen, labels = seen[train], labels[train]
    middles = {label: seen[labels == label].mean(0) for label in np.unique(labels)}
    nearest = [min(middles, key=lambda label: float(np.sum((middles[label] - row) ** 2))) for row in seen]
    assert np.mean(np.array(nearest) == labels) > 0.95  # the lying validation pictures would have spoiled it


def test_the_same_seed_gives_the_same_network():
    views, pictures = made_up(12)
    found = []
    for _ in range(2):
        torch.manual_seed(0)
        network = DetailNetwork((4, 4, 4))
        train_detail(
            network, views, pictures, Detailing(n_steps=3, batch_size=12, mix={"fashion-mnist": 1.0}), lambda _: None
        )
        found.append(torch.cat([value.flatten().float() for value in network.state_dict().values()]))
    assert torch.equal(*found)


def test_a_changed_picture_is_moved_or_mirrored():
    picture = torch.arange(1.0, 785.0).reshape(1, 1, 28, 28).expand(40, 3, 28, 28)
    changed = detail._changed(picture, np.random.default_rng(0))
    assert changed.shape == picture.shape
    original = picture[0, 0].numpy()
    padded = np.pad(original, 2, mode="edge")
    mirrored = np.pad(original[:, ::-1], 2, mode="edge")
    ways = set()
    for one in changed.numpy():
        assert np.array_equal(one[0], one[1])
        found = [
            (down, right, flip)
            for flip, source in enumerate((padded, mirrored))
            for down in range(5)
            for right in range(5)
            if np.array_equal(one[0], source[down : down + 28, right : right + 28])
        ]
        assert found
        ways.add(found[0])
    assert len({way[:2] for way in ways}) > 10
    assert {way[2] for way in ways} == {0, 1}


def test_a_pass_draws_every_row_once_before_any_twice():
    rows = np.arange(100, 110)
    drawn = detail._passes(rows, 5, np.random.default_rng(0))
    passes = [np.concatenate([next(drawn), next(drawn)]) for _ in range(3)]
    assert all(sorted(some.tolist()) == rows.tolist() for some in passes)
    assert not np.array_equal(passes[0], passes[1])
    assert len(next(detail._passes(rows, 12, np.random.default_rng(0)))) == 12  # more than there are: some twice
    assert len(next(detail._passes(rows, 0, np.random.default_rng(0)))) == 0


def test_a_picture_and_its_mirror_image_look_the_same():
    torch.manual_seed(0)
    network = DetailNetwork((4, 8, 8)).eval()
    pictures = torch.rand(3, 3, 28, 28) * 2 - 1
    with torch.inference_mode():
        seen, mirrored = network(pictures), network(pictures.flip(3))
        once, once_mirrored = network.once(pictures), network.once(pictures.flip(3))
    assert torch.allclose(seen, mirrored, atol=1e-6)
    assert not torch.allclose(once, once_mirrored, atol=1e-3)
    assert torch.allclose(seen, (once + once_mirrored) / 2, atol=1e-6)


def test_targets_leave_out_what_is_not_known():
    views, _ = made_up(3)
    targets = detail._targets(views)
    assert targets["products"].tolist() == [-1, 0, -1] * 3
    assert targets["colour"].tolist() == [-1, 2, -1, -1, 1, -1, -1, 0, -1]
    assert targets["fashion-mnist"].tolist()[::3] == [1, 0, 1]
