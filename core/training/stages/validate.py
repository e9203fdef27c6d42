"""The figures by which one way of training is chosen over another: the validation parts, on cached features.

They mirror the evaluation protocol within the training data: Fashion-MNIST's validation images among those plain
training images that were cached, clothing photos of `small_split=validation` among photos of other senders, the same
for a linear head of fixed strength, and product photos among themselves, each also to be found by its name.
A built model is measured by `python -m core evaluate --validation`, whose galleries are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.engine import metrics
from core.engine.catalogues import CATALOGUES, clothing
from core.training.data.captions import FASHION_MNIST_TYPE
from core.training.data.samples import CLOTHING, FASHION_MNIST, PRODUCTS
from core.training.data.views import PLAIN, View

_K_KNN = 20
_LINEAR_C = 10
#: Data set and part -> its plain views, and their embeddings.
_Plain = Callable[[str, str], tuple[list[View], np.ndarray]]


def validation_figures(
    views: Sequence[View], embeddings: np.ndarray, embed_texts: Callable[[list[str]], np.ndarray]
) -> dict[str, float]:
    """What an unfinished model would be worth.

    Args:
        views: n views.
        embeddings: (n, dim) float32 of them, rows L2-normalised.
        embed_texts: Texts -> (m, dim) float32, rows L2-normalised.

    Returns:
        Figures in [0, 1] by name.
    """
    found: dict[str, float] = {}

    def plain(source: str, part: str) -> tuple[list[View], np.ndarray]:
        rows = [
            row
            for row, view in enumerate(views)
            if (view.sample.source, view.sample.part, view.kind) == (source, part, PLAIN)
        ]
        return [views[row] for row in rows], embeddings[rows]

    _fashion_mnist(plain, embed_texts, found)
    _clothing(plain, found)
    _products(plain, embed_texts, found)
    return found


def _kinds(views: Sequence[View]) -> np.ndarray:
    return np.array([view.sample.kind for view in views])


def _fashion_mnist(plain: _Plain, embed_texts: Callable[[list[str]], np.ndarray], found: dict[str, float]) -> None:
    (queries, asked), (gallery, known) = (plain(FASHION_MNIST, part) for part in ("validation", "train"))
    names, codes = np.unique(_kinds(gallery), return_inverse=True)
    wanted = np.searchsorted(names, _kinds(queries))
    scores = asked @ known.T
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :_K_KNN]
    guess = metrics.knn_predict(codes[nearest], np.take_along_axis(scores, nearest, 1), len(names))
    found["Fashion-MNIST k-NN"] = float(np.mean(guess == wanted))
    found["Fashion-MNIST R@1"] = float(np.mean(codes[nearest[:, 0]] == wanted))
    classes = CATALOGUES[FASHION_MNIST].classes
    texts = embed_texts([label.lower().replace("/", " or ") for label in classes])
    named = np.array([FASHION_MNIST_TYPE[label] for label in classes])[(asked @ texts.T).argmax(1)]
    found["Fashion-MNIST zero-shot"] = float(np.mean(named == _kinds(queries)))


def _clothing(plain: _Plain, found: dict[str, float]) -> None:
    from sklearn.linear_model import LogisticRegression

    (queries, asked), (gallery, known) = (plain(CLOTHING, part) for part in ("validation", "train"))
    senders = {row["image"]: row["sender_id"] for row in clothing.require_source().rows()}
    theirs, ours = (np.array([senders[view.sample.key] for view in some]) for some in (queries, gallery))
    scores = np.where(theirs[:, None] == ours[None], -2, asked @ known.T)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    right = _kinds(gallery)[nearest] == _kinds(queries)[:, None]
    found["clothing P@5"], found["clothing R@1"] = float(right.mean()), float(right[:, 0].mean())
    splits = clothing.read_splits()
    trained = [row for row, view in enumerate(gallery) if splits[view.sample.key]["small_split"] == "train"]
    labels, wanted = (
        np.array([splits[view.sample.key]["small_label"] for view in some])
        for some in ([gallery[row] for row in trained], queries)
    )
    head = LogisticRegression(max_iter=2000, C=_LINEAR_C).fit(known[trained], labels)
    found["clothing-small linear"] = float(np.mean(head.predict(asked) == wanted))


def _products(plain: _Plain, embed_texts: Callable[[list[str]], np.ndarray], found: dict[str, float]) -> None:
    views, embeddings = plain(PRODUCTS, "validation")
    scores = embeddings @ embeddings.T - 3 * np.eye(len(views), dtype=np.float32)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    colours = np.array([view.sample.colour for view in views])
    found["kind P@5"] = float(np.mean(_kinds(views)[nearest] == _kinds(views)[:, None]))
    found["colour P@5"] = float(np.mean((colours[nearest] == colours[:, None])[colours != ""]))
    texts = embed_texts([view.sample.captions[1] for view in views])
    own = np.sum(texts * embeddings, axis=1, keepdims=True)
    found["words R@10"] = float(np.mean((texts @ embeddings.T > own).sum(1) < 10))
