"""The Compare page, driven without a browser, with fakes whose galleries are tiny."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from pathlib import Path

import compared
import fakes
import numpy as np
import pytest
import visits
from streamlit.testing.v1 import AppTest
from visits import html_of

from core.compare import gallery, side_by_side
from core.compare.agreement import disputes
from core.compare.figures.classes import confused
from core.compare.figures.evaluation import read_evaluation
from core.compare.gallery import compare_engine
from core.compare.side_by_side import ask
from core.config import DEFAULT_BACKBONE, ROOT
from core.engine.backbones import BACKBONES, Backbone
from core.engine.catalogues import CATALOGUES
from core.engine.embedders import exported
from core.engine.embedders.base import Embedder
from core.engine.embedders.load import LOADERS
from core.engine.files import manifest
from core.engine.metrics import Difference
from core.engine.retrieval import TakenFor
from core.engine.search import process
from core.engine.search.query import Query
from core.errors import sentence
from core.jobs.evaluate import protocols
from core.jobs.evaluate.protocols import Record, _write
from core.ui.compare import page as compare
from core.ui.compare.disagreements import score_line
from core.ui.components.tables import difference_line
from core.ui.words import WORDS

DRESS = ROOT / "samples" / "dress.jpg"
ITEM = "fashion-mnist/train/00000"
WITH = "compare-with"


@pytest.fixture(autouse=True)
def _fakes(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared.register(monkeypatch)
    compared.write_galleries()
    gallery._compare_engine.cache_clear()


def open_page(**query: str | list[str]) -> AppTest:
    """Open a link to the page in a fresh session, and let every backbone answer."""
    return settle(visits.open_page("pages/3_Compare.py", **query))


def settle(page: AppTest) -> AppTest:
    for _ in range(100):
        assert not page.exception
        if WORDS.compare.waiting not in html_of(page):
            return page
        time.sleep(0.1)
        page.run()
    raise AssertionError("a backbone never answered")


def linked(page: AppTest) -> list[str]:
    """The backbones that the page's link names."""
    value = page.query_params["with"]
    return [value] if isinstance(value, str) else list(value)


def columns_of(page: AppTest) -> list[list[str]]:
    row = r'<div class="vt-row" role="listitem" data-id="([^"]+)"'
    return [re.findall(row, body) for body in html_of(page).split('<div class="vt-rows"')[1:]]


def test_without_a_query_the_page_says_what_to_do() -> None:
    page = open_page()
    assert [info.value for info in page.info] == [WORDS.compare.empty]
    assert page.multiselect(key=WITH).value == [DEFAULT_BACKBONE, "reddish", "dark"]
    assert not page.error


def test_the_link_names_the_usual_backbones_too_so_that_it_shows_the_same_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = linked(open_page(sample="dress"))
    assert link == [DEFAULT_BACKBONE, "reddish", "dark"]
    monkeypatch.setattr(side_by_side, "has_gallery", lambda id: id == "dark")  # another computer
    monkeypatch.setattr(compare, "has_gallery", lambda id: id == "dark")
    assert linked(open_page(sample="dress")) == ["dark"]
    page = open_page(sample="dress", **{"with": link})
    assert page.multiselect(key=WITH).value == link
    assert linked(page) == link
    assert [len(column) for column in columns_of(page)] == [5]


def test_choosing_changes_the_link_and_nothing_chosen_is_a_link_too() -> None:
    page = open_page(**{"with": ["dark", "dark", "x" * 5000, ""]})
    assert linked(page) == ["dark"]
    page.multiselect(key=WITH).set_value(["dark", "reddish"]).run()
    assert linked(page) == ["dark", "reddish"]
    page.multiselect(key=WITH).set_value([]).run()
    assert linked(page) == [""]
    again = open_page(**{"with": ""})
    assert again.multiselect(key=WITH).value == []
    assert [info.value for info in again.info] == [WORDS.compare.choose_some]


def test_a_first_use_that_takes_long_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    slow = fakes.fake_record("slow", title="Slow")
    monkeypatch.setitem(BACKBONES, "slow", slow)
    compared.write_galleries(("dark", "slow"))

    def load(record: Backbone) -> Embedder:
        assert go_on.wait(60)
        return fakes.FakeEmbedder(record)

    monkeypatch.setitem(BACKBONES, "slow", dataclasses.replace(slow, loader="slow"))
    monkeypatch.setitem(LOADERS, "slow", load)
    monkeypatch.setattr(exported, "_awaited", ["slow"])
    page = visits.open_page("pages/3_Compare.py", sample="dress", **{"with": ["dark", "slow"]})
    assert "Preparing Slow for this computer" in html_of(page)
    assert [len(column) for column in columns_of(page)] == [5]
    go_on.set()
    for _ in range(100):
        if len(columns_of(page)) == 2:
            break
        time.sleep(0.1)
        page.run()
    assert "Preparing" not in html_of(page)
    assert [len(column) for column in columns_of(page)] == [5, 5]


