"""The page of a catalogue of one's own, driven without a browser, on the artifacts that ship with the project."""

import gc
import io
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import visits
from sorted_pictures import make_zip
from streamlit import config
from streamlit.testing.v1 import AppTest
from visits import html_of

from core.config import ROOT, artifacts_dir
from core.engine.embedders.load import load_embedder
from core.engine.images.decode import FORMATS
from core.engine.progress import Progress
from core.errors import sentence
from core.maps import own as own_maps
from core.own.files import build_own
from core.ui.own import sources
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)
PAGE = "pages/2_Your_catalogue.py"
open_page = partial(visits.open_page, PAGE)


def tiles_of(page: AppTest) -> list[str]:
    return re.findall(r'data-id="([^"]+)"', html_of(page))


def upload(page: AppTest, content: bytes, name: str = "mine.zip") -> AppTest:
    page.file_uploader[0].upload(name, content).run()
    assert not page.exception
    return page


def archive(**members: bytes) -> bytes:
    return make_zip(members)


@pytest.fixture
def own_address() -> Iterator[Callable[[str], None]]:
    """Say where the server listens, for one test."""
    before = config.get_option("server.address")
    yield lambda address: config.set_option("server.address", address)
    config.set_option("server.address", before)


@pytest.fixture
def filled() -> AppTest:
    return open_page().button(key="own-try").click().run()


def test_the_empty_page_says_in_three_lines_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITRINE_ALLOW_URLS", raising=False)
    page = open_page()
    assert re.findall(r"<li>(.*?)</li>", html_of(page)) == [*WORDS.own.lead]
    captions = " ".join(caption.value for caption in page.caption)
    assert WORDS.own.privacy in captions
    assert not page.text_input and not page.error


def test_one_click_makes_the_example_a_catalogue(filled: AppTest) -> None:
    assert tiles_of(filled) == [f"own/{n}" for n in range(1, 17)]
    assert "16 pictures · 4 labels" in filled.markdown[0].value
    assert filled.success[0].value.startswith("Pictures added: 16, ")
    assert not filled.error and "own-job" not in filled.session_state


def test_what_is_left_out_is_listed_with_the_reason() -> None:
    shirt = (ROOT / "samples" / "shirt.jpg").read_bytes()
    page = upload(open_page(), archive(**{"a/shirt.jpg": shirt, "a/no.txt": b"text", "../out.jpg": shirt}))
    assert tiles_of(page) == ["own/1"]
    assert page.expander[0].label == WORDS.own.skipped.format(n=2)
    assert page.dataframe[0].value.values.tolist() == [
        ["a/no.txt", f"it is not a picture of an accepted type ({', '.join(FORMATS)})"],
        ["../out.jpg", "its name leads out of the archive"],
    ]


