"""The page of maps, driven without a browser: pieces of the artifacts that ship, on a map made by the test."""

from __future__ import annotations

import csv
import io
import re
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import visits
from streamlit.testing.v1 import AppTest

from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.engine.files.paths import attributes_file
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Query
from core.maps import points
from core.maps.files import chart_of
from core.ui.maps import grid
from core.ui.maps.placed import Placed
from core.ui.maps.view import PAIR, View, read, write
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)

ITEM = "fashion-mnist/train/00000"
KNOWN = [DEFAULT_BACKBONE, "efficientnet-lite0"]
open_page = partial(visits.open_page, "pages/4_Maps.py")


@pytest.fixture(autouse=True)
def _in_use(mapped_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(mapped_artifacts))


def tiles_of(page: AppTest) -> list[str]:
    return re.findall(r'<article class="vt-tile" data-id="([^"]+)"', "\n".join(e.body for e in page.get("html")))


def ids_of(numbers: np.ndarray) -> list[str]:
    return grid.table_of(numbers)["id"].tolist()


def params_of(page: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in page.query_params.items()}


def mistakes() -> list[str]:
    codes = [points.CODES[id] for id in PAIR]
    found = chart_of(DEFAULT_BACKBONE)[0]
    sides = [grid.misplaced(found, *pair)[:12] for pair in (codes, codes[::-1])]
    return [id for numbers in sides for id in ids_of(numbers)]


def test_the_page_opens_with_the_usual_pair_and_a_table_of_all_classes() -> None:
    page = open_page()
    assert tiles_of(page) == mistakes()
    found = chart_of(DEFAULT_BACKBONE)[0]
    table = next(e.body for e in page.get("html") if 'class="vt-classes"' in e.body)
    rows = [re.findall(r"<t[hd][^>]*>([^<]+)", row) for row in table.split("<tr>")[2:]]
    assert sum(int(row[2].replace(",", "")) for row in rows) == len(found)
    assert [row[0] for row in rows][:3] == ["T-shirt or top", "Trousers", "Pullover"]
    assert "0.500 (0.400 to 0.600)" in page.caption[0].value


def test_a_page_without_maps_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch, artifacts_folder: Path) -> None:
    (artifacts_folder / "manifest.json").write_text(
        '{"schema": 1, "backbones": {}, "catalogues": {}, "indexes": {}, "files": {}}'
    )
    page = open_page()
    assert [info.value for info in page.info] == [WORDS.maps.none]
    assert "python -m core build --maps" in page.code[0].value


def test_a_damaged_map_is_a_sentence(mapped_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in mapped_artifacts.rglob("*"):
        if file.is_file():
            (tmp_path / file.relative_to(mapped_artifacts)).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file.relative_to(mapped_artifacts)).symlink_to(file)
    damaged = tmp_path / "maps" / f"{DEFAULT_BACKBONE}.npz"
    damaged.unlink()
    damaged.write_bytes(b"x" * 100)
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(tmp_path))
    page = open_page()
    assert len(page.error) == 1
    assert "is damaged" in page.error[0].value


def test_an_item_of_the_link_is_placed_among_its_five_closest() -> None:
    page = open_page(item=ITEM)
    hits = [hit.id for hit in SearchEngine().search(Query(item=ITEM, k=5)).hits]
    assert tiles_of(page)[:5] == hits
    page.button(key=f"maps-closest-{points.number_of(hits[2])}").click().run()
    assert params_of(page) == {"item": hits[2]}
    assert tiles_of(page)[:5] == [hit.id for hit in SearchEngine().search(Query(item=hits[2], k=5)).hits]


def test_a_class_is_found_counted_and_paged() -> None:
    page = open_page(**{"class": "clothing/Skirt"})
    found = chart_of(DEFAULT_BACKBONE)[0]
    numbers = points.numbers_on(found)[points.codes_of(found)[0] == points.CODES["clothing/Skirt"]]
    assert tiles_of(page)[: min(24, len(numbers))] == ids_of(numbers[:24])
    assert WORDS.maps.count.format(title="Skirt", n=len(numbers)) in [text.value for text in page.markdown]
    page.selectbox(key="maps-kind").select("fashion-mnist/Bag").run()
    assert params_of(page) == {"class": "fashion-mnist/Bag"}
    page.selectbox(key="maps-kind").select("").run()
    assert tiles_of(page) == mistakes()


