"""What one step of training sees: views of pictures of all sources, their labels, and texts about them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.engine.looks.attributes import Known
from core.engine.looks.vocabulary import ATTRIBUTES
from core.training.data.captions import relation, words_for
from core.training.data.labels import TEMPLATES, text_for
from core.training.data.samples import CLOTHING, FASHION_MNIST, Sample

#: Share of texts beside product photos that are the product's name.
_NAMES = 0.5
#: Of the data sets whose classes are coarser than kinds: share of texts that name the class as the data set does.
_OWN_WORDS = {FASHION_MNIST: 0.8, CLOTHING: 0.3}


@dataclass(frozen=True)
class Texts:
    """m texts and what they are right for.

    Attributes:
        texts: The texts.
        relation: (n, m) int8, of n samples to them: 1 right, 0 wrong, -1 not comparable.
    """

    texts: list[str]
    relation: np.ndarray


class LabelCodes:
    """The labels of samples as arrays of bool, one for each attribute, and of their own data sets' facts."""

    def __init__(self, samples: Sequence[Sample]):
        trained = [sample if sample.part == "train" else None for sample in samples]
        names = {
            **{name: [s.labels.get(name, frozenset()) if s else frozenset() for s in trained] for name in ATTRIBUTES},
            **{
                name: [frozenset({s.facts[name]}) if s and name in s.facts else frozenset() for s in trained]
                for name in FACTS
            },
        }
        self.classes: dict[str, list[str]] = {}
        self.allowed: dict[str, np.ndarray] = {}
        for name, sets in names.items():
            classes = sorted(set().union(*sets) - _SAYS_NOTHING)
            number = {one: i for i, one in enumerate(classes)}
            allowed = np.zeros((len(samples), len(classes)), bool)
            for row, some in enumerate(sets):
                allowed[row, [number[one] for one in some if one in number]] = True
            self.classes[name], self.allowed[name] = classes, allowed

    def relate(self, rows: np.ndarray, asked: Sequence[Known]) -> np.ndarray:
        """(n, m) int8: whether samples are what is asked for: 1 surely, 0 surely not, -1 open."""
        surely = np.ones((len(rows), len(asked)), bool)
        never = np.zeros_like(surely)
        for name in ATTRIBUTES:
            number = {one: i for i, one in enumerate(self.classes[name])}
            wanted = np.zeros((len(asked), len(number)), np.float32)
            for column, some in enumerate(asked):
                wanted[column, [number[one] for one in some.get(name, ()) if one in number]] = 1
            silent = np.array([name not in some for some in asked], bool)
            allowed = self.allowed[name][rows].astype(np.float32)
            n_common, n_allowed = allowed @ wanted.T, allowed.sum(1, keepdims=True)
            surely &= silent | ((n_common == n_allowed) & (n_allowed > 0))
            never |= ~silent & (n_common == 0) & (n_allowed > 0)
        return np.where(never, 0, np.where(surely, 1, -1)).astype(np.int8)


#: What one data set alone says, in its own words: heads of their own, and the part of the embedding that they shape.
FACTS = {"article": "kind", "gender": "kind", "label": "kind", "class": "kind", "shade": "colour", "length": "look"}
#: "Shoes" would pull boots and sandals onto one point; "Not sure" is no class.
_SAYS_NOTHING = {"Shoes", "Not sure", "Other", "Skip", "-", "", "NA"}


def texts_of(samples: Sequence[Sample], rows: np.ndarray, codes: LabelCodes, rng: random.Random) -> Texts:
    """One text for each of the samples that has something to say.

    Args:
        samples: All samples.
        rows: (n,) positions of those in the batch.
        codes: Of all samples.
        rng: Chooses what is said.
    """
    names: dict[str, list[int]] = {}
    own: dict[str, Sample] = {}
    asked: dict[str, Known] = {}
    for column, row in enumerate(rows):
        sample = samples[row]
        if sample.captions and rng.random() < _NAMES:
            names.setdefault(sample.captions[1], []).append(column)
        elif sample.source in _OWN_WORDS and rng.random() < _OWN_WORDS[sample.source]:
            own.setdefault(rng.choice(TEMPLATES).format(rng.choice(words_for(sample.kind))), sample)
        elif any(sample.labels.values()):
            text, wanted = text_for(sample.labels, rng)
            if wanted:
                asked[text] = wanted
    of_names = np.zeros((len(rows), len(names)), np.int8)
    for column, them in enumerate(names.values()):
        of_names[them, column] = 1
    of_own = np.array([[_same_kind(one, samples[row]) for one in own.values()] for row in rows], np.int8)
    all_of = np.concatenate([of_names, of_own.reshape(len(rows), -1), codes.relate(rows, list(asked.values()))], 1)
    return Texts([*names, *own, *asked], all_of)


def _same_kind(said: Sample, seen: Sample) -> int:
    """Whether what one data set calls a sample is right for another: 1, 0, or -1 where that is open."""
    return relation(said.kind, seen.kind, said.label_set == seen.label_set) if seen.part == "train" else -1


def passes(rows: np.ndarray, n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """n of the rows, again and again; none twice before all were drawn, but for the end of a pass."""
    while not 0 < n <= len(rows):
        yield rng.choice(rows, n)
    while True:
        order = rng.permutation(rows)
        yield from (order[begin : begin + n] for begin in range(0, len(order) - n + 1, n))


def rows_by_source(samples: Sequence[Sample]) -> Mapping[str, np.ndarray]:
    """source -> positions of its training samples."""
    found: dict[str, list[int]] = {}
    for row, sample in enumerate(samples):
        if sample.part == "train":
            found.setdefault(sample.source, []).append(row)
    return {source: np.array(rows) for source, rows in found.items()}
