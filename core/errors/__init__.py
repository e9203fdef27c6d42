"""The exceptions that core raises on purpose: a code and its fields, worded where they are shown.

    VitrineError
    ├── ImageError       one picture could not be read (which one, why, and the limit if there is one)
    │   └── ImageTypeError   … because it is no picture, or of a type that is not accepted
    ├── ArtifactError    a file under artifacts/ is missing, damaged or of another version; says the repair
    ├── DataError        a data set on disk is missing or is not what its name says
    │   ├── OtherWeightsError   … because other weights made it than those that are here
    │   └── OtherPreparationError  … because pictures were prepared for it in another way
    ├── DownloadError    the network, or what came over it, was not as expected
    └── UnknownNameError a name that is in no registry; lists the names that are

Each sentence is in `en/`, a file a room, under its code; a second language is a second folder. `str(error)` is the
English one; the pages say `error.said(language)`. Anything else that escapes from core is a bug.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from core.errors.filling import Filler

FOLDER = Path(__file__).parent
USUAL = "en"


@cache
def sentences_in(language: str) -> dict[str, str]:
    """Code ("room.name") -> sentence with gaps, in a language; in English where that one has none."""
    known = {} if language == USUAL else dict(sentences_in(USUAL))
    for file in sorted((FOLDER / language).glob("*.toml")):
        known |= {f"{file.stem}.{name}": text for name, text in tomllib.loads(file.read_text("utf-8")).items()}
    return known


@cache
def filler(language: str) -> Filler:
    """What fills the gaps of a language's texts, with numbers as `errors.number` shows them."""
    return Filler(sentences_in(language)["errors.number"])


@dataclass(frozen=True)
class Sentence:
    """A sentence that is looked up where it is shown.

    Attributes:
        code: Its name: "room.name".
        fields: What fills its gaps; another sentence among them is said in the same language.
    """

    code: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def said(self, language: str = USUAL) -> str:
        """The sentence in a language."""
        fields = {
            name: value.said(language) if isinstance(value, Sentence | VitrineError) else value
            for name, value in self.fields.items()
        }
        return filler(language).format(sentences_in(language)[self.code], **fields)

    def __str__(self) -> str:
        """The English sentence."""
        return self.said()


def sentence(code: str, **fields: Any) -> Sentence:
    """The sentence of a code, with what fills its gaps."""
    return Sentence(code, fields)


class VitrineError(Exception):
    """Base of all errors that a user can understand.

    Attributes:
        sentence: What happened, as one plain sentence.
    """

    def __init__(self, code: str, **fields: Any):
        super().__init__(code)
        self.sentence = Sentence(code, fields)

    def said(self, language: str = USUAL) -> str:
        """The sentence in a language."""
        return self.sentence.said(language)

    def __str__(self) -> str:
        """The English sentence."""
        return self.said()


class ImageError(VitrineError):
    """A picture that cannot be used.

    Attributes:
        name: What the visitor calls the picture (a file name, never a path of the server).
        reason: Why, without the name and without a final full stop.
    """

    def __init__(self, name: str | Sentence, reason: Sentence):
        super().__init__("errors.image", name=name, reason=reason)
        self.name = name
        self.reason = reason


class ImageTypeError(ImageError):
    """A file that is no picture, or a picture of a type that is not accepted."""


class ArtifactError(VitrineError):
    """A file under artifacts/ that must not be used.

    Attributes:
        file: Path relative to the artifacts folder.
        problem: What is wrong with it.
        repair: The command that mends it.
    """

    def __init__(self, file: str, problem: Sentence, repair: str):
        super().__init__("errors.artifact", file=file, problem=problem, repair=repair)
        self.file = file
        self.problem = problem
        self.repair = repair


class DataError(VitrineError):
    """A data set that is missing or is not what it should be."""


class OtherWeightsError(DataError):
    """Something made with a backbone whose weights have changed since: its embeddings mean nothing to the new ones.

    Attributes:
        what: What was made, as a sentence begins with it.
        backbone: Id of the backbone.
        remedy: A sentence that says how to make it again.
    """

    def __init__(self, what: Sentence, backbone: str, remedy: Sentence):
        super().__init__("errors.other-weights", what=what, backbone=backbone, remedy=remedy)
        self.what = what
        self.backbone = backbone
        self.remedy = remedy


class OtherPreparationError(DataError):
    """Something made from pictures that were prepared in another way than they are now; attributes as above."""

    def __init__(self, what: Sentence, backbone: str, remedy: Sentence):
        super().__init__("errors.other-preparation", what=what, backbone=backbone, remedy=remedy)
        self.what = what
        self.backbone = backbone
        self.remedy = remedy


class DownloadError(VitrineError):
    """A download that failed: offline, interrupted, or not the expected content."""


class UnknownNameError(VitrineError):
    """A name that is not registered.

    Attributes:
        name: The name asked for.
        known: The names that would have been right, sorted.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        self.name = name
        self.known = sorted(known)
        names = ", ".join(self.known)
        super().__init__("errors.unknown", kind=Sentence(f"errors.{kind}"), name=name, known=names)
