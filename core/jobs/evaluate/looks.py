"""Whether what is found looks like the query: fine kind, colour and pattern by labels made by looking.

All figures but the last are P@5, and hits of the query's own sender never count:

- `shoes`: a shoe photo among other people's shoes, one of seven kinds; `shoes_of_products`: a product photo that was
  kept aside, among all shoes of the clothing photos.
- `colour`, `kind_and_colour` (kind is the data set's own label), `pattern` (of pieces that have one): a clothing photo
  among all others.
- `type`, `type_colour_gender`, `pattern_word` (striped, checked …, where the name has such a word): a product photo
  among 3,583.
- `words_kind`, `words_colour`, `words_pattern`: 64 phrases (`phrases.toml`) among the clothing photos, each
  counted for what it names.
- `same_item_R@1`: a clothing photo as a phone might take it again, tilted, cropped, lit, framed by something else,
  finds itself among all items of all catalogues.

Intervals are resampled over senders: who gave twenty photos counts once, not twenty times.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from core.engine.catalogues import CATALOGUES, photos
from core.engine.catalogues.embedded import Labelled, labelled
from core.engine.embedders.base import Embedder
from core.engine.embedders.bulk import for_bulk
from core.engine.images.augment import as_by_phone
from core.engine.index.hnsw import ExactIndex
from core.engine.looks.attributes import load_attributes
from core.engine.looks.vocabulary import ATTRIBUTES
from core.engine.looks.wording import labels_of
from core.jobs.evaluate.products import Products

if TYPE_CHECKING:
    from core.jobs.evaluate.protocols import Record

PROTOCOL = "looks"
SHOES = ("sneaker", "boot", "heel", "flat", "sandal", "flip-flop", "formal")
PHRASES: list[str] = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))["phrases"]
K = 5
N_SAME_ITEM = 500
_SEED = 15


@dataclass(frozen=True)
class Side:
    """The clothing photos with what they show.

    Attributes:
        data: Embeddings and items.
        label: (n,) the data set's own labels.
        seen: Attribute -> (n,) str, by looking; "" where unknown.
        sender: (n,) who gave each.
        queries: (m,) positions of the queries, whose label names a garment.
        gallery: (k,) positions that may be found.
    """

    data: Labelled
    label: np.ndarray
    seen: dict[str, np.ndarray]
    sender: np.ndarray
    queries: np.ndarray
    gallery: np.ndarray


def measure(embedder: Embedder, products: Products | None, add: Record, part: str) -> None:
    """Take all figures of the protocol; those of products only where they are here."""
    side = clothing_side(embedder, part)
    seen = side.seen
    shoes = np.isin(seen["kind"], SHOES)
    _precision(side, "shoes_P@5", shoes, lambda q, g: seen["kind"][q] == seen["kind"][g], add, among=shoes)
    _precision(side, "colour_P@5", seen["colour"] != "", lambda q, g: seen["colour"][q] == seen["colour"][g], add)
    both = np.char.add(np.char.add(side.label, " "), seen["colour"])
    _precision(side, "kind_and_colour_P@5", seen["colour"] != "", lambda q, g: both[q] == both[g], add)
    patterned = ~np.isin(seen["pattern"], ("", "solid"))
    _precision(side, "pattern_P@5", patterned, lambda q, g: seen["pattern"][q] == seen["pattern"][g], add)
    if embedder.record.has_text:
        _words(embedder, side, add)
    if products is not None:
        _shoes_of_products(side, products, shoes, add)
        _products(products, add)
    _same_item(embedder, side, add)


def clothing_side(embedder: Embedder, part: str) -> Side:
    """The clothing photos: queries of `split=test` among all, or of the validation part among those of training."""
    data = labelled(embedder, "clothing")
    label, split = data.column("label"), data.column("split")
    named = ~np.isin(label, list(CATALOGUES["clothing"].no_garment))
    wanted = split == "test"
    if part == "validation":
        named, wanted = named & ~wanted, data.column("small_split") == "validation"
    attributes = load_attributes("clothing")
    known = list(map(attributes.of, data.column("id").tolist(), label.tolist()))
    seen = {name: np.array([" or ".join(sorted(one[name])) for one in known]) for name in ATTRIBUTES}
    return Side(data, label, seen, data.column("sender"), np.flatnonzero(named & wanted), np.flatnonzero(named))


def _precision(
    side: Side,
    metric: str,
    asked: np.ndarray,
    agree: Callable[[np.ndarray, np.ndarray], Any],
    add: Record,
    among: np.ndarray | None = None,
) -> None:
    """P@5 of the queries that have what is asked for, among the gallery (or part of it) of other senders."""
    queries = side.queries[asked[side.queries]]
    gallery = side.gallery if among is None else side.gallery[among[side.gallery]]
    if not len(queries):
        return
    found, index = [], ExactIndex(side.data.embeddings)
    for query in queries:
        others = gallery[side.sender[gallery] != side.sender[query]]
        best = index.search_among(side.data.embeddings[[query]], K, others)[0][0]
        found.append(np.mean(agree(np.full(len(best), query), best)))
    add.mean(PROTOCOL, metric, np.array(found), side.sender[queries])


def _shoes_of_products(side: Side, products: Products, shoes: np.ndarray, add: Record) -> None:
    gallery, n = side.gallery[shoes[side.gallery]], products.n_queries
    found, index = [], ExactIndex(side.data.embeddings)
    for sample, embedding in zip(products.samples[:n], products.embeddings[:n], strict=True):
        kinds = sample.labels["kind"]
        if len(kinds) == 1 and kinds <= set(SHOES):
            best = index.search_among(embedding[None], K, gallery)[0][0]
            found.append(np.mean(np.isin(side.seen["kind"][best], list(kinds))))
    if found:
        add.mean(PROTOCOL, "shoes_of_products_P@5", np.array(found))


def _products(products: Products, add: Record) -> None:
    n = products.n_queries
    scores = products.embeddings[:n] @ products.embeddings.T
    scores[np.arange(n), np.arange(n)] = -2
    best = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    type_, shade, gender = (products.labels(name) for name in ("article", "shade", "gender"))
    agree = type_[best] == type_[:n, None]
    add.mean(PROTOCOL, "type_P@5", agree.mean(1))
    add.mean(PROTOCOL, "product_colour_P@5", (shade[best] == shade[:n, None]).mean(1))
    agree &= (shade[best] == shade[:n, None]) & (gender[best] == gender[:n, None])
    add.mean(PROTOCOL, "type_colour_gender_P@5", agree.mean(1))
    words = [sample.labels.get("pattern", frozenset()) for sample in products.samples]
    said = [row for row in range(n) if words[row]]
    if said:
        same = [np.mean([words[other] == words[row] for other in best[row]]) for row in said]
        add.mean(PROTOCOL, "pattern_word_P@5", np.array(same))


def _words(embedder: Embedder, side: Side, add: Record) -> None:
    best = ExactIndex(side.data.embeddings).search_among(embedder.embed_texts(PHRASES), K, side.gallery)[0]
    asked = [labels_of(phrase) for phrase in PHRASES]
    for name in ATTRIBUTES:
        naming = [row for row, labels in enumerate(asked) if name in labels]
        right = [np.mean([side.seen[name][one] in asked[row][name] for one in best[row]]) for row in naming]
        add.mean(PROTOCOL, f"words_{name}_P@5", np.array(right))


def _same_item(embedder: Embedder, side: Side, add: Record) -> None:
    rng = random.Random(_SEED)
    chosen = rng.sample(side.queries.tolist(), min(N_SAME_ITEM, len(side.queries)))
    ids = side.data.column("id")

    def retaken() -> Iterator[Image.Image]:
        for position in chosen:
            other = photos.picture(ids[rng.randrange(len(ids))])
            yield as_by_phone(photos.picture(ids[position]), other, rng)

    queries = for_bulk(embedder).embed_images(retaken())
    parts = [side.data.embeddings] + [labelled(embedder, name).embeddings for name in CATALOGUES if name != "clothing"]
    first = ExactIndex(np.concatenate(parts)).search(queries, 1)[0][:, 0]
    add.mean(PROTOCOL, "same_item_R@1", first == np.array(chosen), side.sender[chosen])
