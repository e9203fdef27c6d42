"""Commands that are killed, or whose disk is full or read-only: what was there stays, and one sentence says why."""

from __future__ import annotations

import re
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fakes
import numpy as np
import pytest
from brought import COLOURS, incoming, picture
from faults import killed_at_every_step, make_read_only, run_small, small_disk
from PIL import Image
from sorted_pictures import write_folder

from core.__main__ import main
from core.classifier.model import files as classifiers
from core.classifier.model.classifier import Classifier
from core.classifier.training.head import Head
from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.engine.catalogues import photos
from core.engine.catalogues.items import ItemTable
from core.engine.catalogues.reader import Reader
from core.engine.embedders.load import load_embedder
from core.engine.files.folder import forget_digests
from core.engine.files.manifest import verify_all
from core.engine.search.gallery import load_gallery
from core.errors import ArtifactError
from core.jobs.build import catalogues
from core.jobs.download.clothing import check_archive, download_clothing
from core.own.catalogue import OwnCatalogue
from core.own.files import open_own, saved_names, write_own

IDS = [str(uuid.UUID(int=number, version=4)) for number in range(1, 4)]


@pytest.fixture
def embedder() -> fakes.FakeEmbedder:
    return fakes.FakeEmbedder(fakes.fake_record())


def own_of(embedder: fakes.FakeEmbedder, *names: str) -> OwnCatalogue:
    catalogue = OwnCatalogue(embedder)
    list(catalogue.add([incoming(name) for name in names]))
    return catalogue


def classifier(*labels: str) -> Classifier:
    layers = [(np.ones((4, len(labels)), np.float32), np.ones(len(labels), np.float32))]
    return Classifier(Head(layers), labels, DEFAULT_BACKBONE, "", "linear", {"pictures": {}, "figures": []})


def archive(path: Path, sender: int) -> Path:
    """What looks like the clothing dataset, with its splits beside it."""
    with zipfile.ZipFile(path, "w") as zipped:
        rows = "".join(f"{id},{sender},Hat,False\n" for id in IDS)
        zipped.writestr("clothing-dataset-main/images.csv", f"image,sender_id,label,kids\n{rows}")
        for id in IDS:
            zipped.writestr(f"clothing-dataset-main/images/{id}.jpg", b"\xff\xd8\xff" + bytes(10_000))
    (path.parent / "clothing-splits.csv").write_text("image,split,small_split,small_label\n")
    return path


class Colours(Reader):
    """A data set of the first few tiny clothing items."""

    n = 20

    def build_items(self) -> ItemTable:
        return fakes.make_items("clothing").take(np.arange(self.n))

    def picture(self, item_id: str) -> Image.Image:
        return fakes.solid((int(item_id[-2:], 16) * 8, 100, 100))


# --- killed


def test_a_killed_build_leaves_the_old_catalogue_of_ones_own_or_the_new(tiny_artifacts, in_memory, embedder):
    write_own(own_of(embedder, "red.png", "green.png"), "shop", in_memory)
    found = []
    for _ in killed_at_every_step(lambda: write_own(own_of(embedder, "blue.png"), "shop", in_memory)):
        found.append([item.name for item in open_own("shop", in_memory, embedder).items])
        assert saved_names(in_memory) == ["shop"]
        assert [path.name for path in in_memory.iterdir()] == ["shop"]
    assert found[0] == ["red.png", "green.png"] and found[-1] == ["blue.png"]
    assert all(names in (found[0], found[-1]) for names in found) and len(found) > 20


def test_a_killed_training_leaves_the_old_classifier_or_the_new(tiny_artifacts, in_memory):
    classifiers.save(classifier("bag", "hat"), in_memory / "m")
    found = []
    for _ in killed_at_every_step(lambda: classifiers.save(classifier("sock", "shoe"), in_memory / "m")):
        found.append(classifiers.load(in_memory / "m").labels)
    assert found[0] == ("bag", "hat") and found[-1] == ("sock", "shoe")
    assert {*found} == {found[0], found[-1]} and len(found) > 8


def test_a_killed_download_leaves_the_old_archive_or_the_new(in_memory, tmp_path):
    old, new = (archive(tmp_path / name, sender).read_bytes() for sender, name in enumerate(("old.zip", "new.zip")))
    download_clothing(in_memory, tmp_path / "old.zip", n_photos=3)
    kept = in_memory / "clothing-dataset.zip"
    for _ in killed_at_every_step(lambda: download_clothing(in_memory, tmp_path / "new.zip", n_photos=3)):
        assert kept.read_bytes() in (old, new)
        check_archive(kept, n_photos=3)
    assert kept.read_bytes() == new
    assert sorted(path.name for path in in_memory.iterdir()) == ["clothing-dataset.zip", "clothing-splits.csv"]


