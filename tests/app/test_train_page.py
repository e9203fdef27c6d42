"""The Train page, driven without a browser, on the artifacts that ship with the project."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import visits
from sorted_pictures import CLASSES, files, make_zip, picture
from streamlit.testing.v1 import AppTest

from core.classifier.model import files as saved
from core.classifier.training.options import Epoch, Options
from core.classifier.training.trainer import HeadTrainer
from core.config import artifacts_dir
from core.ui.components import plots
from core.ui.train import charts, training
from core.ui.train.state import Run, TrainSession
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)
open_page = partial(visits.open_page, "pages/5_Train_a_classifier.py")


def texts(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown)


def with_upload(contents: dict[str, bytes]) -> AppTest:
    page = open_page(data="upload")
    page.file_uploader(key="train-zip").upload("mine.zip", make_zip(contents), "application/zip").run()
    assert not page.exception
    return page


def test_classes_are_written_in_charts_as_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plotly takes "1" for a number and "<b>" for bold, if it is let."""
    drawn: list[Any] = []
    monkeypatch.setattr(charts.st, "plotly_chart", lambda figure, alt, **_: drawn.append((figure, alt)))
    names, table = ("1", "<b>x</b>"), np.array([[2, 0, 0], [1, 3, 1]])
    charts.counts(SimpleNamespace(classes=names, counts=table))
    charts.confusion(SimpleNamespace(classes=names, confusion=table[:, :2]), "x")
    (counts, _), (confusion, _) = drawn
    assert [alt for _, alt in drawn] == [WORDS.train.counts_alt, WORDS.train.confusion_alt]
    assert counts.layout.yaxis.ticktext == confusion.layout.yaxis.ticktext == ("1", "&lt;b&gt;x&lt;/b&gt;")
    assert [bar.x for bar in counts.data] == [(2, 1), (0, 3), (0, 1)]
    assert confusion.data[0].z == ([1, 0], [0.25, 0.75]) and confusion.data[0].text == (["2", ""], ["1", "3"])


def test_the_marks_of_an_axis_can_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(charts.st, "plotly_chart", lambda figure, alt, **_: drawn.append(figure))
    long = ("Women's long-sleeved top, red", "Women's long-sleeved top, blue", "Women's long-sleeved top, black")
    charts.counts(SimpleNamespace(classes=long, counts=np.array([[1, 1, 1], [2, 0, 1], [1, 0, 0]])))
    charts.counts(SimpleNamespace(classes=("x",), counts=np.array([[4000, 10, 10]])))
    few, many = drawn
    assert (few.layout.xaxis.dtick, many.layout.xaxis.dtick) == (1, None)  # 0, 1, 2, 3: never "0, 1, 1, 2"
    assert len(set(few.layout.yaxis.ticktext)) == 3
    assert all(len(text) <= 30 for text in few.layout.yaxis.ticktext)
    same = plots.written(["a" * 60 + "1" + "b" * 40, "a" * 60 + "2" + "b" * 40])
    assert len(set(same)) == 2
    assert plots.written(["x", "x", "x (1)"]) == ["x (2)", "x (3)", "x (1)"]


