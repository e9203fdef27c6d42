import base64
import csv
import io
import os
import uuid
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.engine.catalogues import clothing, get
from core.engine.catalogues.clothing import Clothing, find_source, require_source
from core.engine.catalogues.clothing_source import ClothingSource
from core.engine.catalogues.items import UnknownItemError
from core.engine.images.placeholders import decode, encode, placeholder_data_url
from core.errors import DataError, ImageError

SHARED = Path(os.environ.get("VITRINE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
IDS = [str(uuid.UUID(int=0xABC << 100 | i, version=4)) for i in (3, 1, 2, 4)]
ROWS = [
    (IDS[0], "7", "T-Shirt", "False"),
    (IDS[1], "8", "Skip", "True"),
    (IDS[2], "8", "Shoes", "False"),
    (IDS[3], "9", "Hat", "False"),  # has no photo
]
SPLITS = "image,split,small_split,small_label\n" + "".join(
    f"{row[0]},{split},{small}\n"
    for row, split, small in zip(ROWS, ("train", "test", "test", "train"), (",", ",", "test,shoes", ","), strict=True)
)


def jpeg(width=40, height=30, colour="red"):
    with io.BytesIO() as buffer:
        Image.new("RGB", (width, height), colour).save(buffer, "JPEG")
        return buffer.getvalue()


def csv_text(rows=ROWS, columns=("image", "sender_id", "label", "kids")):
    with io.StringIO() as buffer:
        csv.writer(buffer).writerows([columns, *rows])
        return buffer.getvalue()


def write_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"clothing-dataset-{clothing.COMMIT}/{name}", content)


def members(table=None):
    photos = {f"images/{id}.jpg": jpeg(40 + i, 30) for i, id in enumerate(IDS[:3])}
    return {"images.csv": table or csv_text(), "README.md": "x"} | photos


@pytest.fixture(params=["zip", "folder", "folder of the archive"])
def data(request, tmp_path, monkeypatch):
    """A data folder with three photos, four rows and the splits, in each of the accepted layouts."""
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    (tmp_path / "clothing-splits.csv").write_text(SPLITS)
    if request.param == "zip":
        write_zip(tmp_path / "clothing-dataset.zip", members())
        return tmp_path
    of_archive = request.param.endswith("archive")
    folder = tmp_path / (f"clothing-dataset-{clothing.COMMIT}" if of_archive else "clothing-dataset")
    (folder / "images").mkdir(parents=True)
    for name, content in members().items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def test_items_are_sorted_and_have_a_photo(data):
    table = Clothing().build_items()
    assert [table.row(i).id for i in range(3)] == [f"clothing/{id}" for id in sorted(IDS[:3])]
    assert [table.row(i).label for i in range(3)] == ["Skip", "Shoes", "T-Shirt"]
    frame = table.frame
    assert frame["split"].tolist() == ["test", "test", "train"]
    assert frame["sender"].tolist() == ["8", "8", "7"]
    assert frame["kids"].tolist() == [True, False, False]
    assert frame["small_split"].tolist() == ["", "test", ""]
    assert frame["small_label"].tolist() == ["", "shoes", ""]
    assert frame["width"].tolist() == [41, 42, 40]
    assert frame["height"].tolist() == [30, 30, 30]
    for thumbhash in frame["thumbhash"]:
        red, green, blue = decode(thumbhash, 4, 3).reshape(-1, 3).mean(0)
        assert red > 225 and green < 30 and blue < 30


def test_photos_are_read_by_uuid_only(data):
    with require_source() as source:
        assert source.read(IDS[1]) == jpeg(41, 30)
        assert [row["image"] for row in source.rows()] == IDS
        assert [source.has(id) for id in IDS] == [True, True, True, False]
        for odd in (IDS[3], "../images.csv", "../../clothing-splits", "", IDS[0] + "\n", IDS[0].upper()):
            with pytest.raises(DataError, match="has no photo"):
                source.read(odd)


def test_a_picture_and_its_file_are_those_of_the_item(data):
    reader = Clothing()
    for number, id in enumerate(IDS[:3]):
        assert reader.has(f"clothing/{id}")
        assert reader.picture(f"clothing/{id}").size == (40 + number, 30)
        assert reader.file(f"clothing/{id}") == (jpeg(40 + number, 30), "image/jpeg")
    assert not reader.has(f"clothing/{IDS[3]}")


def test_a_missing_data_set_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    assert find_source() is None
    with pytest.raises(DataError, match="python -m core download clothing"):
        require_source()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (csv_text([("../../etc/passwd", "1", "Hat", "False")]), "not a UUID"),
        (csv_text([(IDS[0], "Hat", "")], ("image", "label", "kids")), "no column 'sender_id'"),
        ("\x00\xff", "no column"),
        (b"\xff\xfe", "not a CSV"),
    ],
)
def test_odd_tables_are_refused(tmp_path, table, message):
    write_zip(tmp_path / "x.zip", members(table))
    with ClothingSource(tmp_path / "x.zip") as source, pytest.raises(DataError, match=message):
        source.rows()


