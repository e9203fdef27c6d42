"""What is wrong with a set of labelled pictures, and which part each of them goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.classifier.data.examples import PARTS, TRAIN, VALIDATION, Examples
from core.classifier.data.sources import MISSING
from core.classifier.data.split import SHARES, join, split
from core.errors import DataError
from core.own.duplicates import find_duplicates
from core.own.ingest.incoming import Skipped

#: A class of fewer pictures cannot be in all three parts, and is left out.
MIN_PICTURES = 3
#: A class of fewer pictures is learned from little and tested on one or two.
RARE = 10
#: The least similarity of two pictures that are called nearly the same, as `vitrine-clip` sees them: of 400 photos
#: saved again (JPEG quality 60), made half as large or 15 % brighter 89 % stay above, and so do 23 of the 14.6
#: million pairs of clothing photos, where the limit of `core.own.duplicates` has 1,748.
NEARLY = 0.995
#: Comparing more pictures with each other takes too long.
MAX_COMPARED = 10_000


@dataclass(frozen=True)
class Across:
    """Two pictures in different parts that are the same file, or nearly the same picture (cosine)."""

    names: tuple[str, str]
    parts: tuple[str, str]
    similarity: float


@dataclass(frozen=True, eq=False)
class Report:
    """What was found.

    Attributes:
        classes: Those that are kept, sorted.
        counts: (classes, 3) int64: pictures in training, validation, test.
        n_groups: Groups that were kept together, 0 where there are none.
        missing: Named by the table, but not there.
        unreadable: Left out for any other reason.
        left_out: Classes of fewer than `MIN_PICTURES`, with their number.
        rare: Kept classes of fewer than `RARE`, with their number.
        absent: (class, part) where a class has no picture in a part.
        conflicts: Names of pictures that are one file under two labels.
        across: Duplicates between parts, the closest first; None where there are too many pictures to compare.
    """

    classes: tuple[str, ...]
    counts: np.ndarray
    n_groups: int = 0
    missing: Sequence[Skipped] = ()
    unreadable: Sequence[Skipped] = ()
    left_out: Sequence[tuple[str, int]] = ()
    rare: Sequence[tuple[str, int]] = ()
    absent: Sequence[tuple[str, str]] = ()
    conflicts: Sequence[tuple[str, str]] = ()
    across: Sequence[Across] | None = field(default=())


def organise(examples: Examples, seed: int = 0, skipped: Sequence[Skipped] = ()) -> tuple[Examples, Report]:
    """Leave out classes that are too small, decide the parts, and look for duplicates.

    Parts that are given for every picture are kept; only where there is no validation part, a share of training
    becomes it. Otherwise all is split by class, and by group: files that are the same byte for byte stay together.

    Args:
        examples: As they came.
        seed: Of the split.
        skipped: What did not even get here, for the report.

    Raises:
        DataError: Fewer than two classes are left.
    """
    sizes = np.bincount(examples.targets, minlength=len(examples.classes))
    small = [(name, int(n)) for name, n in zip(examples.classes, sizes, strict=True) if n < MIN_PICTURES]
    kept = examples.only(np.flatnonzero(sizes[examples.targets] >= MIN_PICTURES))
    if len(kept.classes) < 2:
        raise DataError(
            "classifier.classes-too-small", least=MIN_PICTURES, n_kept=len(kept.classes), n=len(examples.classes)
        )
    kept = replace(kept, parts=decide_parts(kept, seed))
    counts = kept.counts()
    totals = counts.sum(axis=1).tolist()
    return kept, Report(
        kept.classes,
        counts,
        n_groups=len(set(kept.groups.tolist()) - {""}),
        missing=[one for one in skipped if one.reason == MISSING],
        unreadable=[one for one in skipped if one.reason != MISSING],
        left_out=small,
        rare=[(name, n) for name, n in zip(kept.classes, totals, strict=True) if n < RARE],
        absent=[(kept.classes[c], PARTS[p]) for c, p in np.argwhere(counts == 0)],
        conflicts=_conflicts(kept),
        across=_across(kept),
    )


def decide_parts(examples: Examples, seed: int) -> np.ndarray:
    """(n,) str: the part of every picture; see `organise`."""
    groups = join(examples.groups, examples.digests)
    parts = examples.parts.astype(object)
    if not (parts != "").all():
        return split(examples.targets, groups, seed)
    if not (parts == VALIDATION).any():
        shares = {TRAIN: SHARES[TRAIN], VALIDATION: SHARES[VALIDATION]}
        whole = sum(shares.values())
        train = np.flatnonzero(parts == TRAIN)
        shares = {part: share / whole for part, share in shares.items()}
        parts[train] = split(examples.targets[train], groups[train], seed, shares)
    return parts.astype(str)


def _conflicts(examples: Examples) -> list[tuple[str, str]]:
    """Names of pictures with the same file and different labels, each with the first of its file."""
    first: dict[str, int] = {}
    found = []
    for position, digest in enumerate(examples.digests):
        other = first.setdefault(digest, position) if digest else position
        if examples.targets[other] != examples.targets[position]:
            found.append((examples.names[other], examples.names[position]))
    return found


def _across(examples: Examples) -> list[Across] | None:
    if len(examples) > MAX_COMPARED:
        return None
    files = {str(p): digest or examples.ids[p] for p, digest in enumerate(examples.digests)}
    report = find_duplicates(files, examples.embeddings, NEARLY)
    same = [(group[0], other, 1.0) for group in report.exact for other in group[1:]]
    pairs = [*same, *((pair.id_a, pair.id_b, pair.similarity) for pair in report.near)]
    found = []
    for first, second, similarity in pairs:
        a, b = int(first), int(second)
        parts = (str(examples.parts[a]), str(examples.parts[b]))
        if parts[0] != parts[1]:
            found.append(Across((examples.names[a], examples.names[b]), parts, similarity))
    return found