def test_an_id_is_found_or_refused_in_a_sentence() -> None:
    page = open_page()
    page.text_input(key="maps-find").set_value("nothing/at/all").run()
    assert "nothing/at/all" in page.warning[0].value
    page.text_input(key="maps-find").set_value(f" {ITEM} ").run()
    assert params_of(page) == {"item": ITEM}
    assert not page.warning
    page.selectbox(key="maps-sample").select("bag").run()
    assert params_of(page) == {"sample": "bag"}
    page.selectbox(key="maps-sample").select("").run()
    assert params_of(page) == {}
    assert tiles_of(page) == mistakes()


def test_a_part_of_an_id_finds_one_several_or_too_many() -> None:
    page = open_page(**{"class": "clothing/Skirt"})
    page.text_input(key="maps-find").set_value("TRAIN/00042").run()
    assert params_of(page) == {"class": "clothing/Skirt", "item": "fashion-mnist/train/00042"}
    page = open_page(**{"class": "clothing/Skirt"})
    page.text_input(key="maps-find").set_value("t/0004").run()
    wanted = [f"fashion-mnist/test/0004{n}" for n in range(10)]
    assert tiles_of(page)[:10] == wanted
    assert params_of(page) == {}
    page.text_input(key="maps-find").set_value("mnist").run()
    assert page.warning[0].value == WORDS.maps.found_many.format(text="mnist", n=70_000, most=200)
    assert tiles_of(page)[:10] == wanted
    page.text_input(key="maps-find").set_value("<b>[x](y)").run()
    assert "<b>" not in page.warning[0].value


def test_two_maps_a_colour_and_a_pair_are_in_the_link() -> None:
    page = open_page()
    page.selectbox(key="maps-beside").select("efficientnet-lite0").run()
    page.selectbox(key="maps-colour").select("wrong").run()
    page.selectbox(key="maps-first").select("clothing/Hat").run()
    wanted = {"beside": "efficientnet-lite0", "colour": "wrong", "first": "clothing/Hat", "second": "clothing/T-Shirt"}
    assert params_of(page) == wanted
    assert len(page.caption) == 2
    page.selectbox(key="maps-map").select("efficientnet-lite0").run()
    assert params_of(page) == {"map": "efficientnet-lite0"} | {k: v for k, v in wanted.items() if k != "beside"}


@pytest.mark.parametrize(
    "query",
    [{"map": "nothing"}, {"beside": DEFAULT_BACKBONE}, {"colour": "x"}, {"class": "clothing/<b>"}, {"second": PAIR[0]}],
)
def test_a_value_that_means_nothing_is_the_usual_with_a_sentence(query: dict[str, str]) -> None:
    view, notes = read(query, KNOWN)
    assert (view, len(notes)) == (View(DEFAULT_BACKBONE), 1)
    page = open_page(**query)
    assert len(page.info) == 1


def test_what_is_written_into_a_link_is_read_from_it() -> None:
    for id in points.CODES:
        pair = [other for other in points.CODES if other.partition("/")[0] == id.partition("/")[0] and other != id]
        view = View("efficientnet-lite0", DEFAULT_BACKBONE, "predicted", id, id, pair[-1])
        assert read(write(view, View(DEFAULT_BACKBONE)), KNOWN) == (view, [])


def test_numbers_and_bits_go_there_and_back() -> None:
    n = int(points.starts()[-1])
    numbers = np.array([0, 7, 8, 69_999, 70_000, n - 1])
    np.testing.assert_array_equal(points.unpack(points.pack(numbers)), numbers)
    assert points.place_of(70_000) == ("clothing", 0)
    assert [points.number_of(id) for id in ids_of(numbers)] == numbers.tolist()
    for bad in (None, 7, "", "AAAA", "%%%", points.pack(numbers)[:-4], b"x"):
        assert len(points.unpack(bad)) == 0
    for bad in (-1, n):
        with pytest.raises(IndexError):
            points.place_of(bad)