def test_the_kept_epoch_is_named_by_what_it_is_best_in(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(charts.st, "plotly_chart", lambda figure, alt, **_: drawn.append(figure))
    monkeypatch.setattr(charts.st, "columns", lambda *_, **__: (nullcontext(), nullcontext()))
    history = [Epoch(1, 9, 0.5, 0.9, 0.4, 0.95, True, 1.0), Epoch(2, 9, 0.4, 0.95, 0.41, 0.97, False, 1.0)]
    charts.curves(history)
    for figure in drawn:
        assert figure.layout.shapes[0].x0 == 1  # the lowest loss, though the accuracy is not the highest
        assert figure.layout.annotations[0].text == WORDS.train.lowest_validation
        assert figure.layout.xaxis.range == (0.5, 2.5)  # no room for epochs that are not there
    assert drawn[1].layout.yaxis.range == pytest.approx((0.89, 0.98))  # and never 200 %
    drawn.clear()
    charts.curves([Epoch(1, 9, 0.5, 1.0, 0.4, 1.0, True, 1.0)])
    assert drawn[1].layout.yaxis.range == pytest.approx((0.99, 1.0), abs=0.002)
    drawn.clear()
    charts.curves([Epoch(1, 9, 0.5, 0.9, float("nan"), float("nan"), True, 1.0)])
    assert drawn[0].layout.annotations[0].text == WORDS.train.lowest_training


def test_the_canonical_ten_classes_are_there_at_once() -> None:
    page = open_page()
    assert WORDS.train.counts.format(n=3781, classes=10, train=3068, validation=341, test=372) in texts(page)
    assert page.button(key="train-stop").disabled
    assert not page.error


def test_the_link_says_which_pictures() -> None:
    page = open_page(data="upload")
    assert [info.value for info in page.info] == [WORDS.train.upload_empty]
    assert [button.key for button in page.button if button.key == "train-start"] == []
    assert not open_page(data="nonsense").error


def test_from_an_upload_to_a_prediction() -> None:
    page = with_upload(files() | {"bag/broken.jpg": b"no picture", "lonely/1.jpg": picture("bag", 99)})
    assert WORDS.train.left_out.format(name="lonely", n=1) in texts(page)
    assert "bag/broken.jpg: it is not a picture" in texts(page).replace("\\", "")
    page.button(key="train-start").click().run()
    assert not page.exception
    assert "**Done after" in texts(page)
    methods = page.table[0].value[WORDS.train.method].tolist()
    assert methods == list(WORDS.train.methods.values())
    page.file_uploader(key="train-predict").upload("new.jpg", picture("dress", 77), "image/jpeg").run()
    assert not page.exception
    found = [element.body for element in page.get("html") if "data-label=" in element.body]
    assert len(found) == 1
    assert 'data-label="dress"' in found[0]
    assert "new.jpg" in found[0]


def test_a_zip_whose_folders_are_classes_gets_its_accuracy() -> None:
    page = with_upload(files())
    page.button(key="train-start").click().run()
    contents = {f"{name}/new{n}.jpg": picture(name, 50 + n) for name in CLASSES for n in range(3)}
    contents |= {"bag/really.jpg": picture("dress", 71), "unknown/x.jpg": picture("dress", 70)}
    archive = make_zip(contents)
    page.file_uploader(key="train-predict").upload("new.zip", archive, "application/zip").run()
    assert not page.exception
    assert "Of 14 pictures, 13 lie in folders that are named after classes: **12 of them are right" in texts(page)
    assert "accuracy 0.923** (0.667 to 0.986)" in texts(page)
    shown = "\n".join(element.body for element in page.get("html") if "data-label=" in element.body)
    assert shown.count(WORDS.train.truth.format(truth="bag")) == 1  # of the one that is wrong
    recalls = page.dataframe[-1].value.set_index(WORDS.train.columns[0])[WORDS.train.columns[2]]
    assert recalls.round(2).to_dict() == {"bag": 0.75, "dress": 1, "shirt": 1, "sneaker": 1}


def test_a_run_that_is_stopped_keeps_its_best() -> None:
    page = with_upload(files())
    session = page.session_state["classifier"]
    trainer = HeadTrainer(session.examples, Options())
    epochs = trainer.epochs()
    next(epochs), next(epochs)
    session.run = Run(trainer, epochs, stop=True)  # as a press of the button leaves it
    page.run()
    assert not page.exception
    assert "**Done after 2 epochs.**" in texts(page)
    assert session.classifier.facts["options"]["stopped"] is True
    assert session.classifier.head is trainer.head


def test_within_an_epoch_the_page_may_draw_as_often_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(HeadTrainer):
        def steps(self) -> Iterator[Epoch | None]:
            for step in super().steps():
                yield from (None, step, None, None)

    monkeypatch.setattr(training, "_DRAW_S", 0.0)
    page = with_upload(files())
    session = page.session_state["classifier"]
    session.run = Run(Slow(session.examples, Options(epochs=3)))
    page.run()
    assert not page.exception
    assert "**Done after 3 epochs.**" in texts(page)


@pytest.mark.parametrize("other", [False, True])
def test_until_there_are_results_the_run_is_there(monkeypatch: pytest.MonkeyPatch, other: bool) -> None:
    """A press of a button begins another script while the one before still evaluates: it must not find nothing."""
    session = TrainSession()
    trainer = SimpleNamespace(best=object(), history=["epoch"])
    run = session.run = Run(trainer)

    def finish_alone(*_: object) -> tuple[str, str]:
        assert session.run is run
        if other:  # somebody trains anew meanwhile
            session.forget_run()
            session.run = Run(trainer)
        return "classifier", "evaluation"

    monkeypatch.setattr(training, "finish_alone", finish_alone)
    training._finish(session, run)
    if other:
        assert session.run is not None and session.run is not run
        assert (session.classifier, session.evaluation, session.history) == (None, None, [])
    else:
        assert session.run is None
        assert (session.classifier, session.evaluation) == ("classifier", "evaluation")
        assert session.history == ["epoch"]


def test_a_run_that_is_stopped_before_its_first_epoch_says_so() -> None:
    page = with_upload(files())
    session = page.session_state["classifier"]
    session.run = Run(HeadTrainer(session.examples, Options()), stop=True)
    page.run()
    assert not page.exception
    assert [error.value for error in page.error] == [WORDS.train.stopped_early]
    assert session.run is None


def test_new_pictures_end_what_was_made_of_the_old_ones() -> None:
    page = with_upload(files())
    page.button(key="train-start").click().run()
    assert "**Done after" in texts(page)
    page.segmented_control(key="train-data").set_value("clothing-small").run()
    assert not page.exception
    assert "**Done after" not in texts(page)
    assert "10 classes" in texts(page)


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ({"only/1.jpg": picture("bag", 1)}, "two classes"),
        ({"a/1.jpg": b"x", "images.csv": b"colour\nred\n"}, "no column of file names"),
    ],
)
def test_an_upload_that_cannot_be_used_gets_one_sentence(contents, sentence) -> None:
    page = with_upload(contents)
    assert [sentence in error.value for error in page.error] == [True]
    assert page.run().error[0].value == page.error[0].value


def test_a_saved_classifier_comes_back_and_a_damaged_one_does_not() -> None:
    page = with_upload(files())
    page.button(key="train-start").click().run()
    packed = saved.pack(page.session_state["classifier"].classifier)
    fresh = open_page(data="upload")
    fresh.file_uploader(key="train-load").upload("c.zip", saved.to_zip(packed), "application/zip").run()
    assert not fresh.exception
    fresh.file_uploader(key="train-predict").upload("new.jpg", picture("sneaker", 5), "image/jpeg").run()
    assert any('data-label="sneaker"' in element.body for element in fresh.get("html"))
    facts = json.loads(packed[saved.FACTS])
    assert facts["labels"] == list(CLASSES)
    broken = packed | {saved.WEIGHTS: packed[saved.WEIGHTS][:-4] + b"0000"}
    other = open_page(data="upload")
    other.file_uploader(key="train-load").upload("c.zip", saved.to_zip(broken), "application/zip").run()
    assert "sha256" in other.error[0].value
