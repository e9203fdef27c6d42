"""The figures on cached features, against cases that can be worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from core.engine.catalogues import clothing
from core.training.data.samples import Sample
from core.training.data.views import View
from core.training.stages import validate


def unit(position: int, n: int = 16) -> np.ndarray:
    return np.eye(n, dtype=np.float32)[position]


@pytest.fixture
def photos(monkeypatch):
    """Two clothing photos to ask with and six to find, of three people; dresses lie at 0, shirts at 1."""
    rows = {"a": ("dress", "1"), "b": ("shirt", "2")}
    gallery = {f"g{i}": ("dress" if i < 3 else "shirt", str(i % 3)) for i in range(12)}
    splits = {name: {"small_split": "validation", "small_label": kind} for name, (kind, _) in rows.items()}
    splits |= {name: {"small_split": "train", "small_label": kind} for name, (kind, _) in gallery.items()}
    people = [{"image": name, "sender_id": sender} for name, (_, sender) in (rows | gallery).items()]
    monkeypatch.setattr(clothing, "read_splits", lambda: splits)
    monkeypatch.setattr(clothing, "require_source", lambda: SimpleNamespace(rows=lambda: people))
    return rows, gallery


def test_figures_on_a_case_worked_out_by_hand(photos):
    asked, found = photos
    views: list[View] = []
    embeddings: list[np.ndarray] = []

    def add(sample: Sample, embedding: np.ndarray, kind: str = "plain") -> None:
        views.append(View(sample, kind, len(views)))
        embeddings.append(embedding)

    for name, (kind, _) in asked.items():
        add(Sample("clothing", name, kind, "validation"), unit(0 if kind == "dress" else 1))
    for name, (kind, _) in found.items():
        add(Sample("clothing", name, kind, "train"), unit(0 if kind == "dress" else 1))
    for i in range(25):
        add(Sample("fashion-mnist", str(i), "bag (any)", "train"), unit(2))
        add(Sample("fashion-mnist", str(100 + i), "coat", "train"), unit(3))
    add(Sample("fashion-mnist", "900", "coat", "train"), unit(2), "augmented")  # only plain ones are found
    add(Sample("fashion-mnist", "901", "bag (any)", "validation"), unit(2))
    add(Sample("fashion-mnist", "902", "bag (any)", "validation"), unit(3))  # taken for a coat
    for i in range(12):
        kind, colour = ("shirt", "dress")[i // 6], ("red", "", "blue")[i // 4]
        add(Sample("products", str(i), kind, "validation", ("", f"name {i}"), colour), unit(4 + i // 6))
    texts = {"bag": unit(2), "coat": unit(3)} | {f"name {i}": unit(4 + i // 6) for i in range(11)}

    def read(some: list[str]) -> np.ndarray:
        return np.array([texts.get(text, unit(15)) for text in some])

    figures = validate.validation_figures(views, np.array(embeddings), read)
    assert figures["Fashion-MNIST k-NN"] == figures["Fashion-MNIST R@1"] == figures["Fashion-MNIST zero-shot"] == 0.5
    # dress a asks among people 0 and 2: two dresses and three strangers; shirt b finds five shirts
    assert figures["clothing P@5"] == pytest.approx((2 / 5 + 5 / 5) / 2)
    assert figures["clothing R@1"] == figures["clothing-small linear"] == 1
    assert figures["kind P@5"] == 1
    # four red among five others at 4 ... : reds find 3 of 5; blues 8 to 11 find three of their five
    assert figures["colour P@5"] == pytest.approx(3 / 5)
    assert figures["words R@10"] == 1  # the twelfth name lies nowhere near, and all pictures tie
