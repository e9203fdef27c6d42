"""What a question asks for in kind, colour and pattern, and what of it a found item has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.engine.catalogues.items import split_id
from core.engine.looks.agreement import Agreement, Subject, agreements, of_labels, of_picture, read
from core.engine.looks.attributes import Attributes, Known, load_attributes
from core.engine.looks.reading import Looks
from core.engine.looks.vocabulary import ATTRIBUTES
from core.engine.looks.wording import labels_of
from core.engine.search.gallery import Gallery
from core.engine.search.query import Query


def of_query(query: Query, embedding: np.ndarray, gallery: Callable[[str], Gallery], looks: Looks | None) -> Subject:
    """What is known of a question's subject, with what is said beside it.

    Items that the query is pushed away from change nothing: it is still the subject that is asked about.

    Args:
        query: The question.
        embedding: (dim,) float32 of its subject alone.
        gallery: Id of a catalogue -> its gallery.
        looks: What reads embeddings; without it nothing can be told.

    Raises:
        ArtifactError: What is known of the items is damaged.
    """
    subject = _alone(query, embedding, gallery, looks)
    if query.wording.added or query.wording.less:
        added, less = (labels_of(words) for words in (query.wording.added, query.wording.less))
        return subject.with_words(added, less, looks)
    return subject


def _alone(query: Query, embedding: np.ndarray, gallery: Callable[[str], Gallery], looks: Looks | None) -> Subject:
    if query.text:
        return of_labels(labels_of(query.text), looks)
    if not query.item:
        return of_picture(embedding, looks)
    catalogue = split_id(query.item)[0]
    items, attributes = gallery(catalogue).items, load_attributes(catalogue)
    seen = of_picture(embedding, looks, attributes)
    item = items.row(items.position(query.item))
    known = of_labels(attributes.of(item.id, item.label), looks)
    return Subject({**seen.shares, **known.shares}, known.stated)


def compare(
    subject: Subject, attributes: Attributes, known: Known, embedding: Callable[[], np.ndarray], looks: Looks | None
) -> dict[str, Agreement]:
    """What agrees between a query and an item; what is not known of the item is read.

    Args:
        subject: The query.
        attributes: Of the item's catalogue.
        known: What is known of the item.
        embedding: Gives the item's, (dim,) float32; called only where something has to be read.
        looks: What reads embeddings; without it what is not known stays unknown.
    """
    unknown = [name for name in ATTRIBUTES if not known[name] and attributes.can_be_read(name)]
    seen = read(embedding(), looks) if unknown else {}
    return agreements(subject, known, {name: seen[name] for name in unknown if name in seen})
