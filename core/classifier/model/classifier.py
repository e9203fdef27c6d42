"""A trained classifier, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.classifier.training.head import Head


@dataclass(frozen=True, eq=False)
class Classifier:
    """A head and what is known of it.

    Attributes:
        head: The network.
        labels: One a class, in the order of the head's outputs.
        backbone: Id of the backbone whose embeddings it takes.
        backbone_sha256: Of that backbone's weights, "" where they have no file of their own.
        kind: One of `KINDS`.
        facts: How it came about, for readers: data, split, options, figures. JSON values only.
        tower: The fine-tuned backbone as ONNX, b"" where the backbone is as it was.
        preparation: How pictures were prepared (`preparation_of`), "" where that was not kept.
    """

    head: Head
    labels: tuple[str, ...]
    backbone: str
    backbone_sha256: str
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    tower: bytes = field(default=b"", repr=False)
    preparation: str = ""
