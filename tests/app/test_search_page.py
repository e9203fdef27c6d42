"""The front page, driven without a browser, on the artifacts that ship with the project."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from visits import assert_answer, hits_of, html_of, open_page, strips_of, upload

from core.config import ROOT, artifacts_dir
from core.ui.components import cards
from core.ui.search import results
from core.ui.visit import state
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)

APP = ROOT / "app.py"
SHIRT = (ROOT / "samples" / "shirt.jpg").read_bytes()
DRESS = (ROOT / "samples" / "dress.jpg").read_bytes()


def test_the_first_page_invites_and_searches_nothing() -> None:
    page = open_page()
    assert all(line in html_of(page) for line in WORDS.search.headline)
    assert not hits_of(page)
    assert not page.error
    assert [page.button(key=f"sample-{name}").label for name in WORDS.common.samples] == [
        *WORDS.common.samples.values()
    ]
    assert any(WORDS.common.privacy in caption.value for caption in page.caption)


def test_an_upload_gives_five_hits_with_timings_and_the_privacy_line() -> None:
    page = upload(open_page(), "my shirt.jpg", SHIRT)
    assert_answer(page, 5)
    assert ">my shirt.jpg<" in html_of(page)
    assert WORDS.common.privacy in html_of(page)
    timings = next(c.value for c in page.caption if "searched" in c.value)
    assert re.search(r"Decoded in [\d.]+ ms · embedded in [\d.]+ ms · searched 75,398 pieces in [\d.]+ ms", timings)


@pytest.mark.parametrize("name", WORDS.common.samples)
def test_a_sample_is_one_click_and_names_itself_in_the_link(name: str) -> None:
    page = open_page()
    page.button(key=f"sample-{name}").click().run()
    hits = assert_answer(page, 5)
    assert page.query_params["sample"] == name
    assert hits_of(open_page(sample=name)) == hits


def truncated() -> bytes:
    return SHIRT[: len(SHIRT) // 2]


def one_pixel() -> bytes:
    with io.BytesIO() as buffer:
        Image.new("RGB", (1, 1)).save(buffer, "PNG")
        return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.jpg", b"this is only text", "not a picture of an accepted type"),
        ("empty.jpg", b"", "empty"),
        ("half.jpg", truncated(), "damaged or cut short"),
        ("dot.png", one_pixel(), "1 × 1 pixels"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture of an accepted type"),
        ("print.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture of an accepted type"),
        ("heavy.jpg", SHIRT + bytes(10_000_001 - len(SHIRT)), "larger than 10 MB"),
    ],
)
def test_a_bad_upload_gets_one_sentence_and_the_page_goes_on(name: str, content: bytes, reason: str) -> None:
    page = upload(open_page(), name, content)
    assert len(page.error) == 1
    assert page.error[0].value.startswith(f"{name}: ")
    assert reason in page.error[0].value
    assert not hits_of(page)
    assert_answer(upload(page, "good.jpg", SHIRT), 5)


def test_a_bad_upload_does_not_leave_old_results_beside_its_sentence() -> None:
    page = upload(upload(open_page(), "shirt.jpg", SHIRT), "notes.jpg", b"text")
    assert len(page.error) == 1
    assert not hits_of(page)
    page.button(key="back").click().run()
    assert_answer(page, 5)
    assert ">shirt.jpg<" in html_of(page)


def test_a_file_name_is_shown_as_it_is_and_never_as_markup() -> None:
    name = "<img src=x onerror=alert(1)>[a](b).jpg"
    page = upload(open_page(), name, SHIRT)
    assert "&lt;img src=x onerror=alert(1)&gt;" in html_of(page)
    assert "<img" not in html_of(page)
    page = upload(page, "[a](http://b) _x_ my_file.jpg", b"text")
    assert page.error[0].value.startswith(r"\[a\](http://b) \_x\_ my_file.jpg: ")


def test_more_like_this_excludes_the_item_and_leads_back() -> None:
    page = upload(open_page(), "shirt.jpg", SHIRT)
    first = assert_answer(page, 5)
    page.button(key=f"more-{first[2][1]}").click().run()
    assert not page.exception
    hits = assert_answer(page, 5)
    assert first[2][1] not in {id for _, id, _ in hits}
    assert page.query_params["item"] == first[2][1]
    page.button(key=f"more-{hits[0][1]}").click().run()
    assert page.query_params["item"] == hits[0][1]
    page.button(key="back").click().run()
    assert hits_of(page) == hits
    page.button(key="back").click().run()
    assert hits_of(page) == first
    assert "item" not in page.query_params
    page.button(key="start-over").click().run()
    assert not hits_of(page)


@pytest.mark.parametrize("item", ["fashion-mnist/train/00042", "fashion-mnist/test/09999"])
def test_a_link_to_an_item_works_cold(item: str) -> None:
    hits = assert_answer(open_page(item=item), 5)
    assert item not in {id for _, id, _ in hits}


@pytest.mark.parametrize("item", ["fashion-mnist/train/99999", "clothing/../../etc", "nowhere/1", "x" * 500, "/"])
def test_a_link_to_an_unknown_item_gets_one_sentence(item: str) -> None:
    page = open_page(item=item)
    assert len(page.error) == 1
    assert page.error[0].value.startswith("The link asks for an item that is in none of the catalogues: ")
    assert len(page.error[0].value) < 200
    page.button(key="sample-bag").click().run()
    assert_answer(page, 5)


def test_a_link_to_an_unknown_sample_lists_the_samples() -> None:
    page = open_page(sample="spaceship")
    assert page.error[0].value == "There is no sample named 'spaceship'. Known: bag, dress, shirt, sneaker."


def test_options_change_the_answer_and_are_read_from_the_link() -> None:
    page = open_page(sample="dress", k="7", catalogue=WORDS.common.catalogues["fashion-mnist"])
    hits = assert_answer(page, 7)
    assert {id.partition("/")[0] for _, id, _ in hits} == {"fashion-mnist"}
    page.slider(key="k").set_value(2).run()
    assert hits_of(page) == hits[:2]
    page.slider(key="min").set_value(1.0).run()
    assert not hits_of(page)
    assert page.info[0].value == WORDS.common.nothing


def test_the_class_filter_shows_only_its_classes() -> None:
    page = open_page(sample="dress")
    page.multiselect(key="kinds").select("fashion-mnist/Sandal").run()
    assert_answer(page, 5)
    assert set(re.findall(r'<article.*?vt-title">([^<]+)<', html_of(page))) == {"Sandal"}


def test_a_changed_option_embeds_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    page = upload(open_page(), "shirt.jpg", SHIRT)

    def refuse(*_: object) -> None:
        raise AssertionError("embedded a second time")

    monkeypatch.setattr("core.ui.components.query.open_photo", refuse)
    page.slider(key="k").set_value(3).run()
    assert not page.exception
    assert_answer(page, 3)


def test_visitors_do_not_see_each_other() -> None:
    one, two = open_page(), open_page()
    mine = assert_answer(upload(one, "shirt.jpg", SHIRT), 5)
    two.run()
    assert not hits_of(two)
    assert "photos" not in two.session_state or not two.session_state["photos"]
    theirs = assert_answer(upload(two, "dress.jpg", DRESS), 5)
    assert hits_of(one.run()) == mine != theirs
    assert [photo.name for photo in one.session_state["photos"].values()] == ["shirt.jpg"]


def test_a_visit_keeps_few_pictures_and_none_of_the_bytes() -> None:
    page = open_page()
    for shade in range(state.MAX_PHOTOS + 2):
        with io.BytesIO() as buffer:
            Image.new("RGB", (32, 32), (shade * 20, 0, 0)).save(buffer, "PNG")
            upload(page, f"{shade}.png", buffer.getvalue())
    assert [photo.name for photo in page.session_state["photos"].values()] == [
        f"{shade}.png" for shade in range(2, state.MAX_PHOTOS + 2)
    ]
    assert "incoming" not in page.session_state


def test_starting_over_forgets_the_photo_and_the_options() -> None:
    page = upload(open_page(k="3"), "shirt.jpg", SHIRT)
    assert_answer(page, 3)
    page.slider(key="min").set_value(0.99).run()
    assert page.info[0].value == WORDS.common.nothing
    page.button(key="start-over").click().run()
    assert not page.exception
    assert not hits_of(page)
    assert not dict(page.query_params)
    assert "photos" not in page.session_state or not page.session_state["photos"]
    page.button(key="sample-bag").click().run()
    assert_answer(page, 5)
    with pytest.raises(KeyError):  # there is no way back to the photo
        page.button(key="back")


def test_options_are_chips_that_can_be_taken_away_one_by_one_and_all_at_once() -> None:
    page = open_page(sample="dress", k="3", min="0.3", colours=["red", "pink"])
    chips = ["k-3", "min-0.3", "colours-red", "colours-pink"]
    assert [button.key for button in page.button if str(button.key).startswith("chip-")] == [
        f"chip-{name}" for name in ("k-3", "min-0.3", "colours-red", "colours-pink")
    ]
    page.button(key=f"chip-{chips[2]}").click().run()
    assert page.multiselect(key="colours").value == ["pink"]
    assert page.slider(key="k").value == 3
    page.button(key="no-chips").click().run()
    assert hits_of(page) == hits_of(open_page(sample="dress"))
    assert set(page.query_params) == {"sample"}


def test_a_photo_of_another_visit_is_said_to_be_gone() -> None:
    page = upload(open_page(), "shirt.jpg", SHIRT)
    link = page.query_params["photo"]
    assert len(str(link[0] if isinstance(link, list) else link)) == 12
    again = open_page(photo=link)
    assert [error.value for error in again.error] == [WORDS.common.photo_gone]
    assert all(line in html_of(again) for line in WORDS.search.headline)
    assert_answer(upload(again, "shirt.jpg", SHIRT), 5)


def test_bags_are_answered_by_bags_and_photos_say_that_they_show_none() -> None:
    first, second = strips_of(open_page(sample="bag"))
    assert {id.partition("/")[0] for _, id, _ in first} == {"fashion-mnist"}
    assert {id.partition("/")[0] for _, id, _ in second} == {"clothing"}
    assert "There are no handbags among Clothing photos" in html_of(open_page(sample="bag"))
    photos, grey = strips_of(open_page(sample="sneaker"))
    assert {id.partition("/")[0] for _, id, _ in photos} == {"clothing"}
    assert {id.partition("/")[0] for _, id, _ in grey} == {"fashion-mnist"}


def test_the_csv_has_what_the_cards_show() -> None:
    page = open_page(sample="bag")
    hits = state_answer(page)
    rows = list(csv.DictReader(io.StringIO(results.hits_csv(hits))))
    assert [(int(row["rank"]), row["id"], round(float(row["similarity"]), 3)) for row in rows] == [
        (rank, id, pytest.approx(similarity, abs=0.0011)) for rank, id, similarity in hits_of(page)
    ]
    assert tuple(rows[0]) == results.CSV_COLUMNS
    assert [(row["kind"], row["same_kind"]) for row in rows] == [
        (hit.agrees["kind"].name, f"{hit.agrees['kind'].probability:.6f}") for hit in hits
    ]
    grey = [row for row in rows if row["catalogue"] == "fashion-mnist"]
    assert {(row["colour"], row["same_colour"]) for row in grey} == {("", "")}


def state_answer(page: AppTest) -> list:
    return page.session_state["answer"][1].hits


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("my shirt.jpg", "vitrine-my-shirt.csv"),
        ("../../etc/passwd", "vitrine-etc-passwd.csv"),
        ('a"b\r\nSet-Cookie: x.png', "vitrine-a-b-Set-Cookie-x.csv"),
        ("裙子.png", "vitrine-results.csv"),
        ("x" * 300, f"vitrine-{'x' * 40}.csv"),
    ],
)
def test_the_csv_has_a_safe_name(name: str, expected: str) -> None:
    assert results.csv_name(name) == expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, "0%"), (0.5, "50%"), (0.994, "99.4%"), (0.9996, "99.9%"), (1.0, "99.9%")]
)
def test_a_share_is_never_called_certain(share: float, expected: str) -> None:
    assert cards.percent(share) == expected


def test_missing_artifacts_are_one_sentence_and_the_page_stands(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(tmp_path_factory.mktemp("nothing")))
    page = open_page()
    assert [error.value for error in page.error] == [
        "artifacts/manifest.json is missing. To repair it, run: git restore artifacts"
    ]
    page = upload(page, "shirt.jpg", SHIRT)
    assert any("manifest.json is missing" in error.value for error in page.error)


SEARCH = """
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1], default_timeout=60).run()
page.file_uploader[0].upload("shirt.jpg", open(sys.argv[2], "rb").read()).run()
assert not page.exception and not page.error
assert sum('class="vt-hit"' in element.body for element in page.get("html")) == 10
print(sorted({"torch", "open_clip", "timm", "sklearn", "umap"} & set(sys.modules)))
"""


def test_a_photo_search_never_imports_torch() -> None:
    command = [sys.executable, "-c", SEARCH, str(APP), str(ROOT / "samples" / "shirt.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"


def test_drawing_the_page_imports_nothing_heavy() -> None:
    heavy = ("torch", "onnxruntime", "hnswlib", "pandas", "scipy")
    code = f"import sys, core.ui.search.page; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.strip() == "[]", done.stderr[-2000:]


def damaged_copy(folder: Path, name: str) -> Path:
    """The artifacts by links, except one file in which a bit is flipped."""
    for path in artifacts_dir().rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(artifacts_dir())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path.resolve())
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    return folder


def test_damaged_weights_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "models/vitrine-clip/image.onnx"
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(damaged_copy(tmp_path, name)))
    page = upload(open_page(), "shirt.jpg", SHIRT)
    assert len(page.error) == 1
    assert page.error[0].value.startswith(f"artifacts/{name} is damaged: its sha256 is not the manifest's.")
    assert not hits_of(page)
    page.query_params["item"] = "fashion-mnist/train/00042"  # needs no weights
    assert_answer(page.run(), 5)


def test_a_damaged_index_is_a_notice_beside_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = assert_answer(open_page(sample="bag"), 5)
    name = "indexes/vitrine-clip/clothing.hnsw"
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(damaged_copy(tmp_path, name)))
    page = open_page(sample="bag")
    assert [name in warning.value for warning in page.warning] == [True]
    exact = assert_answer(page, 5)  # comparing all finds nothing worse than the graph does
    assert all(found >= before for (_, _, found), (_, _, before) in zip(exact, expected, strict=True))