def test_a_place_costs_well_under_a_second() -> None:
    number = points.number_of(ITEM)
    nearest = tuple(points.number_of(hit.id) for hit in SearchEngine().search(Query(item=ITEM, k=10)).hits)
    found = chart_of(DEFAULT_BACKBONE)[0]
    started = time.perf_counter()
    query = Placed(number, nearest, 5).on(found, DEFAULT_BACKBONE)
    assert time.perf_counter() - started < 0.5
    row = points.row_on(found, number)
    assert query is not None and row is not None
    assert [query["x"], query["y"]] == found.steps[row].tolist()
    assert query["hits"] == [r for n in nearest[:5] if (r := points.row_on(found, n)) is not None]


def test_what_is_no_item_is_placed_where_each_backbone_sees_it() -> None:
    found = chart_of(DEFAULT_BACKBONE)[0]
    numbers = points.numbers_on(found)
    ours, theirs = tuple(numbers[:10].tolist()), tuple(numbers[-10:].tolist())
    query = Placed(None, ours, 5, by={DEFAULT_BACKBONE: ours, "efficientnet-lite0": theirs})
    first, second = (query.on(found, id) for id in query.by)
    assert first and second and first != second
    assert [first["x"], first["y"]] in found.steps[:10].tolist()
    assert [second["x"], second["y"]] in found.steps[-10:].tolist()
    assert first["hits"] == second["hits"] == [0, 1, 2, 3, 4]
    assert query.on(found, "hog") is None


def test_a_sample_is_placed_on_a_second_map_by_its_own_backbone_and_words_with_a_reason() -> None:
    page = open_page(beside="efficientnet-lite0", sample="dress")
    seen = page.session_state["maps-seen"]
    ((backbone, query),) = seen
    assert (backbone, query.ref, len(seen[backbone, query])) == ("efficientnet-lite0", "dress", 10)
    page.selectbox(key="maps-sample").select("bag").run()
    assert [query.ref for _, query in page.session_state["maps-seen"]] == ["bag"]
    page = open_page(beside="efficientnet-lite0", q="red dress")
    assert any("EfficientNet-Lite0 (ImageNet) cannot say where it belongs" in one.value for one in page.caption)
    assert len(tiles_of(page)) >= 5


def test_the_csv_says_where_the_chosen_lie_on_each_map() -> None:
    found = {id: chart_of(id)[0] for id in KNOWN}
    numbers = np.array([*points.numbers_on(found[KNOWN[1]])[:3], *points.numbers_on(found[KNOWN[0]])[-3:]])
    rows = list(csv.DictReader(io.StringIO(grid.csv_of(numbers, View(*KNOWN)).removeprefix("\ufeff"))))
    assert list(rows[0]) == ["id", "catalogue", "label", *(f"{axis}_{id}" for id in KNOWN for axis in "xy")]
    assert [row["id"] for row in rows] == ids_of(numbers)
    for row, number in zip(rows, numbers.tolist(), strict=True):
        for id in KNOWN:
            at = points.row_on(found[id], number)
            written = [row[f"x_{id}"], row[f"y_{id}"]]
            if at is None:
                assert written == ["", ""]
            else:
                assert [float(one) for one in written] == pytest.approx(found[id].points[at].tolist(), abs=1e-4)
    assert {row[f"x_{KNOWN[1]}"] == "" for row in rows} == {True, False}


def test_what_is_known_of_pieces_is_told_by_number() -> None:
    n = int(points.starts()[-1])
    table = {row["image"]: row for row in csv.DictReader(io.StringIO(attributes_file("clothing").read_text()))}
    for attribute, classes in points.LOOKS.items():
        codes = points.looks(attribute)
        assert (codes.dtype, len(codes), codes.max()) == (np.uint8, n, len(classes))
        assert (codes[:70_000] == len(classes)).all()  # nobody has looked at Fashion-MNIST
    for number in (70_000, 71_234, n - 1):
        row = table[ids_of(np.array([number]))[0].partition("/")[2]]
        for attribute in ("colour", "pattern"):
            assert points.LOOKS[attribute][points.looks(attribute)[number]] == row[attribute]
    sleeves = points.looks("sleeves")[70_000:]
    assert np.bincount(sleeves, minlength=5)[:4].tolist() == [462, 1463, 145, 1521]
