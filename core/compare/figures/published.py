"""Figures that others published, to stand beside ours; `published.toml` says what each is and where it is from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Published:
    """One figure of somebody else's.

    Attributes:
        system: What was measured.
        protocol: Ours that it comes closest to.
        metric: Ours that it comes closest to.
        value: In [0, 1].
        source: Where it was published.
        note: How the definition differs from ours; "" where it is the same.
    """

    system: str
    protocol: str
    metric: str
    value: float
    source: str
    note: str = ""


PUBLISHED = tuple(
    Published(**figure) for figure in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["figure"]
)


def beside(protocol: str) -> list[Published]:
    """The figures that stand beside one of our protocols, best first."""
    return sorted((one for one in PUBLISHED if one.protocol == protocol), key=lambda one: (one.metric, -one.value))
