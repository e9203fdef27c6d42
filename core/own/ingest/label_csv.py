"""A table of file names and labels -> what it says of each picture; the clothing dataset's images.csv is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from core.config import MAX_CSV_ROWS
from core.errors import DataError, sentence
from core.own.ingest.incoming import Skipped, UploadError, shown
from core.own.ingest.item_csv import LABEL_COLUMNS, find_column, parse_table, why_not_row

#: Names of columns, the most telling first, without capitals, blanks and underscores.
NAME_COLUMNS = ("filename", "file", "image", "imageid", "picture", "photo", "path", "name", "id")
GROUP_COLUMNS = ("senderid", "sender", "group", "groupid", "productid", "person", "user", "userid")


@dataclass(frozen=True)
class LabelRow:
    """One picture: its name in the table, its label, and its group ("" for none)."""

    name: str
    label: str
    group: str


class LabelTable:
    """Labels by file name.

    Attributes:
        rows: In the order of the table, every picture once.
        skipped: Rows that cannot be used, and why.
    """

    def __init__(self, content: bytes, max_rows: int = MAX_CSV_ROWS):
        """Read a table with a header, a column of file names and one of labels.

        Raises:
            UploadError: It breaks a limit, or has no such column.
            DataError: It has no column of labels.
        """
        header, lines = parse_table(content, NAME_COLUMNS, UploadError("own.no-names"), max_rows)
        name, label, group = (find_column(header, names) for names in (NAME_COLUMNS, LABEL_COLUMNS, GROUP_COLUMNS))
        if name is None or label is None:
            raise DataError("own.no-labels")
        self.skipped: list[Skipped] = []
        found: dict[str, LabelRow] = {}
        for number, cells in enumerate(lines, start=2):
            taken = [cells[at] if at is not None and at < len(cells) else "" for at in (name, label, group)]
            reason = why_not_row(taken, taken[0]) or (None if taken[1] else sentence("own.skipped-no-label"))
            if reason:
                self.skipped.append(Skipped(sentence("own.row", number=number), reason))
            elif taken[0] in found:
                self.skipped.append(Skipped(shown(taken[0]), sentence("own.skipped-twice")))
            else:
                found[taken[0]] = LabelRow(taken[0], shown(taken[1]), taken[2])
        self.rows = list(found.values())
        self._by_name = _lookup(self.rows)

    def find(self, name: str) -> LabelRow | None:
        """The row of a file: by its whole name, else by its last part, else by that without its ending."""
        path = PurePosixPath(name)
        return next((row for key in (name, path.name, path.stem) if (row := self._by_name.get(key))), None)


def _lookup(rows: list[LabelRow]) -> dict[str, LabelRow]:
    """Every name that means one row only; a shorter form of a name counts after all whole names."""
    found: dict[str, LabelRow] = {row.name: row for row in rows}
    shorter: dict[str, LabelRow | None] = {}
    for row in rows:
        path = PurePosixPath(row.name)
        for key in {path.name, path.stem} - {row.name}:
            shorter[key] = None if key in shorter else row
    return {key: row for key, row in shorter.items() if row} | found