def test_a_link_fills_a_column_for_each_backbone() -> None:
    chosen = ["dark", DEFAULT_BACKBONE]
    page = open_page(sample="dress", **{"with": chosen})
    expected = [[hit.id for hit in ask(id, Query(photo=DRESS, name="Dress", k=5)).hits] for id in chosen]
    assert columns_of(page) == expected
    same = len(set(expected[0]) & set(expected[1]))
    assert f"Dark and Fake have {same} of 5 pieces in common" in html_of(page)
    assert len([caption for caption in page.caption if "compared with" in caption.value]) == 2
    command = f"python -m core compare samples/dress.jpg --backbones dark {DEFAULT_BACKBONE}"
    assert [code.value for code in page.code] == [command]


def test_an_item_handed_over_by_link_is_compared_and_not_found() -> None:
    page = open_page(item=ITEM, **{"with": ["reddish", "dark", DEFAULT_BACKBONE]})
    columns = columns_of(page)
    assert [len(column) for column in columns] == [5, 5, 5]
    assert all(ITEM not in column for column in columns)
    assert columns[0] == [hit.id for hit in ask("reddish", Query(item=ITEM, k=5)).hits]
    assert html_of(page).count('<th scope="row">') == 2
    assert any(WORDS.compare.stored in caption.value for caption in page.caption)


def test_an_upload_goes_through_all() -> None:
    page = open_page(**{"with": ["dark", "reddish"]})
    page.file_uploader[0].upload("mine.jpg", DRESS.read_bytes()).run()
    settle(page)
    assert [len(column) for column in columns_of(page)] == [5, 5]
    assert ">mine.jpg<" in html_of(page)


def test_what_a_backbone_lacks_is_said_in_its_own_column_with_the_command() -> None:
    page = open_page(sample="dress", **{"with": ["dark", "unloadable", "nothing"]})
    assert [len(column) for column in columns_of(page)] == [5]
    assert [warning.value.split(". ")[0] for warning in page.warning] == [
        "Fake needs no-such-package", "There is no backbone named 'nothing'",
    ]  # fmt: skip
    assert "pip install -r requirements-compare.txt" in page.warning[0].value


def test_more_than_four_or_an_endless_name_are_not_asked() -> None:
    page = open_page(sample="dress", **{"with": ["dark", "x" * 5000, "reddish"]})
    assert [len(column) for column in columns_of(page)] == [5, 5]
    assert not page.warning


def test_an_unknown_item_gets_a_sentence_and_a_way_out() -> None:
    page = open_page(item="fashion-mnist/none", **{"with": ["dark", "reddish"]})
    assert [error.value for error in page.error] == [str(sentence("ui.unknown-item", id="fashion-mnist/none"))]
    page.button(key="start-over").click().run()
    assert not page.error
    assert "item" not in page.query_params


def test_disagreements_are_drawn_and_lead_to_the_comparison() -> None:
    page = open_page(view="disputes", seed="3", **{"with": ["dark", "reddish"]})
    found = disputes(["dark", "reddish"], 6, seed=3)
    gallery = compare_engine("dark").gallery
    first = gallery(found[0].item[0]).items.row(found[0].item[1])
    assert re.findall(r'data-id="([^"]+)"', html_of(page))[0] == first.id
    assert score_line(found[0], False) in [caption.value for caption in page.caption]
    assert score_line(found[0], False).startswith(f"{5 * found[0].overlap:.0f} of 5 in common")
    assert any("--seed 3 --backbones dark reddish" in code.value for code in page.code)
    settle(page.button(key=f"open-{first.id}").click().run())
    assert page.query_params["item"] in (first.id, [first.id])
    assert [len(column) for column in columns_of(page)] == [5, 5]


def test_one_backbone_alone_has_no_disagreements() -> None:
    page = open_page(view="disputes", **{"with": ["dark", "unbuilt"]})
    assert [info.value for info in page.info] == [WORDS.compare.disputes_need_two]


IDS = ("dark", "reddish")


def write_evaluation() -> None:
    rng = np.random.default_rng(0)
    for id, share in (("dark", 0.9), ("reddish", 0.6)):
        record = Record(id, lambda line: None)
        record.mean("clothing", "R@1", rng.random(400) < share)
        cost = {"ms_p50": 3.0, "ms_p95": 4.0, "images_per_s": 90, "peak_memory_mb": 80, "n_parameters": 0}
        machine = {"date": "2026-01-01", "processor": "Z80", "threads": 1, "python": "3.11"}
        _write(record, {"machine": machine, "cost": cost | {"bytes_per_vector": 8}}, True)


def test_the_benchmark_says_what_differs_and_what_is_missing() -> None:
    write_evaluation()
    page = open_page(view="benchmark", **{"with": ["reddish", "dark"]})
    table = page.dataframe[0].value
    assert table["title"].tolist() == ["Dark", "Reddish", "Fake"]
    assert table["chosen"].tolist() == [True, True, False]
    assert table["R@1"].tolist()[:2] == [read_evaluation().figures(id, "clothing")["R@1"]["value"] for id in IDS]
    assert re.fullmatch(r"0\.\d{3} – 0\.\d{3}", table["R@1 interval"].iloc[0])
    assert any("Dark is better than Reddish by" in line.value for line in page.markdown)
    assert any("Computed on 2026-01-01, 1 threads of Z80" in caption.value for caption in page.caption)
    assert f"python -m core evaluate --backbone {DEFAULT_BACKBONE}" in [code.value for code in page.code]


