"""Every reader of bytes from outside, what it may answer, and examples to start from.

`tests/unit/test_fuzz.py` changes the examples a little, the same way each time; `make fuzz` (`tests/fuzz.py`) goes on
for as long as one likes. What crashed a reader is kept in `tests/seeds/READER/`, and tried for ever after.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.api import body
from core.api.errors import ApiError
from core.classifier.data.sources import from_upload
from core.classifier.model import files as classifiers
from core.classifier.model.classifier import Classifier
from core.classifier.training.head import Head
from core.engine.backbones import get
from core.engine.files.arrays import load_array, load_arrays
from core.engine.files.folder import MALFORMED, read_json, sealed
from core.engine.images.decode import open_image
from core.engine.looks.reading import Looks
from core.engine.search.calibration import Calibrated, Calibration
from core.errors import DataError, ImageError, Sentence, VitrineError
from core.own.ingest.addresses import parse_url
from core.own.ingest.item_csv import read_item_csv
from core.own.ingest.label_csv import LabelTable
from core.own.ingest.parquet import Refused, to_npz, to_rows
from core.own.ingest.vectors import read_vectors
from core.own.ingest.zip_source import ZipSource

SEEDS = Path(__file__).parent / "seeds"
_BACKBONE = "colour-histogram"  # it has no weights that could be others
_FORM = "multipart/form-data; boundary=edge"


@dataclass(frozen=True)
class Reader:
    """What reads bytes from outside.

    Attributes:
        read: It returns, or raises one of `refusals`; anything else is a fault.
        refusals: What its callers turn into a sentence.
        examples: Bytes that it reads, of as many kinds as it knows.
    """

    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    examples: Callable[[], Iterator[bytes]]

    def attempt(self, content: bytes) -> None:
        """Read, and be silent about what is refused in a sentence that can be said."""
        try:
            self.read(content)
        except self.refusals as error:
            assert str(error) or isinstance(error, ValueError | HTTPException)

    def seeds(self, name: str) -> list[bytes]:
        """The examples, and what once crashed it."""
        return [*self.examples(), *(file.read_bytes() for file in sorted((SEEDS / name).glob("*")))]


def _refused(problem: Sentence) -> DataError:
    return DataError("engine.file-problem", file="it", problem=problem)


# --- examples


def _pictures() -> Iterator[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (24, 20, 3), np.uint8)
    image = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = {
        "JPEG": [{"progressive": True}, {"exif": exif}],
        "PNG": [{}, {"interlace": 1}],
        "TIFF": [{}, {"compression": "tiff_lzw"}],
    }
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"):
        for options in kinds.get(kind, [{}]):
            yield _saved(image, kind, **options)
    for mode in ("1", "L", "P", "RGBA", "I;16", "CMYK"):
        changed = image.convert("L" if mode == "I;16" else mode)
        yield _saved(changed.convert(mode), "TIFF" if mode == "CMYK" else "PNG")


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    with io.BytesIO() as buffer:
        image.save(buffer, kind, **options)
        return buffer.getvalue()


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return buffer.getvalue()


def _archives() -> Iterator[bytes]:
    members = {"red/1.png": next(_pictures())[:300], "green/2.png": b"no picture", "images.csv": next(_tables())}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA):
        yield _zip(members, method)


def _tables() -> Iterator[bytes]:
    yield b"image,sender_id,label,url\n1,7,Red,https://example.org/1.png\n2,7,Green,https://example.org/2.png\n"
    yield 'Image_URL;Label\n"https://example.org/ä;b.jpg";"a ""dress"""\n'.encode()
    yield "file\tclass\n1.png\tone\n".encode("utf-16")
    yield b"\xef\xbb\xbfimage,label\r\n\xe4,\xff\r\n"


def _forms() -> Iterator[bytes]:
    picture = b'Content-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nabc'
    yield b"--edge\r\n" + picture + b"\r\n--edge--\r\n"
    field = b'Content-Disposition: form-data; name="k"\r\n\r\n5'
    yield b"--edge\r\n" + picture + b"\r\n--edge\r\n" + field + b"\r\n--edge--\r\n"


def _descriptions() -> Iterator[bytes]:
    facts = {"schema": 1, "files": {"a": {"sha256": "0" * 64, "bytes": 1}}, "figures": [0.5, None, "ö"]}
    yield json.dumps(facts).encode()
    yield json.dumps(sealed(facts), indent=1).encode()


def _arrays() -> Iterator[bytes]:
    for array in (np.ones((3, 4), np.float16), np.arange(4), np.array("a"), np.ones((2, 2), np.float32, order="F")):
        with io.BytesIO() as buffer:
            np.save(buffer, array)
            yield buffer.getvalue()
    with io.BytesIO() as buffer:
        np.savez(buffer, a=np.ones(3), b=np.zeros((2, 2), np.int8))
        yield buffer.getvalue()


def _vectors() -> Iterator[bytes]:
    yield from _arrays()
    ids = np.array(["a", "b"])
    for names in (ids, np.arange(2), ids.astype("S")):
        with io.BytesIO() as buffer:
            np.savez(buffer, ids=names, vectors=np.eye(2, dtype=np.float32))
            yield buffer.getvalue()
    with io.BytesIO() as buffer:
        np.savez_compressed(buffer, embeddings=np.eye(2, 3))
        yield buffer.getvalue()