def test_a_table_of_addresses_is_asked_for_only_where_it_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITRINE_ALLOW_URLS", raising=False)
    page = open_page()
    assert page.file_uploader[0].label == WORDS.own.upload
    assert not [caption for caption in page.caption if "CSV" in caption.value or "VITRINE" in caption.value]
    monkeypatch.setenv("VITRINE_ALLOW_URLS", "1")
    assert open_page().file_uploader[0].label == WORDS.own.upload_urls


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("bad.zip", b"no archive", "The file is not a ZIP archive, or it is damaged."),
        ("bomb.zip", None, "The archive unpacks to more than 100 times its size"),
        ("none.zip", archive(**{"a.txt": b"x"}), WORDS.own.nothing),
        ("table.csv", b"a,b\n1,2\n", "The table has no column of picture URLs"),
    ],
)
def test_what_is_refused_gets_a_sentence_and_the_page_goes_on(
    name: str, content: bytes | None, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_ALLOW_URLS", "1")
    if content is None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("a.jpg", bytes(2_000_000))
        content = buffer.getvalue()
    page = upload(open_page(), content, name)
    assert sentence in page.error[0].value.replace("\\", "")
    page.button(key="own-try").click().run()
    assert not page.error and len(tiles_of(page)) == 16


def test_more_is_added_later_and_the_rest_is_removed(filled: AppTest) -> None:
    filled.segmented_control(key="own-section").set_value("add").run()
    upload(filled, archive(**{"new/bag.jpg": (ROOT / "samples" / "bag.jpg").read_bytes(), "notes.txt": b"text"}))
    filled.segmented_control(key="own-section").set_value("items").run()
    assert tiles_of(filled)[-1] == "own/17"
    filled.checkbox(key="own-pick-own/2").check().run()
    assert filled.button(key="own-remove").label == WORDS.own.remove.format(n=1)
    filled.button(key="own-remove").click().run()
    assert tiles_of(filled) == [f"own/{n}" for n in range(1, 18) if n != 2]
    filled.selectbox(key="own-label").select("/sneaker").run()
    assert tiles_of(filled) == ["own/1", "own/3", "own/4"]
    filled.button(key="own-remove-label").click().run()
    assert filled.session_state["own"].labels == ("shirt",) * 4 + ("bag",) * 4 + ("dress",) * 4 + ("new",)


def test_what_was_removed_comes_back_until_something_else_changes(filled: AppTest) -> None:
    before = filled.session_state["own"].embeddings.copy()
    filled.selectbox(key="own-label").select("/sneaker").run()
    filled.button(key="own-remove-label").click().run()
    assert filled.success[0].value == "4 pictures were removed."
    filled.button(key="own-undo").click().run()
    assert tiles_of(filled) == [f"own/{n}" for n in range(1, 17)]
    assert (filled.session_state["own"].embeddings == before).all()
    with pytest.raises(KeyError):
        filled.button(key="own-undo")
    filled.checkbox(key="own-pick-own/2").check().run()
    filled.button(key="own-remove").click().run()
    assert filled.success[0].value == "1 picture was removed."
    filled.segmented_control(key="own-section").set_value("add").run()
    filled.button(key="own-try").click().run()
    with pytest.raises(KeyError):  # what was added since would be lost
        filled.button(key="own-undo")


def test_duplicates_are_found_and_copies_removed(filled: AppTest) -> None:
    filled.segmented_control(key="own-section").set_value("add").run()
    filled.button(key="own-try").click().run()
    filled.segmented_control(key="own-section").set_value("duplicates").run()
    filled.button(key="own-duplicates-find").click().run()
    assert filled.info[0].value == WORDS.own.exact.format(n=16)
    filled.button(key="own-remove-copies").click().run()
    assert len(filled.session_state["own"]) == 16
    filled.button(key="own-duplicates-find").click().run()
    assert not filled.info


def test_queries_have_answers_a_curve_and_no_match_is_one(filled: AppTest) -> None:
    filled.segmented_control(key="own-section").set_value("queries").run()
    filled.button(key="own-ask").click().run()
    assert not filled.exception
    answers = filled.session_state["own-queries"]
    assert [(result.name, result.label) for result in answers.queries.results][:2] == [
        ("sneaker/detail.jpg", "sneaker"),
        ("sneaker/turned.jpg", "sneaker"),
    ]
    assert answers.curve.n_pairs == 8 * 16
    assert [metric.label for metric in filled.metric] == [WORDS.own.precision, WORDS.own.recall]
    filled.slider(key="own-threshold").set_value(1.0).run()
    assert html_of(filled).count(f"<b>{WORDS.own.no_match}</b>") == 8
    filled.button(key="own-suggest-0").click().run()
    assert 0 < filled.slider(key="own-threshold").value < 1
    filled.segmented_control(key="own-answer-kind").set_value("match").run()
    assert WORDS.own.no_match not in html_of(filled)


def test_backbones_are_evaluated_on_the_labels_of_the_catalogue(filled: AppTest) -> None:
    filled.segmented_control(key="own-section").set_value("evaluate").run()
    filled.multiselect(key="own-evaluate-with").set_value(["vitrine-clip", "colour-histogram"]).run()
    filled.button(key="own-evaluate").click().run()
    assert not filled.exception and not filled.error
    table = filled.dataframe[0].value
    assert set(table["Backbone"]) == {"Vitrine CLIP", "Colour histogram"}
    assert (table[WORDS.own.evaluate_queries] == 16).all()
    assert all(re.fullmatch(r"[01]\.\d{3}  \([01]\.\d{3} to [01]\.\d{3}\)", cell) for cell in table["R@1"])
    assert any("p = " in line.value for line in filled.markdown)
    labels, matrix = (element.value for element in filled.dataframe[1:])
    assert labels["Class"].tolist() == matrix[""].tolist()
    assert labels["Queries"].sum() == matrix.drop(columns="").to_numpy().sum() == 16
    right = sum(matrix[label].iloc[row] for row, label in enumerate(matrix[""]))
    assert any(f"{right} of 16" in line.value for line in filled.markdown)
    assert html_of(filled).count('<section class="vt-answer">') == min(8, 16 - right)
    filled.segmented_control(key="own-evaluate-of").set_value("colour-histogram").run()
    assert not filled.exception
    filled.segmented_control(key="own-section").set_value("items").run()
    filled.checkbox(key="own-pick-own/2").check().run()
    filled.button(key="own-remove").click().run()
    filled.segmented_control(key="own-section").set_value("evaluate").run()
    assert not filled.dataframe  # of a catalogue that is no more


def test_backbones_are_evaluated_with_a_set_of_queries(filled: AppTest) -> None:
    filled.segmented_control(key="own-section").set_value("evaluate").run()
    filled.multiselect(key="own-evaluate-with").set_value(["vitrine-clip"]).run()
    upload(filled, sources.example_queries_zip(), "queries.zip")
    assert not filled.error
    (asked,) = filled.dataframe[0].value[WORDS.own.evaluate_queries]
    assert asked == 8
    upload(filled, archive(**{"nowhere/a.png": b"nothing"}), "strangers.zip")
    assert [error.value for error in filled.error] == [str(sentence("own.no-common-labels"))]
    assert not filled.exception


def npz(**arrays: np.ndarray) -> bytes:
    with io.BytesIO() as file:
        np.savez(file, **arrays)
        return file.getvalue()


def test_embeddings_made_elsewhere_become_a_backbone_of_the_catalogue(filled: AppTest) -> None:
    filled.segmented_control(key="own-section").set_value("embeddings").run()
    mine = filled.session_state["own"]
    vectors = np.roll(mine.embeddings, 4, axis=0)  # each picture's are those of another
    upload(filled, npz(ids=np.array([item.name for item in mine.items]), vectors=vectors[:, :7]), "theirs.npz")
    assert not filled.error
    assert filled.success[0].value == WORDS.own.brought_done.format(n=16, dim=7)
    filled.selectbox(key="own-brought-item").set_value("own/6").run()
    tiles, theirs = tiles_of(filled), mine.brought.of(mine.items)
    closest = [f"own/{row + 1}" for row in np.argsort(-(theirs @ theirs[5]), kind="stable") if row != 5]
    assert tiles[:7] == ["own/6", *closest[:6]]
    filled.segmented_control(key="own-section").set_value("evaluate").run()
    filled.multiselect(key="own-evaluate-with").set_value(["own", "vitrine-clip"]).run()
    filled.button(key="own-evaluate").click().run()
    assert not filled.exception and not filled.error
    assert set(filled.dataframe[0].value["Backbone"]) == {WORDS.own.brought_title, "Vitrine CLIP"}


def test_embeddings_that_do_not_fit_are_one_sentence_and_the_page_goes_on(filled: AppTest) -> None:
    filled.segmented_control(key="own-section").set_value("embeddings").run()
    upload(filled, b"no embeddings", "a.npy")
    assert [error.value for error in filled.error] == [str(sentence("own.vectors-kind"))]
    upload(filled, npz(ids=np.array(["x"]), vectors=np.ones((1, 3))), "b.npz")
    assert "no picture with the id or the file name x" in filled.error[0].value
    upload(filled, npz(vectors=np.eye(16)), "c.npz")
    assert not filled.error
    assert filled.session_state["own"].brought.dim == 16
    filled.button(key="own-brought-drop").click().run()
    assert filled.session_state["own"].brought is None
    assert not filled.exception and not filled.success


def test_a_map_of_the_catalogue_is_drawn_in_the_background(filled: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_maps, "find_spec", lambda name: None)  # as where it is only served
    filled.segmented_control(key="own-section").set_value("map").run()
    filled.button(key="own-map-draw").click().run()
    for _ in range(100):
        if filled.session_state["own-map"].work.finished:
            break
        time.sleep(0.1)
    filled.run()
    assert not filled.exception and not filled.error
    said = [caption.value for caption in filled.caption]
    assert any("projected onto its two strongest directions (PCA)" in line for line in said)
    assert WORDS.own.map_no_umap in said
    filled.segmented_control(key="own-section").set_value("items").run()
    filled.checkbox(key="own-pick-own/2").check().run()
    filled.button(key="own-remove").click().run()
    filled.segmented_control(key="own-section").set_value("map").run()
    assert not any("PCA" in caption.value for caption in filled.caption)  # of a catalogue that is no more


@pytest.mark.parametrize("how", ["start over", "remove", "leave"])
def test_a_map_nobody_waits_for_any_more_is_not_made(
    how: str, filled: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, closed = threading.Event(), threading.Event()

    def slowly(*_: object) -> Iterator[Progress]:
        try:
            while True:
                yield Progress(1, 9, 1, 0, 1.0, 8.0)
                going.set()
                time.sleep(0.01)
        finally:
            closed.set()

    monkeypatch.setattr(own_maps, "_make", slowly)
    filled.segmented_control(key="own-section").set_value("map").run()
    filled.button(key="own-map-draw").click().run()
    assert going.wait(20)
    filled.segmented_control(key="own-section").set_value("items").run()
    assert not closed.wait(0.2)  # it goes on when nobody looks
    if how == "start over":
        filled.button(key="own-forget").click().run()
    elif how == "remove":
        filled.checkbox(key="own-pick-own/2").check().run()
        filled.button(key="own-remove").click().run()
    else:  # as when a visit ends
        del filled.session_state["own-map"]
    gc.collect()
    assert closed.wait(20)


def test_the_catalogue_is_searched_and_browsed_on_the_other_pages(filled: AppTest) -> None:
    filled.switch_page("app.py")
    filled.query_params["item"] = "own/1"
    filled.run()
    assert not filled.exception and not filled.error
    assert {id.partition("/")[0] for id in tiles_of(filled)} >= {"own"}
    filled.segmented_control(key="catalogue").set_value("own").run()
    assert len(tiles_of(filled)) == 5 and all(id.startswith("own/") for id in tiles_of(filled))
    filled.switch_page("pages/1_Browse.py").run()
    filled.query_params.pop("item", None)
    filled.query_params["catalogue"] = "own"
    filled.run()
    assert not filled.exception and not filled.error
    assert tiles_of(filled) == [f"own/{n}" for n in range(1, 17)]
    filled.button(key="open-own/3").click().run()
    assert not filled.exception and tiles_of(filled)[0] == "own/3"


@pytest.mark.parametrize("path", ["app.py", "pages/1_Browse.py"])
def test_an_item_of_another_visit_gets_a_friendly_sentence(path: str) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page(path)
    page.query_params["item"] = "own/1"
    page.run()
    assert not page.exception
    assert page.error[0].value == str(sentence("ui.elsewhere"))


def test_a_folder_and_a_saved_catalogue_are_opened_only_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_address: Callable[[str], None]
) -> None:
    folder = tmp_path / "photos" / "dress"
    folder.mkdir(parents=True)
    (folder / "one.jpg").write_bytes((ROOT / "samples" / "dress.jpg").read_bytes())
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VITRINE_LOCAL", "1")
    assert not open_page().text_input  # the server does not listen to this computer alone
    own_address("localhost")
    page = open_page()
    page.text_input(key="own-folder").input(str(tmp_path / "photos")).run()
    page.button(key="own-folder-add").click().run()
    assert [(item.name, item.label) for item in page.session_state["own"].items] == [("dress/one.jpg", "dress")]
    build_own(folder, "kept", tmp_path / "own", load_embedder("vitrine-clip"))
    page = open_page()
    page.button(key="own-saved-open").click().run()
    assert tiles_of(page) == ["own/1"]
    monkeypatch.setenv("VITRINE_LOCAL", "0")
    assert not open_page().text_input


def test_the_example_is_safe_to_share() -> None:
    with zipfile.ZipFile(io.BytesIO(sources.example_zip())) as example:
        assert len(example.namelist()) == 16
        assert {name.partition("/")[0] for name in example.namelist()} == set(WORDS.common.samples)
