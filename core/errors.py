"""The exceptions that core raises on purpose. Whoever shows them prints `str(error)`: one plain sentence.

    VitrineError
    ├── ImageError       one picture could not be read (which one, why, and the limit if there is one)
    │   └── ImageTypeError   … because it is no picture, or of a type that is not accepted
    ├── ArtifactError    a file under artifacts/ is missing, damaged or of another version; says the repair
    ├── DataError        a data set on disk is missing or is not what its name says
    │   └── OtherWeightsError   … because other weights made it than those that are here
    ├── DownloadError    the network, or what came over it, was not as expected
    └── UnknownNameError a name that is in no registry; lists the names that are

Anything else that escapes from core is a bug.
"""

from __future__ import annotations

from collections.abc import Iterable


class VitrineError(Exception):
    """Base of all errors that a user can understand; its text is one plain sentence."""


class ImageError(VitrineError):
    """A picture that cannot be used.

    Attributes:
        name: What the visitor calls the picture (a file name, never a path of the server).
        reason: Why, without the name and without a final full stop.
    """

    def __init__(self, name: str, reason: str):
        super().__init__(f"{name}: {reason}.")
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

    def __init__(self, file: str, problem: str, repair: str):
        super().__init__(f"artifacts/{file} {problem}. To repair it, run: {repair}")
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

    def __init__(self, what: str, backbone: str, remedy: str):
        super().__init__(f"{what} was made with other weights of {backbone} than those here. {remedy}")
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
        super().__init__(f"There is no {kind} named {name!r}. Known: {', '.join(self.known)}.")
