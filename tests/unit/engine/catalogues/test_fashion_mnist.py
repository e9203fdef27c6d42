import gzip
import io
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.engine.catalogues import fashion_mnist
from core.engine.catalogues.fashion_mnist import FashionMnist, load_source, read_idx
from core.engine.catalogues.grey_sheets import Pictures, write_pictures
from core.engine.images.decode import encode_png
from core.errors import ArtifactError, DataError

SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")


def make_images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28)).astype(np.uint8)


def write_idx(path, array, magic=b"\0\0\x08"):
    header = magic + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def source(tmp_path):
    """Five training and three test pictures, labels 0..4 and 9, 8, 7."""
    for prefix, images, labels in (
        ("train", make_images(5, 1), np.arange(5, dtype=np.uint8)),
        ("t10k", make_images(3, 2), np.array([9, 8, 7], np.uint8)),
    ):
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte.gz", labels)
    return tmp_path


def test_the_source_is_training_then_test(source):
    images, labels = load_source(source, n_train=5, n_test=3)
    assert images.dtype == labels.dtype == np.uint8
    assert np.array_equal(images, np.concatenate([make_images(5, 1), make_images(3, 2)]))
    assert labels.tolist() == [0, 1, 2, 3, 4, 9, 8, 7]


def test_items_follow_the_source(source):
    table = FashionMnist().build_items(source, n_train=5, n_test=3)
    assert [table.row(i).id for i in (0, 4, 5, 7)] == [
        "fashion-mnist/train/00000",
        "fashion-mnist/train/00004",
        "fashion-mnist/test/00000",
        "fashion-mnist/test/00002",
    ]
    assert [table.row(i).label for i in (0, 4, 5, 7)] == ["T-shirt/top", "Coat", "Ankle boot", "Sneaker"]
    assert table.row(0).title == "T-shirt or top"
    assert table.frame["split"].tolist() == ["train"] * 5 + ["test"] * 3
    assert table.frame["label"].cat.codes.tolist() == [0, 1, 2, 3, 4, 9, 8, 7]
    assert set(table.frame["thumbhash"]) == {b""}


def test_a_missing_source_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(fashion_mnist, "_SYSTEM_FOLDER", tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"dataset-fashion-mnist.*fashion-mnist\.$"):
        load_source()


def test_the_data_folder_comes_before_the_system(source, tmp_path, monkeypatch):
    source.rename(tmp_path.parent / "moved")
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    tmp_path.mkdir()
    (tmp_path.parent / "moved").rename(tmp_path / "fashion-mnist")
    assert load_source(n_train=5, n_test=3)[1].tolist() == [0, 1, 2, 3, 4, 9, 8, 7]


def test_other_counts_or_classes_are_refused(source):
    with pytest.raises(DataError, match="do not hold 60000 pictures"):
        load_source(source)
    write_idx(source / "t10k-labels-idx1-ubyte.gz", np.array([0, 10, 0], np.uint8))
    with pytest.raises(DataError, match="beyond the ten classes"):
        load_source(source, n_train=5, n_test=3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip", "cannot be read"),
        (gzip.compress(b""), "not an IDX file"),
        (gzip.compress(b"\0\0\x08"), "not an IDX file"),
        (gzip.compress(b"\0\0\x0d\x01" + bytes(4)), "not an IDX file"),
        (gzip.compress(b"\0\0\x08\xff" + bytes(2000)), "not an IDX file"),
        (gzip.compress(b"\0\0\x08\x03" + bytes(5)), "cannot be read"),
        (gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12), "more than Fashion-MNIST"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x02a"), "does not have the 2 bytes"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x02" + bytes(10_000_000)), "does not have the 2 bytes"),
        (gzip.compress(b"\0\0\x08\x01\0\0\x10\0" + os.urandom(4096))[:-2000], "cannot be read"),
    ],
)
def test_hostile_idx_files_are_refused(tmp_path, content, message):
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "x.gz")
    with pytest.raises(DataError, match=r"y\.gz cannot be read"):
        read_idx(tmp_path / "y.gz")


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_pictures_come_back_exactly_and_in_order(tmp_path, n):
    images = make_images(n)
    write_pictures(images, tmp_path / "pictures.bin")
    pictures = Pictures(tmp_path / "pictures.bin")
    assert len(pictures) == n
    for position in np.random.default_rng(1).permutation(n):
        picture = pictures.get(int(position))
        assert (picture.mode, picture.size) == ("L", (28, 28))
        assert np.array_equal(np.asarray(picture), images[position])
    for position in (-1, n):
        with pytest.raises(IndexError):
            pictures.get(position)


def test_png_repeats_every_pixel():
    grey = make_images(3)[2]
    with Image.open(io.BytesIO(encode_png(Image.fromarray(grey), scale=3)), formats=["PNG"]) as image:
        assert np.array_equal(np.asarray(image), grey.repeat(3, 0).repeat(3, 1))


def test_pictures_may_be_read_by_many_threads(tmp_path):
    images = make_images(64 * 80)  # more blocks than are kept
    write_pictures(images, tmp_path / "pictures.bin")
    pictures = Pictures(tmp_path / "pictures.bin")
    positions = np.random.default_rng(3).integers(0, len(images), 600).tolist()
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda position: np.asarray(pictures.get(position)), positions))
    assert np.array_equal(np.stack(got), images[positions])


def test_a_damaged_file_of_pictures_is_refused(tmp_path):
    path = tmp_path / "pictures.bin"
    with pytest.raises(ArtifactError, match="is missing"):
        Pictures(path)
    write_pictures(make_images(70), path)
    whole = path.read_bytes()
    for content, message in (
        (b"", "cannot be read"),
        (whole[:10], "cannot be read"),
        (b"X" + whole[1:], "not a file of pictures"),
        (whole[:20], "not a file of pictures|cannot be read"),
        (whole[:8] + b"\xff" * 4 + whole[12:], "not a file of pictures|cannot be read"),
        (whole[:-1], "is cut short"),
    ):
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match=message):
            Pictures(path)
    path.write_bytes(whole[:40] + bytes(len(whole) - 40))
    with pytest.raises(ArtifactError, match="is damaged"):
        Pictures(path).get(0)


def test_only_such_pictures_can_be_written(tmp_path):
    with pytest.raises(ValueError, match="uint8"):
        write_pictures(np.zeros((2, 28, 28)), tmp_path / "x")  # type: ignore[arg-type]


@pytest.mark.data
@pytest.mark.skipif(not SYSTEM_FOLDER.is_dir(), reason="the package dataset-fashion-mnist is not installed")
def test_the_published_files(tmp_path):
    images, labels = load_source(SYSTEM_FOLDER)
    assert images.shape == (70_000, 28, 28)
    assert np.bincount(labels[:60_000]).tolist() == [6_000] * 10
    assert np.bincount(labels[60_000:]).tolist() == [1_000] * 10
    subset = images[::70]
    write_pictures(subset, tmp_path / "pictures.bin")
    pictures = Pictures(tmp_path / "pictures.bin")
    assert all(np.array_equal(np.asarray(pictures.get(i)), subset[i]) for i in range(len(subset)))
    assert (tmp_path / "pictures.bin").stat().st_size / len(subset) * 70_000 < 28e6