def test_a_killed_build_of_what_ships_is_noticed_and_mended(tiny_artifacts, in_memory, monkeypatch):
    """Its files are many, so between two of them it is not whole; but none is ever read for what it is not."""
    shutil.copytree(tiny_artifacts, in_memory / "artifacts")
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(in_memory / "artifacts"))
    monkeypatch.setattr("core.engine.catalogues.embedded.ROOT", in_memory)
    monkeypatch.setitem(photos.READERS, "clothing", Colours())
    embedder = load_embedder(DEFAULT_BACKBONE)
    sizes = set()

    def build() -> None:
        catalogues.build_catalogue(embedder, "clothing", lambda _: None)

    for _ in killed_at_every_step(build):
        forget_digests()
        wrong = [name for name, problem in verify_all() if problem]
        try:
            sizes.add(len(load_gallery(DEFAULT_BACKBONE, "clothing").items))
        except ArtifactError:  # one sentence that says how to mend it
            sizes.add(0)
        assert all("clothing." in name for name in wrong)
    forget_digests()
    assert sizes == {0, fakes.N_CLOTHING, Colours.n}
    assert not [name for name, problem in verify_all() if problem]
    assert len(load_gallery(DEFAULT_BACKBONE, "clothing").items) == Colours.n
    assert not list((in_memory / "artifacts").rglob(".*"))


# --- a disk that is full, or read-only


@pytest.fixture
def world(tiny_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk that holds a data folder with all kinds of old things, and what new ones are made from."""
    monkeypatch.setattr("core.jobs.download.clothing.N_PHOTOS", 3)
    monkeypatch.setattr("core.jobs.download.clothing.download_clothing.__defaults__", (None, None, 3))
    (tmp_path / "from").mkdir()
    for name, rgb in COLOURS.items():
        (tmp_path / "from" / f"{name}.png").write_bytes(picture(rgb, (400, 400)))
    write_folder(tmp_path / "sorted", n=6)
    archive(tmp_path / "given.zip", sender=2)
    with small_disk(tmp_path / "disk", 400_000) as disk:
        monkeypatch.setenv("VITRINE_DATA_DIR", str(disk))
        write_own(own_of(load_embedder(DEFAULT_BACKBONE), "red.png"), "shop", disk / "own")
        classifiers.save(classifier("bag", "hat"), disk / "m")
        download_clothing(disk, archive(tmp_path / "older.zip", sender=1), n_photos=3)
        yield disk


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Callable[[list[str]], tuple[int, str]]:
    """Runs a command; its exit code, and what it printed to stderr."""

    def run(command: list[str]) -> tuple[int, str]:
        capfd.readouterr()
        return main(command), capfd.readouterr().err

    return run


def commands(disk: Path) -> dict[str, list[str]]:
    given = disk.parent
    train = ["train", "classifier", "--from", str(given / "sorted"), "--epochs", "1", "-o", str(disk / "m")]
    return {
        "own": ["build", "--catalogue", "shop", "--from", str(given / "from")],
        "classifier": train,
        "download": ["download", "clothing", "--from", str(given / "given.zip")],
        "embed": ["embed", str(given / "from"), "-o", str(disk / "out.npz")],
    }


def snapshot(disk: Path) -> dict[str, bytes]:
    return {str(path.relative_to(disk)): path.read_bytes() for path in disk.rglob("*") if path.is_file()}


def refused(disk: Path, which: str, run: Callable[[list[str]], tuple[int, str]]) -> None:
    before = snapshot(disk)
    code, printed = run(commands(disk)[which])
    assert code == 1, printed
    assert "Traceback" not in printed
    assert re.search(
        r"(written|written to|read or written|stored|full|space on the disk).*\.$", printed.splitlines()[-1]
    ), printed
    assert snapshot(disk) == before


@pytest.mark.parametrize("which", ["own", "classifier", "download", "embed"])
def test_on_a_full_disk_what_was_there_stays_and_one_sentence_says_why(world, said, which):
    (world / "filling").write_bytes(bytes(shutil.disk_usage(world).free))
    refused(world, which, said)


@pytest.mark.parametrize("which", ["own", "classifier", "download", "embed"])
def test_on_a_read_only_disk_too(world, said, which):
    make_read_only(world)
    refused(world, which, said)


@pytest.mark.parametrize("n_bytes", [0, 100, 1000])
@pytest.mark.parametrize("which", ["own", "classifier", "download", "embed"])
def test_where_files_may_not_grow_too(world, which, n_bytes):
    refused(world, which, lambda command: run_small(command, n_bytes))


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_a_build_on_a_full_disk_says_so_and_leaves_no_file_half(tiny_artifacts, tmp_path, monkeypatch, capfd, share):
    monkeypatch.setattr("core.engine.catalogues.embedded.ROOT", tmp_path)
    monkeypatch.setitem(photos.READERS, "clothing", Colours())
    monkeypatch.setattr(catalogues, "CATALOGUES", ["clothing"])
    with small_disk(tmp_path / "disk", 200_000) as disk:
        shutil.copytree(tiny_artifacts, disk / "artifacts")
        monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(disk / "artifacts"))
        needs = sum(path.stat().st_size for path in artifacts_dir().rglob("clothing.*"))
        (disk / "filling").write_bytes(bytes(max(0, shutil.disk_usage(disk).free - int(share * needs))))
        assert main(["build"]) == 1
        said = capfd.readouterr().err.splitlines()
        assert said[-1].endswith(").") and "cannot be read or written" in said[-1], said
        forget_digests()
        assert not [name for name, problem in verify_all() if problem and "clothing" not in name]
        assert not list(artifacts_dir().rglob(".*"))
