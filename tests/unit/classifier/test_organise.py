"""From files to organised pictures: sources, report, folders written out."""

import dataclasses
import io
import zipfile
from pathlib import Path

import fakes
import numpy as np
import pytest
from PIL import Image
from sorted_pictures import make_zip

from core.classifier.data.examples import Examples, from_own, make
from core.classifier.data.organise import organise
from core.classifier.data.sources import GROUP, MISSING, PART, UNLABELLED, UNLISTED, from_path, from_upload, part_of
from core.classifier.data.write_out import plan, safe_name, write_folders
from core.errors import DataError
from core.own.catalogue import OwnCatalogue
from core.own.ingest.incoming import Incoming, Skipped, UploadError


def png(red: int, green: int = 0, blue: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (12, 12), (red, green, blue)).save(buffer, "PNG")
    return buffer.getvalue()


def two_classes(n: int = 5) -> dict[str, bytes]:
    reds = {f"red/{i}.png": png(255 - 30 * i, 10 * i) for i in range(n)}
    return reds | {f"green/{i}.png": png(10 * i, 255 - 30 * i) for i in range(n)}


def write(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def embedded(source: object) -> tuple[Examples, list[Skipped]]:
    catalogue = OwnCatalogue(fakes.FakeEmbedder(fakes.fake_record()))
    list(catalogue.add(source))
    return from_own(catalogue, GROUP, PART), catalogue.skipped


def test_folders_are_classes_and_strays_are_reported(tmp_path):
    with from_path(write(tmp_path, two_classes() | {"stray.png": png(1), "notes.txt": b"x"})) as source:
        examples, skipped = embedded(source)
    assert examples.classes == ("green", "red")
    assert sorted(examples.names) == sorted(two_classes())
    assert skipped == [Skipped("stray.png", UNLABELLED)]
    assert np.asarray(examples.picture(0)).shape == (12, 12, 3)


def test_a_table_beside_the_pictures_gives_labels_and_senders(tmp_path):
    table = b"image,sender_id,label\na,1,Red\nb,1,Green\ngone,2,Red\n"
    contents = {"images.csv": table, "images/a.png": png(9), "images/b.png": png(8), "c.png": png(7)}
    with from_path(write(tmp_path, contents)) as source:
        assert [one.metadata for one in source if isinstance(one, Incoming)] == [{GROUP: "1"}, {GROUP: "1"}]
        examples, skipped = embedded(source)
    assert (examples.names, examples.labels.tolist(), examples.groups.tolist()) == (
        ("images/a.png", "images/b.png"),
        ["Red", "Green"],
        ["1", "1"],
    )
    assert skipped == [Skipped("c.png", UNLISTED), Skipped("gone", MISSING)]


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_table_packed_by_a_method_of_unbounded_cost_is_refused_like_the_pictures(method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("red/1.png", png(1))
        archive.writestr("images.csv", b"image,label\n1,Red\n", method)
    with pytest.raises(DataError) as caught:
        from_upload(buffer)
    problem = "it is packed by a method that is not accepted"
    assert str(caught.value) == f"images.csv in the archive cannot be read: {problem}."


def test_a_damaged_table_is_refused():
    content = make_zip({"images.csv": b"image,label\n1,Red\n", "red/1.png": png(1)}).replace(b"1,Red", b"1,Bed")
    with pytest.raises(DataError, match=r"^images\.csv in the archive cannot be read: Bad CRC-32"):
        from_upload(io.BytesIO(content))


def test_a_zip_and_a_table_of_its_own(tmp_path):
    archive = tmp_path / "photos.zip"
    archive.write_bytes(make_zip({"x/1.png": png(1), "x/2.png": png(2)}))
    (tmp_path / "labels.csv").write_text("file,label\n1.png,one\n2.png,two\n")
    with from_path(archive, tmp_path / "labels.csv") as source:
        examples, _ = embedded(source)
    assert dict(zip(examples.names, examples.labels.tolist(), strict=True)) == {"x/1.png": "one", "x/2.png": "two"}
    uploaded, _ = embedded(from_upload(io.BytesIO(archive.read_bytes()), b"file,label\n1,a\n2,b\n"))
    assert uploaded.labels.tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["nothing", "nothing.zip"])
def test_what_is_not_there_gets_a_sentence(tmp_path, name):
    with pytest.raises(DataError, match="nothing"), from_path(tmp_path / name):
        pass
    with pytest.raises(DataError, match="cannot be read"), from_path(tmp_path, tmp_path / "no.csv"):
        pass


def test_an_upload_that_is_no_archive_is_refused():
    with pytest.raises(UploadError, match="not a ZIP"):
        from_upload(io.BytesIO(b"PK nonsense"))


@pytest.mark.parametrize(
    ("name", "part"),
    [("train/red/1.png", "train"), ("x/Val/red/1.png", "validation"), ("red/1.png", ""), ("train/1.png", "")],
)
def test_a_folder_above_the_class_names_the_part(name, part):
    assert part_of(name) == part


def test_the_report_names_every_problem(tmp_path):
    contents = two_classes(6) | {"red/copy.png": png(255), "green/twin.png": png(255), "blue/1.png": png(0, 0, 255)}
    contents["red/broken.png"] = b"no picture"
    with from_path(write(tmp_path, contents)) as source:
        examples, skipped = embedded(source)
    organised, report = organise(examples, 0, skipped)
    assert report.left_out == [("blue", 1)]
    assert report.rare == [("green", 7), ("red", 7)]
    assert [one.name for one in report.unreadable] == ["red/broken.png"]
    assert report.conflicts == [("green/twin.png", "red/0.png"), ("green/twin.png", "red/copy.png")]
    same = [organised.names.index(name) for name in ("green/twin.png", "red/0.png", "red/copy.png")]
    assert len(set(organised.parts[same])) == 1  # one file is never on two sides
    assert report.counts.sum() == 14
    assert organised.counts().tolist() == report.counts.tolist()


def test_the_same_seed_gives_the_same_parts(tmp_path):
    with from_path(write(tmp_path, two_classes(6))) as source:
        examples, _ = embedded(source)
    parts = [organise(examples, seed)[0].parts.tolist() for seed in (3, 3, 4)]
    assert parts[0] == parts[1] != parts[2]


def test_given_parts_are_kept_and_duplicates_between_them_are_found():
    vectors = np.eye(8, dtype=np.float32)
    vectors[7] = vectors[0]
    parts = ["train", "train", "train", "test", "train", "train", "train", "test"]
    given = make([f"p{i}" for i in range(8)], list("aaaabbbb"), vectors, parts=parts)
    organised, report = organise(given)
    assert organised.parts[[3, 7]].tolist() == ["test", "test"]
    assert set(organised.parts[:3]) | set(organised.parts[4:7]) == {"train", "validation"}
    assert [pair.names for pair in report.across] == [("p0", "p7")]
    assert report.across[0].similarity == pytest.approx(1)


def test_a_class_without_a_test_picture_is_named():
    groups = ["g"] * 4 + ["1", "2", "3", "4"]
    _, report = organise(make([f"p{i}" for i in range(8)], list("aaaabbbb"), np.eye(8), groups=groups))
    assert {name for name, _ in report.absent} == {"a"}
    assert report.n_groups == 5


def test_too_few_classes_are_refused():
    with pytest.raises(DataError, match="two classes of at least 3"):
        organise(make(["1", "2", "3", "4"], list("aaab"), np.eye(4)))


def test_written_out_and_read_again_nothing_has_changed(tmp_path):
    with from_path(write(tmp_path / "in", two_classes(5))) as source:
        organised, _ = organise(embedded(source)[0])
        assert write_folders(source, organised, tmp_path / "out") == 10
    with from_path(tmp_path / "out") as copies:
        again, _ = embedded(copies)
    key = lambda e: sorted(zip(e.digests, e.labels.tolist(), e.parts.tolist(), strict=True))  # noqa: E731
    assert key(again) == key(organised)
    with pytest.raises(DataError, match="exists already"):
        write_folders(source, organised, tmp_path / "out")


def test_a_copy_that_is_interrupted_leaves_nothing(tmp_path):
    with from_path(write(tmp_path / "in", two_classes(5))) as source:  # a folder, so there is nothing to close
        organised, _ = organise(embedded(source)[0])

    def interrupted():
        yield next(iter(source))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folders(interrupted(), organised, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("T-shirt/top", "T-shirt_top"),
        ("../../etc", "_.._etc"),
        ("..", "_"),
        ("con", "_con"),
        ("a\0b\nc", "a_b_c"),
        (".hidden", "hidden"),
        ("Größe 38", "Größe 38"),
    ],
)
def test_a_label_is_never_a_path(text, safe):
    assert safe_name(text) == safe


def test_names_that_become_alike_stay_apart():
    examples = make(["1", "2", "3"], ["a/b", "a:b", "a/b"], np.eye(3), names=["x/é.jpg", "y/1.JPG", "z/É.jpg"])
    examples = dataclasses.replace(examples, parts=np.array(["train"] * 3))
    places = [str(path) for path in plan(examples).values()]
    assert len({place.lower() for place in places}) == 3
    assert all(place.startswith("train/a_b") and place.endswith(".jpg") for place in places)
