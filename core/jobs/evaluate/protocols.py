"""`python -m core evaluate`: the evaluation protocol, one definition used everywhere.

- `fashion-mnist`: queries the 10,000 test images, gallery the 60,000 training images.
- `clothing`: queries `split=test` with a label that names a garment; gallery every other such photo of
  another sender.
- `clothing-small`: a linear head on frozen embeddings, trained on train + validation, tested on the
  canonical 372 photos; and zero-shot on the same photos.
- `fashion-products`: 1,000 product photos that training never sees (`core.training.data.samples`); each is a query
  among the other 999, and its name is the text that should find it. The figures `..._in_crowd` have
  the same queries among 3,583 photos, the size at which others have measured: all that were kept aside, and 2,083 that
  training has seen, since it left out no more.
- `looks`: whether what is found looks like the query: `core.jobs.evaluate.looks`.
- whether the figures beside a hit can be believed, and how often a hint is wrong: `core.jobs.evaluate.reliability`.

Models are chosen on the validation parts (`--validation`), which mirror this within the training split:
queries are Fashion-MNIST's training images 58,000 to 59,999 among those before them, the clothing photos of
`small_split=validation` among photos of `split=train`, and 500 further product photos.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np

from core.compare.figures.classes import sides_of
from core.compare.figures.evaluation import FILE, PROTOCOLS, SCHEMA, Evaluation, Result, read_evaluation
from core.compare.figures.outcomes import Outcomes, load_outcomes, load_senders, save_outcomes, save_senders
from core.config import DEFAULT_BACKBONE, artifacts_dir, n_threads
from core.engine import metrics
from core.engine.backbones import Backbone, model_dir
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.clothing import SMALL_WORDS
from core.engine.catalogues.embedded import Labelled, labelled
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import load_embedder
from core.engine.files.folder import write_json
from core.engine.files.manifest import load_manifest, register
from core.engine.metrics import Estimate, bootstrap, mean_of
from core.engine.retrieval import Retrieval, retrieve
from core.engine.search.zero_shot import zero_shot
from core.errors import VitrineError
from core.jobs.evaluate import looks
from core.jobs.evaluate.cost import machine, measure
from core.jobs.evaluate.products import Products, load_products, products_here
from core.training.data.samples import N_VALIDATION_FASHION_MNIST


def evaluate(
    backbone_id: str,
    report: Callable[[str], None] = print,
    part: str = "test",
    only: Collection[str] = PROTOCOLS,
) -> list[Result]:
    """Run every protocol (or `only` some) whose data is here and write `artifacts/evaluation.json`.

    The results of other backbones and protocols in that file stay as they are. What each query got goes to
    `artifacts/outcomes/`. With `part="validation"` the queries are the validation parts, and nothing is written.

    Raises:
        DataError: A data set that a backbone without artifacts needs is missing.
        ArtifactError: Weights or embeddings are damaged.
    """
    embedder = load_embedder(backbone_id)
    add = Record(backbone_id, report)
    if "fashion-mnist" in only:
        _fashion_mnist(embedder, labelled(embedder, "fashion-mnist"), add, part)
    if {"clothing", "clothing-small"} & set(only):
        photos = labelled(embedder, "clothing")
        if "clothing" in only:
            _clothing(photos, add, part)
        if "clothing-small" in only:
            _clothing_small(embedder, photos, add, part)
    of_products = {"fashion-products", "looks"} & set(only)
    products = load_products(embedder, part) if of_products and products_here() else None
    if of_products and products is None:
        report("Figures of product photos are skipped: fashion-products.zip is not in the data folder.")
    if products is not None and "fashion-products" in only:
        _fashion_products(embedder, products, add)
    if "looks" in only:
        looks.measure(embedder, products, add, part)
    if part == "test":
        _finish(embedder, add, report, whole=set(only) == set(PROTOCOLS))
    return add.results


def _finish(embedder: Embedder, add: Record, report: Callable[[str], None], whole: bool) -> None:
    """What is measured beside the protocols, and the files."""
    if whole and products_here() and f"{embedder.record.id}/clothing" in load_manifest()["indexes"]:
        from core.jobs.evaluate.reliability import measure as measure_reliability

        measure_reliability(embedder, add)
    report("Measuring what it costs.")
    _write(add, {"machine": machine(), "cost": _cost(embedder.record, report)}, whole)


def _cost(record: Backbone, report: Callable[[str], None]) -> dict[str, Any]:
    """What the backbone costs; nothing, with the reason reported, where that cannot be measured."""
    try:
        return measure(record)
    except VitrineError as error:
        report(str(error))
        return {}


class Record:
    """What an evaluation has found: every figure, and what each query got where a figure is a mean over queries."""

    def __init__(self, backbone_id: str, report: Callable[[str], None]):
        self.backbone_id = backbone_id
        self.results: list[Result] = []
        self.outcomes: Outcomes = {}
        self.senders: Outcomes = {}
        self._report = report

    def __call__(self, protocol: str, metric: str, value: Estimate) -> None:
        """Take a figure."""
        entry = {"backbone": self.backbone_id, "protocol": protocol, "metric": metric}
        self.results.append(entry | {key: round(getattr(value, key), 5) for key in ("value", "low", "high", "n")})
        self._report(f"{protocol:17} {metric:19} {value.value:.4f}  [{value.low:.4f}, {value.high:.4f}]  n={value.n}")

    def mean(self, protocol: str, metric: str, per_query: np.ndarray, senders: np.ndarray | None = None) -> None:
        """Take (n,) values in [0, 1], one a query: their mean with its interval is the figure.

        With `senders`, (n,), the interval is resampled over them.
        """
        self.outcomes[protocol, metric] = per_query
        if senders is not None:
            self.senders[protocol, metric] = senders
        self(protocol, metric, mean_of(per_query, senders))


def _add_retrieval(protocol: str, found: Retrieval, add: Record, senders: np.ndarray | None = None) -> None:
    for metric, per_query in found.figures().items():
        add.mean(protocol, metric, per_query, senders)


def _fashion_mnist(embedder: Embedder, data: Labelled, add: Record, part: str) -> None:
    sides = sides_of("fashion-mnist", data.items)
    if part == "validation":
        train = sides.gallery
        sides = replace(sides, queries=train[-N_VALIDATION_FASHION_MNIST:], gallery=train[:-N_VALIDATION_FASHION_MNIST])
    _add_retrieval("fashion-mnist", sides.retrieve(data.embeddings[sides.queries], data.embeddings[sides.gallery]), add)
    words = {label: [label.lower().replace("/", " or ")] for label in CATALOGUES["fashion-mnist"].classes}
    test = data.embeddings[sides.queries], sides.labels[sides.queries]
    _add_zero_shot("fashion-mnist", embedder, test, words, add)


def _clothing(data: Labelled, add: Record, part: str) -> None:
    sides, senders = sides_of("clothing", data.items), data.column("sender")
    if part == "validation":
        rest = np.setdiff1d(sides.gallery, sides.queries)
        sides = replace(sides, queries=rest[data.column("small_split")[rest] == "validation"], gallery=rest)
    found = sides.retrieve(data.embeddings[sides.queries], data.embeddings[sides.gallery])
    _add_retrieval("clothing", found, add, senders[sides.queries])


def _clothing_small(embedder: Embedder, data: Labelled, add: Record, part: str) -> None:
    from joblib import parallel_config
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from threadpoolctl import threadpool_limits

    split, labels = data.column("small_split"), data.column("small_label")
    seen = ("train", "validation") if part == "test" else ("train",)
    train, test = np.isin(split, seen), split == part
    search = GridSearchCV(LogisticRegression(max_iter=2000), {"C": [0.3, 1, 3, 10, 30, 100]}, cv=5)
    # Threads of BLAS mostly wait for each other here, and change the last digits: each core fits a head of its own.
    with threadpool_limits(1), parallel_config("threading", n_jobs=n_threads()):
        search.fit(data.embeddings[train], labels[train])
    senders, right = data.column("sender")[test], search.predict(data.embeddings[test]) == labels[test]
    add.mean("clothing-small", "linear_accuracy", right, senders)
    words = {label: [SMALL_WORDS.get(label, label)] for label in sorted(set(labels[test]))}
    _add_zero_shot("clothing-small", embedder, (data.embeddings[test], labels[test]), words, add, senders)


def _add_zero_shot(
    protocol: str,
    embedder: Embedder,
    test: tuple[np.ndarray, np.ndarray],
    words: dict[str, list[str]],
    add: Record,
    senders: np.ndarray | None = None,
) -> None:
    """Accuracy of the class whose words are closest, where the backbone reads words."""
    if embedder.record.has_text:
        pictures, labels = test
        guess = np.array(list(words))[zero_shot(embedder, pictures, words)]
        add.mean(protocol, "zero_shot_accuracy", guess == labels, senders)


def _fashion_products(embedder: Embedder, products: Products, add: Record) -> None:
    samples, embeddings, n = products.samples, products.embeddings, products.n_queries
    queries, everyone = embeddings[:n], np.arange(len(samples))
    kinds, colours = products.labels("kind"), products.labels("colour")
    found = retrieve(queries, queries, (kinds[:n], kinds[:n]), (everyone[:n], everyone[:n]))
    _add_retrieval("fashion-products", found, add)
    coloured = colours[:n] != ""

    def colour_precision(positions: np.ndarray) -> np.ndarray:
        return metrics.precision_at_k(colours[positions] == colours[:n, None], 5)[coloured]

    add.mean("fashion-products", "colour_P@5", colour_precision(found.positions))
    many = retrieve(queries, embeddings, (kinds[:n], kinds), (everyone[:n], everyone))
    add("fashion-products", "P@5_in_crowd", bootstrap(metrics.precision_at_k(many.relevant, 5)))
    add("fashion-products", "colour_P@5_in_crowd", bootstrap(colour_precision(many.positions)))
    if embedder.record.has_text:
        texts = embedder.embed_texts([sample.captions[1] for sample in samples[:n]])
        own = np.sum(texts * queries, axis=1, keepdims=True)
        for metric, gallery in (("text_R@10", queries), ("text_R@10_in_crowd", embeddings)):
            add("fashion-products", metric, bootstrap((texts @ gallery.T > own).sum(axis=1) < 10))


def _write(add: Record, run: dict[str, Any], whole: bool) -> None:
    """Write what was found; unless the run was a `whole` one, what was not measured again stays."""
    backbone_id, known = add.backbone_id, read_evaluation()
    found = {(result["protocol"], result["metric"]) for result in add.results}
    ours = [result for result in known.results if result["backbone"] == backbone_id]
    kept = [] if whole else [result for result in ours if (result["protocol"], result["metric"]) not in found]
    results, outcomes = kept + add.results, ({} if whole else load_outcomes(backbone_id)) | add.outcomes
    others = [result for result in known.results if result["backbone"] != backbone_id]
    register([save_outcomes(backbone_id, outcomes), save_senders(load_senders() | add.senders)])
    _keep(Evaluation(others + results, known.runs | {backbone_id: run}), backbone_id)


def _keep(evaluation: Evaluation, backbone_id: str) -> None:
    """Write all figures, and the model card where the backbone has one."""
    write_json(artifacts_dir() / FILE, {"schema": SCHEMA, "results": evaluation.results, "runs": evaluation.runs})
    files = [artifacts_dir() / FILE]
    if backbone_id == DEFAULT_BACKBONE:
        from core.training.card import write_card

        ours = [result for result in evaluation.results if result["backbone"] == backbone_id]
        files.append(write_card(model_dir(backbone_id), ours))
    register(files)


def renew_intervals(backbone_id: str, report: Callable[[str], None] = print) -> list[Result]:
    """Compute a backbone's intervals again from what each query got, and write them; nothing is embedded.

    Returns:
        Its figures whose queries are on file.
    """
    known, outcomes, senders = read_evaluation(), load_outcomes(backbone_id), load_senders()
    again = Record(backbone_id, report)
    for result in known.results:
        key = result["protocol"], result["metric"]
        if result["backbone"] == backbone_id and len(outcomes.get(key, ())) == result["n"]:
            whose = senders.get(key)
            again.mean(*key, outcomes[key], whose if whose is not None and len(whose) == result["n"] else None)
            result |= {name: again.results[-1][name] for name in ("low", "high")}
    _keep(known, backbone_id)
    return again.results