def test_a_protocol_in_the_link_is_shown_and_an_unknown_one_is_the_usual() -> None:
    write_evaluation()
    page = open_page(view="benchmark", protocol="fashion-mnist")
    assert [info.value for info in page.info] == [WORDS.compare.table_empty]
    page.segmented_control(key="compare-protocol").set_value("clothing").run()
    assert "protocol" not in page.query_params
    assert page.dataframe[0].value["title"].iloc[0] == "Dark"
    assert open_page(view="benchmark", protocol="x").dataframe[0].value["title"].iloc[0] == "Dark"


def test_a_damaged_file_of_outcomes_is_a_sentence() -> None:
    write_evaluation()
    file = manifest.artifacts_dir() / "outcomes" / "dark.npz"
    file.write_bytes(file.read_bytes()[:-1])
    page = open_page(view="benchmark", **{"with": ["reddish", "dark"]})
    assert "outcomes/dark.npz is damaged" in page.error[0].value


@pytest.mark.parametrize(
    ("estimate", "sentence"),
    [
        (Difference(0.1, 0.05, 0.15, 9, 0.01), "Dark is better than Reddish by 10.0 points [5.0, 15.0], p = 0.010."),
        (Difference(-0.1, -0.15, -0.05, 9, 0), "Reddish is better than Dark by 10.0 points [5.0, 15.0], p = 0.000."),
        (Difference(0.01, -0.01, 0.03, 9, 0.3), "No difference can be shown between Dark and Reddish"),
        (Difference(0.05, 0.01, 0.09, 9, 0.06), "No difference can be shown between Dark and Reddish"),  # corrected
        (None, "Nothing is known of single queries of Dark or Reddish"),
    ],
)
def test_whether_two_differ_is_one_sentence(estimate: Difference | None, sentence: str) -> None:
    assert difference_line("Dark", "Reddish", estimate).startswith(sentence)


def test_one_backbone_is_shown_class_by_class_with_its_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "_cost", lambda record, report: {})
    protocols.evaluate(DEFAULT_BACKBONE, lambda line: None, only=("clothing", "fashion-mnist"))
    page = open_page(view="classes", **{"with": [DEFAULT_BACKBONE]})
    assert not page.error
    found = confused(DEFAULT_BACKBONE, "clothing")
    figures, table = (element.value for element in page.dataframe)
    assert figures["Queries"].sum() == table.drop(columns="").to_numpy().sum() == len(found.queries)
    assert table[""].tolist() == [CATALOGUES["clothing"].classes[found.names[n]] for n in sorted(seen_of(found))]
    misses = found.misses("first")
    assert len(re.findall('<section class="vt-answer">', html_of(page))) == min(8, len(misses))
    shown = re.findall(r'<section class="vt-answer">.*?data-id="([^"]+)"', html_of(page))
    ids = process.engine().gallery("clothing").items.frame["id"]
    assert shown == [ids.iloc[found.queries[row]] for row in misses[:8]]
    truth = found.names[found.truth[misses[0]]]
    key = f"taken-{DEFAULT_BACKBONE}-clothing-truth"
    page.selectbox(key=key).set_value(truth).run()
    n = len(found.misses("first", truth))
    assert len(re.findall('<section class="vt-answer">', html_of(page))) == min(8, n)
    page.segmented_control(key=f"taken-{DEFAULT_BACKBONE}-clothing-by").set_value("vote").run()
    assert not page.exception
    assert f"{(found.guesses['vote'] == found.truth).sum()} of {len(found.truth)}" in page.markdown[2].value
    command = f"python -m core evaluate --by-class --backbone {DEFAULT_BACKBONE} --only clothing"
    assert [code.value for code in page.code] == [command]


def seen_of(found: TakenFor) -> set[int]:
    return {*found.truth.tolist(), *found.guesses["first"].tolist()}


def test_what_no_class_is_known_of_is_a_sentence() -> None:
    assert [info.value for info in open_page(view="classes").info] == [WORDS.compare.classes_none]
    write_evaluation()  # of which no query is of the tiny catalogue
    page = open_page(view="classes", **{"with": ["dark"]})
    assert not page.error
    assert any("queries are taken for their own class" in line.value for line in page.markdown)


def test_turning_ef_shows_what_is_found() -> None:
    page = open_page(view="index", sample="dress")
    assert [info.value for info in page.info] == [WORDS.compare.sweep_empty]
    page.select_slider(key="ef").set_value(256).run()
    assert any("With ef 256, **10 of the 10** closest pieces are found" in line.value for line in page.markdown)
    assert len(re.findall(r'<article class="vt-tile"', html_of(page))) == 10
