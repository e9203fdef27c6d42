"""The command line of the classifier, with the fake backbone on real files."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sorted_pictures import CLASSES, files, make_zip, write_folder

from core.__main__ import main
from core.classifier.model.files import FACTS, WEIGHTS, load
from core.classifier.training import trainer as trainers

pytestmark = pytest.mark.usefixtures("tiny_artifacts")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "pictures")


def test_the_whole_path(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pictures / "bag" / "broken.jpg").write_bytes(b"no picture")
    shutil.copy(pictures / "bag" / "00.jpg", pictures / "bag" / "again.jpg")
    assert main(["organise", "--from", str(pictures), "-o", str(tmp_path / "sorted")]) == 0
    printed = capsys.readouterr().out
    assert "left out: bag/broken.jpg: it is not a picture" in printed
    assert "41 pictures were copied" in printed
    assert sorted(path.name for path in (tmp_path / "sorted" / "test").iterdir()) == sorted(CLASSES)

    model = tmp_path / "model"
    assert main(["train", "classifier", "--from", str(tmp_path / "sorted"), "-o", str(model)]) == 0
    printed = capsys.readouterr()
    assert "on the test part" in printed.out
    assert "epoch   1/60" in printed.err
    assert sorted(path.name for path in model.iterdir()) == ["README.md", FACTS, WEIGHTS]
    assert json.loads((model / FACTS).read_bytes())["labels"] == list(CLASSES)

    archive = tmp_path / "new.zip"
    archive.write_bytes(make_zip({"x.jpg": files()["dress/03.jpg"], "y.jpg": b"broken"}))
    one = str(pictures / "bag" / "01.jpg")
    assert main(["classify", str(model), one, str(archive), "--csv"]) == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(printed.out.splitlines()))
    assert [row["name"] for row in rows] == ["01.jpg", "x.jpg"]
    assert sum(float(rows[0][f"p_{label}"]) for label in CLASSES) == pytest.approx(1, abs=1e-5)
    assert "skipped: y.jpg" in printed.err
    assert main(["classify", str(model), one, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == rows[0]["label"]
    assert main(["classify", str(model), one]) == 0
    printed = capsys.readouterr().out
    assert rows[0]["label"] in printed
    assert "where known" not in printed
    assert main(["classify", str(model), str(pictures)]) == 0
    printed = capsys.readouterr().out
    assert "where known" in printed and "n=41" in printed
    assert main(["classify", str(model), str(pictures), "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["truth"] for one in told} == set(CLASSES)


def test_programs_are_told_the_same_as_json(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pictures / "bag" / "broken.jpg").write_bytes(b"no picture")
    assert main(["organise", "--from", str(pictures), "-o", str(tmp_path / "sorted"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["report"]["classes"]) == list(CLASSES)
    assert sum(n for parts in told["report"]["classes"].values() for n in parts.values()) == told["n_copied"]
    assert [one["name"] for one in told["report"]["skipped"]] == ["bag/broken.jpg"]
    command = ["train", "classifier", "--from", str(pictures), "--epochs", "2", "-o", str(tmp_path / "m"), "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"][0]["name"] == "classifier"
    assert 0 <= told["figures"][0]["accuracy"]["low"] <= told["figures"][0]["accuracy"]["value"] <= 1
    assert [row["name"] for row in told["per_class"]] == told["classes"] == list(CLASSES)


@pytest.mark.parametrize("options", [[], ["--mlp"], ["--augment", "--no-class-weights"]])
def test_the_same_command_gives_the_same_classifier(options, pictures, tmp_path):
    for name in ("one", "two"):
        command = ["train", "classifier", "--from", str(pictures), "--epochs", "4", "--seed", "3"]
        assert main([*command, *options, "-o", str(tmp_path / name)]) == 0
    for file in (FACTS, WEIGHTS, "README.md"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_stopped_in_the_middle_the_best_so_far_is_kept(pictures, tmp_path, monkeypatch, capsys):
    whole = trainers.HeadTrainer._passes
    monkeypatch.setattr(trainers.HeadTrainer, "_passes", lambda self: _three_passes(whole, self))
    assert main(["train", "classifier", "--from", str(pictures), "-o", str(tmp_path / "m")]) == 0
    assert "Stopped. Epoch 3 had the lowest validation loss and is kept." in capsys.readouterr().err
    assert load(tmp_path / "m").facts["options"]["stopped"] is True


def _three_passes(whole, self):
    passes = whole(self)
    for _ in range(3):
        yield next(passes)
    raise KeyboardInterrupt


def test_stopped_before_the_first_epoch_nothing_is_written(pictures, tmp_path, monkeypatch, capsys):
    def interrupted(self):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(trainers.HeadTrainer, "_passes", interrupted)
    assert main(["train", "classifier", "--from", str(pictures), "-o", str(tmp_path / "m")]) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "pictures"]
    assert capsys.readouterr().err.endswith("Stopped.\n")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["train", "classifier", "--from", "nowhere"], "nowhere cannot be read"),
        (["train", "classifier", "--catalogue", "nothing"], "There is no labelled set named 'nothing'"),
        (
            ["train", "classifier", "--from", "{pictures}", "-o", "{pictures}"],
            "so it is not replaced",
        ),
        (["organise", "--from", "{pictures}", "-o", "{pictures}"], "exists already"),
        (["classify", "{pictures}", "x.jpg"], "is no classifier"),
        (["train", "classifier", "--from", "{pictures}/bag"], "two classes"),
    ],
)
def test_what_cannot_be_done_ends_with_one_sentence(command, sentence, pictures, capsys):
    asked_wrongly = "There is no" in sentence
    assert main([part.format(pictures=pictures) for part in command]) == (2 if asked_wrongly else 1)
    error = capsys.readouterr().err.splitlines()[-1]
    assert sentence in error


@pytest.mark.parametrize(
    "command",
    [
        ["train", "classifier"],
        ["train", "classifier", "--from", "a", "--catalogue", "b"],
        ["train", "classifier", "--from", "a", "--epochs", "0"],
        ["organise", "--catalogue", "clothing", "-o", "x"],
        ["train", "classifier", "--catalogue", "clothing", "--labels", "x.csv"],
    ],
)
def test_options_that_do_not_fit_are_refused(command):
    with pytest.raises(SystemExit) as caught:
        main(command)
    assert caught.value.code == 2


def test_a_built_catalogue_keeps_its_test_part(capsys):
    assert main(["train", "classifier", "--catalogue", "fashion-mnist", "--epochs", "2"]) == 0
    printed = capsys.readouterr().out
    total = next(line for line in printed.splitlines() if line.strip().endswith(" 10"))
    assert np.sum([int(n) for n in total.split()]) == 40  # of the forty pictures every fourth is for testing