def test_odd_archives_are_refused(tmp_path):
    path = tmp_path / "clothing-dataset.zip"
    with pytest.raises(DataError, match="not the archive"):
        ClothingSource(path)
    path.write_bytes(b"garbage")
    with pytest.raises(DataError, match="not the archive"):
        ClothingSource(path)
    write_zip(path, {"deep/er/images.csv": csv_text()})
    with pytest.raises(DataError, match=r"no images\.csv"):
        ClothingSource(path)


def test_a_damaged_photo_is_named(data, monkeypatch):
    garbage = b"\xff\xd8\xffgarbage"
    monkeypatch.setattr(ClothingSource, "read", lambda self, id: garbage if id == IDS[2] else jpeg())
    with pytest.raises(ImageError, match=IDS[2]):
        Clothing().build_items()


def test_a_flipped_bit_in_the_archive_is_noticed(tmp_path):
    path = tmp_path / "x.zip"
    write_zip(path, members())
    content = bytearray(path.read_bytes())
    content[content.index(jpeg(41, 30)) + 200] ^= 1
    path.write_bytes(content)
    with ClothingSource(path) as source:
        assert source.read(IDS[0]) == jpeg(40, 30)
        with pytest.raises(DataError, match="CRC"):
            source.read(IDS[1])


def test_the_splits_must_name_every_image(data):
    (data / "clothing-splits.csv").write_text("\n".join(SPLITS.splitlines()[:3]))
    with pytest.raises(DataError, match=f"which split {IDS[2]} is"):
        Clothing().build_items()
    (data / "clothing-splits.csv").unlink()
    with pytest.raises(DataError, match=r"clothing-splits\.csv, cannot be read"):
        Clothing().build_items()


def test_public_urls_are_made_for_uuids_only():
    url = Clothing().public_url(f"clothing/{IDS[0]}")
    assert url.startswith("https://raw.githubusercontent.com/alexeygrigorev/clothing-dataset/7ed86a9cc56763b6")
    assert url.endswith(f"/images/{IDS[0]}.jpg")
    for odd in (IDS[0], "clothing/../x", f"clothing/{IDS[0]}\n", "fashion-mnist/train/00000"):
        with pytest.raises(UnknownItemError):
            Clothing().public_url(odd)


def gradient(width, height):
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    return np.stack([60 + 150 * x, 200 - 120 * y, 90 + 80 * x], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("size", [(30, 20), (20, 30), (32, 32), (40, 4)])
def test_a_thumbhash_shows_what_it_was_made_of(size):
    pixels = gradient(*size)
    thumbhash = encode(Image.fromarray(pixels))
    assert len(thumbhash) <= 25
    difference = np.abs(decode(thumbhash, *size).astype(int) - pixels)
    assert difference.mean() < 10


def test_a_thumbhash_as_published():
    """The example of ThumbHash's own page: its size and average colour, computed by hand from the header."""
    thumbhash = base64.b64decode("1QcSHQRnh493V4dIh4eXh1h4kJUI")
    header = int.from_bytes(thumbhash[:3], "little")
    light, yellow = (header & 63) / 63, (header >> 6 & 63) / 31.5 - 1
    blue = light - 2 / 3 * yellow
    assert abs(decode(thumbhash, 23, 32)[..., 2].mean() / 255 - blue) < 0.05


def test_placeholders_are_small_pngs_of_the_right_shape():
    url = placeholder_data_url(encode(Image.fromarray(gradient(40, 30))), np.int16(400), np.int16(300))
    kind, content = url.split(",")
    assert kind == "data:image/png;base64"
    assert len(url) < 1500
    with Image.open(io.BytesIO(base64.b64decode(content)), formats=["PNG"]) as image:
        assert (image.size, image.mode) == ((16, 12), "RGB")
    assert placeholder_data_url(b"", 28, 28) == ""


@pytest.mark.parametrize("thumbhash", [b"abc", b"\0\0\x80\0\0\0"])
def test_other_bytes_are_no_thumbhash(thumbhash):
    with pytest.raises(ValueError, match="ThumbHash"):
        placeholder_data_url(thumbhash, 4, 3)


@pytest.mark.data
@pytest.mark.skipif(not (SHARED / "clothing-dataset.zip").is_file(), reason="no clothing-dataset.zip beside")
def test_the_published_archive(monkeypatch):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(SHARED))
    with require_source() as source:
        rows = source.rows()
        found = [row for row in rows if source.has(row["image"])]
        assert (len(rows), len(found)) == (5_403, 5_398)
    wanted = {row["image"] for row in found[::200]}
    monkeypatch.setattr(ClothingSource, "has", lambda self, image: image in wanted)
    table = Clothing().build_items()
    assert {id.removeprefix("clothing/") for id in table.frame["id"]} == wanted
    assert table.frame["id"].is_monotonic_increasing
    assert {row["label"] for row in rows} == set(get("clothing").classes)
    assert (table.frame["thumbhash"].str.len() >= 17).all()
