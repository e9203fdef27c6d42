"""Pictures on their way into a catalogue of one's own, and the names that they are given.

Whatever a source is (a ZIP archive, a folder, a table of URLs), it gives `Incoming` pictures and `Skipped`
ones in its order, so that a bad one in the middle moves nothing.
"""

from __future__ import annotations

import copy
import unicodedata
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import MAX_IMAGE_BYTES
from core.engine.progress import Progress, size_of, take_each
from core.engine.turns import in_turn
from core.errors import DataError, ImageError, Sentence, sentence

if TYPE_CHECKING:
    from core.engine.embedders.base import EmbeddedPhoto, Embedder

MAX_NAME = 400
_SHOWN = 120
#: What operating systems leave beside pictures.
_JUNK_NAMES = frozenset({"thumbs.db", ".ds_store", "desktop.ini"})
_JUNK_FOLDERS = frozenset({"__MACOSX"})
#: They reverse the order in which a name is read.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
TOO_HEAVY = sentence("own.skipped-heavy", megabytes=MAX_IMAGE_BYTES / 1e6)


@dataclass(frozen=True)
class Incoming:
    """A file that claims to be a picture.

    Attributes:
        name: What the visitor calls it; differs from all others of its source.
        label: Its class, "" where unknown.
        data: Its content, not looked at yet.
        title: Its name for readers, "" where there is none.
        source: The URL it came from, "" otherwise.
        metadata: Further columns of its row in a table.
        place: Its path in the folder or the archive, as that spells it; "" where it comes from elsewhere.
    """

    name: str
    label: str
    data: bytes = field(repr=False)
    title: str = ""
    source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    place: str = field(default="", compare=False)


@dataclass(frozen=True)
class Skipped:
    """Something that was left out: its name, made safe to show, and why, without a final full stop."""

    name: str | Sentence
    reason: Sentence

    @property
    def sentence(self) -> Sentence:
        """Both as one sentence."""
        return sentence("errors.image", name=self.name, reason=self.reason)


class UploadError(DataError):
    """A file from outside that is refused as a whole; names the limit that it breaks."""


def has_control_characters(name: str) -> bool:
    """Whether a name holds characters that are not written but obeyed (NUL, newline, reversal)."""
    return any(unicodedata.category(c) in ("Cc", "Cs") or c in _TURNING for c in name)


def shown(name: str) -> str:
    """A name as it can be shown: what cannot be written is replaced, and the middle of a long one left out."""
    plain = "".join("\ufffd" if has_control_characters(c) else c for c in name)
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN // 2]}…{plain[-_SHOWN // 2 :]}"


def is_junk(parts: Sequence[str]) -> bool:
    """Whether a path (its parts) is what an operating system left behind; such files are passed over in silence."""
    last = parts[-1] if parts else ""
    return last.lower() in _JUNK_NAMES or last.startswith("._") or not _JUNK_FOLDERS.isdisjoint(parts)


def folder_labels(paths: Sequence[Sequence[str]]) -> list[str]:
    """The label of each path (its parts, the file last): its innermost folder, once a common root is gone.

    A folder that holds everything says nothing of any one picture, so one such folder is taken away first.
    """
    roots = {path[0] if len(path) > 1 else "" for path in paths}
    n_stripped = 1 if len(roots) == 1 and "" not in roots else 0
    return [path[-2] if len(path) > 1 + n_stripped else "" for path in paths]


def unique_names(names: Sequence[str]) -> list[str]:
    """The same names in the same order, with " (2)", " (3)" … after each that came before."""
    taken = set(names)
    seen: set[str] = set()
    next_number: Counter[str] = Counter()
    result = []
    for name in names:
        unique = name
        if name in seen:
            number = max(2, next_number[name])
            while (unique := f"{name} ({number})") in taken:
                number += 1
            next_number[name] = number + 1
            taken.add(unique)
        seen.add(name)
        result.append(unique)
    return result


def embed_each(
    incoming: Iterable[Incoming | Skipped],
    embedder: Embedder,
    use: Callable[[Incoming, EmbeddedPhoto], None],
    skipped: list[Skipped],
    why_full: Callable[[Incoming], Sentence | None],
    n_total: int | None = None,
) -> Generator[Progress, None, None]:
    """Decode and embed pictures in steps, each in its turn.

    Whoever stops asking (`close`, or `break`) cancels and keeps what was done.

    One at a time: batches of 4 to 32 cost 1.5 to 2 times as much processor time a picture (measured with vitrine-clip
    on two cores), and a click on Cancel would wait for the batch.

    Args:
        incoming: A `ZipSource`, `UrlSource` or `FolderSource`, or anything like them.
        embedder: Of the backbone.
        use: Takes each picture with its embedding.
        skipped: Told what is left out, and why.
        why_full: Why a picture and all after it are left out, None while there is room.
        n_total: How many there are; default: the length of `incoming`, where it has one.

    Yields:
        Progress, as often as `core.engine.progress.REPORT_S` says, and once when all is done.

    Raises:
        VitrineError: The backbone gave no usable embedding.
    """
    from core.engine.embedders.base import embed_photo
    from core.engine.images.decode import megapixels

    who = object()  # of all who have pictures looked at, this one

    def until_full() -> Iterator[Incoming | Skipped]:
        for one in incoming:
            if isinstance(one, Incoming) and (full := why_full(one)):
                skipped.append(Skipped(sentence("own.and-all-after", name=one.name), full))
                return
            yield one

    def take(one: Incoming | Skipped) -> bool:
        if isinstance(one, Incoming):
            with in_turn(who, megapixels(one.data)):
                try:
                    photo = embed_photo(embedder, one.data, one.name, whole=True)
                except ImageError as error:
                    one = Skipped(one.name, error.reason)
                else:
                    use(one, photo)
                    return True
        skipped.append(one)
        return False

    yield from take_each(until_full(), take, size_of(incoming) if n_total is None else n_total)


class FolderSource:
    """All files below a local folder, sorted by path; read only when their turn comes.

    For whoever runs this on their own machine: a path never comes from a visitor.
    """

    def __init__(self, folder: Path):
        """List the folder; links are not followed.

        Raises:
            UploadError: It is no folder.
        """
        if not folder.is_dir():
            raise UploadError("own.no-folder", folder=folder)
        found = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
        parts = [path.relative_to(folder).parts for path in found]
        kept = [number for number, path in enumerate(parts) if not is_junk(path)]
        self._files = [found[number] for number in kept]
        self._parts = [parts[number] for number in kept]

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self._files)

    def part(self, start: int, stop: int) -> FolderSource:
        """The files from one number to before another, as a source that can be sent to another process."""
        part = copy.copy(self)
        part._files, part._parts = self._files[start:stop], self._parts[start:stop]
        return part

    def __iter__(self) -> Iterator[Incoming | Skipped]:
        """Yield the files, or why one was left out."""
        for path, parts in zip(self._files, self._parts, strict=True):
            name = "/".join(parts)
            try:
                with path.open("rb") as file:
                    data = file.read(MAX_IMAGE_BYTES + 1)
            except OSError as error:
                yield Skipped(shown(name), sentence("own.skipped-unreadable", why=error.strerror))
                continue
            if len(data) > MAX_IMAGE_BYTES:
                yield Skipped(shown(name), TOO_HEAVY)
            else:
                yield Incoming(shown(name), parts[-2] if len(parts) > 1 else "", data, place=name)