def _tables_of_vectors() -> Iterator[bytes]:
    rows = pa.array([[1.0, 2.0], [3.0, 4.0]])
    for columns in ({"id": ["a", "b"], "vectors": rows}, {"x": [1.0, 2.0], "y": [3, 4]}, {"vectors": [[[1.0]], []]}):
        with io.BytesIO() as buffer:
            pq.write_table(pa.table(columns), buffer)
            yield buffer.getvalue()


def _tables_of_paths() -> Iterator[bytes]:
    two = {"path": ["a/1.png", "b/2.png"], "label": ["a", None], "colour": ["navy", ""], "price": [1.5, 2]}
    for columns in (two, {"Image_URL": pa.array(["x", "x"]).dictionary_encode(), "name": [7, 8]}, {"file": [["a"]]}):
        with io.BytesIO() as buffer:
            pq.write_table(pa.table(columns), buffer)
            yield buffer.getvalue()


def _calibrations() -> Iterator[bytes]:
    table = Calibration(*(np.linspace(0, 1, 5, dtype=np.float32) for _ in range(3)))
    yield json.dumps(Calibrated({"clothing": {"photo": table}}, {"clothing": {}}, None, 0.5).to_json()).encode()
    heads = {"kind": {"classes": ["a"], "weights": [[0.5, 1]], "bias": [1], "temperature": 1, "sure": 0.5}}
    yield json.dumps({"schema": 1, "heads": heads}).encode()


def _classifiers() -> Iterator[bytes]:
    head = Head([(np.ones((get(_BACKBONE).dim, 2), np.float32), np.ones(2, np.float32))])
    facts = {"data": "x", "pictures": {}, "figures": []}
    packed = classifiers.pack(Classifier(head, ("a", "b"), _BACKBONE, "", "linear", facts))
    yield classifiers.to_zip(packed)
    yield _zip(packed, zipfile.ZIP_STORED)


def _urls() -> Iterator[bytes]:
    for url in (
        "https://example.org/a.png?b=c#d",
        "https://[2001:db8::1]:443/",
        "https://a:b@127.1/",
        "https://bücher.example/ä",
    ):
        yield url.encode()


# --- readers


def _read_zip(content: bytes) -> None:
    list(ZipSource(content))
    list(from_upload(io.BytesIO(content)))


def _read_form(content: bytes) -> None:
    async def read() -> None:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": content, "more_body": False}

        headers = [(b"content-type", _FORM.encode())]
        scope = {"type": "http", "method": "POST", "headers": headers, "app": None}
        async with body.open_form(Request(scope, receive)) as (picture, _):
            await picture.read()

    anyio.run(read)


def _read_array(content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        file.write(content)
        file.flush()
        for read in (load_array, lambda path, refused: load_array(path, refused, mapped=True), load_arrays):
            try:
                read(Path(file.name), _refused)
            except DataError as error:
                assert str(error)


def _read_calibration(content: bytes) -> None:
    found = json.loads(content)
    for kind in (Calibrated, Looks):
        with suppress(MALFORMED):  # which `load_calibrated` and `load_looks` turn into a sentence
            kind.from_json(found)


def _read_parquet(content: bytes) -> None:
    """What the process of its own does; there, whatever pyarrow raises becomes a sentence."""
    with suppress(Refused, pa.ArrowException, OSError, ValueError, MemoryError, OverflowError):
        to_npz(content, 4)


def _read_paths(content: bytes) -> None:
    """The same of a table of pictures."""
    with suppress(Refused, pa.ArrowException, OSError, ValueError, MemoryError, OverflowError):
        for row in to_rows(pa.BufferReader(content), 4):
            assert all(isinstance(cell, str) for cell in row)


def _read_url(content: bytes) -> None:
    parse_url(content.decode("utf-8", "replace"))


READERS = {
    "picture": Reader(lambda content: open_image(content, "it"), (ImageError,), _pictures),
    "zip": Reader(_read_zip, (DataError,), _archives),
    "items": Reader(read_item_csv, (DataError,), _tables),
    "labels": Reader(LabelTable, (DataError,), _tables),
    "form": Reader(_read_form, (ApiError, HTTPException), _forms),
    "description": Reader(
        lambda c: read_json(c, "it", 1, lambda name, why: _refused(why)), (DataError,), _descriptions
    ),
    "vectors": Reader(lambda content: read_vectors(content, 4), (DataError,), _vectors),
    "parquet": Reader(_read_parquet, (), _tables_of_vectors),
    "paths": Reader(_read_paths, (), _tables_of_paths),
    "array": Reader(_read_array, (), _arrays),
    "calibration": Reader(_read_calibration, MALFORMED, _calibrations),
    "classifier": Reader(lambda content: classifiers.from_zip(content, [_BACKBONE]), (DataError,), _classifiers),
    "url": Reader(_read_url, (VitrineError,), _urls),
}
