"""A CSV table from a visitor -> rows with the URL of a picture. A cell is text, never the path of a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.config import MAX_CELL, MAX_CSV_BYTES, MAX_CSV_COLUMNS, MAX_CSV_ROWS
from core.errors import Sentence, sentence
from core.own.ingest.incoming import Skipped, UploadError, shown

#: Names of columns, the most telling first, without capitals, blanks and underscores.
URL_COLUMNS = ("imageurl", "imagelink", "image", "url", "link")
LABEL_COLUMNS = ("label", "producttype", "class", "category")
TITLE_COLUMNS = ("producttitle", "title", "name", "productname", "productdisplayname")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class CsvRow:
    """One row of the table.

    Attributes:
        number: Its line as a spreadsheet counts rows: the first one under the header is 2.
        url: Where its picture is said to be; not checked yet.
        label: Its class, "" where unknown.
        title: Its name for readers, "" where there is none.
        metadata: The other columns, by their names in the header; empty cells are left out.
    """

    number: int
    url: str
    label: str
    title: str
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemCsv:
    """A table: its rows in order, and those that cannot be used, and why."""

    rows: list[CsvRow]
    skipped: list[Skipped]


def read_item_csv(content: bytes, max_rows: int = MAX_CSV_ROWS, max_bytes: int = MAX_CSV_BYTES) -> ItemCsv:
    """Read a table with a header and a column of picture URLs.

    Raises:
        UploadError: See `parse_table`.
    """
    header, lines = parse_table(content, URL_COLUMNS, UploadError("own.no-urls"), max_rows, max_bytes)
    url = _find_url_column(header, lines)
    label, title = (find_column(header, names) for names in (LABEL_COLUMNS, TITLE_COLUMNS))
    chosen = {"url": url, "label": label, "title": title}
    rows: list[CsvRow] = []
    skipped: list[Skipped] = []
    for number, cells in enumerate(lines, start=2):
        if not any(cells):
            continue
        reason = why_not_row(cells, cells[url] if len(cells) > url else "")
        if reason:
            skipped.append(Skipped(sentence("own.row", number=number), reason))
        else:
            rows.append(_row(number, header, cells, chosen))
    return ItemCsv(rows, skipped)


def _decode(content: bytes, max_bytes: int) -> str:
    if len(content) > max_bytes:
        raise UploadError("own.table-large", megabytes=max_bytes / 1e6)
    if b"\0" in content:
        raise UploadError("own.table-bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def parse_table(
    content: bytes,
    wanted: Sequence[str],
    refusal: UploadError,
    max_rows: int = MAX_CSV_ROWS,
    max_bytes: int = MAX_CSV_BYTES,
) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table in which one of the `wanted` columns must be.

    UTF-8 (with or without a byte order mark), else Latin-1; comma, semicolon or tab, whichever makes such a column
    appear in the header and, among those, the most columns.

    Args:
        content: The file.
        wanted: Names of columns, without capitals, blanks and underscores.
        refusal: What is raised where none of them is there.
        max_rows: More rows are refused.
        max_bytes: A larger file is refused.

    Raises:
        UploadError: It is no such table, or breaks a limit, which is named.
    """
    text = _decode(content, max_bytes)
    found: list[tuple[int, str]] = []
    for delimiter in _DELIMITERS:
        header = [shown(name) for name in next(_reader(text, delimiter), [])]
        if any(_plain(name) in wanted for name in header):
            found.append((len(header), delimiter))
    if not found:
        raise refusal
    n_columns, delimiter = max(found, key=lambda entry: entry[0])
    if n_columns > MAX_CSV_COLUMNS:
        raise UploadError("own.table-columns", limit=MAX_CSV_COLUMNS)
    rows = []
    for row in _reader(text, delimiter):
        rows.append([cell.strip() for cell in row[:n_columns]])
        if len(rows) > max_rows + 1:
            raise UploadError("own.table-rows", limit=max_rows)
    return [shown(name) for name in rows[0]], rows[1:]


class _reader:
    """`csv.reader` whose errors are sentences."""

    def __init__(self, text: str, delimiter: str):
        self._rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)

    def __iter__(self) -> _reader:
        return self

    def __next__(self) -> list[str]:
        try:
            return next(self._rows)
        except csv.Error as error:
            raise UploadError("own.no-table", why=str(error)) from None


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def find_column(header: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The place of the first of the wanted names that the header has, None where it has none."""
    plain = [_plain(name) for name in header]
    return next((plain.index(name) for name in wanted if name in plain), None)


def _find_url_column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The first of the known names whose cells look like URLs; `Image` beside `url` may hold file names."""
    plain = [_plain(name) for name in header]
    candidates = [plain.index(name) for name in URL_COLUMNS if name in plain]
    for column in candidates:
        if any("://" in row[column] for row in rows if len(row) > column):
            return column
    return candidates[0]


def why_not_row(cells: Sequence[str], picture: str) -> Sentence | None:
    """Why a row cannot be used, None where it can: of what a table says, and what names its picture."""
    if any(len(cell) > MAX_CELL for cell in cells):
        return sentence("own.skipped-cell", limit=MAX_CELL)
    return None if picture else sentence("own.skipped-no-picture")


def _row(number: int, header: Sequence[str], cells: Sequence[str], chosen: dict[str, int | None]) -> CsvRow:
    taken = {name: cells[at] if at is not None and at < len(cells) else "" for name, at in chosen.items()}
    rest: dict[str, str] = {}
    for column, cell in enumerate(cells):
        if cell and header[column] and column not in chosen.values():
            rest.setdefault(header[column], cell)
    return CsvRow(number, metadata=rest, **taken)
