"""The Browse page, driven without a browser, on the artifacts that ship with the project."""

import re
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qs

import numpy as np
import pytest
import visits
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.config import artifacts_dir
from core.engine.catalogues import CATALOGUES, fashion_mnist
from core.engine.images.placeholders import encode
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Query
from core.ui.browse import page as browse
from core.ui.browse import twins
from core.ui.browse.view import View, read, write
from core.ui.visit import session
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)

ITEM = "fashion-mnist/train/00000"
open_page = partial(visits.open_page, "pages/1_Browse.py")


def ids_of(page: AppTest) -> list[str]:
    return re.findall(r'<article class="vt-tile" data-id="([^"]+)"', "\n".join(e.body for e in page.get("html")))


def params_of(page: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in page.query_params.items()}


def test_the_first_page_shows_the_first_items_in_the_catalogues_order() -> None:
    expected = SearchEngine().gallery("clothing").items.frame["id"].head(24).tolist()
    assert ids_of(open_page()) == expected


def test_a_link_gives_the_filtered_page() -> None:
    page = open_page(catalogue="fashion-mnist", **{"class": "fashion-mnist/Bag"}, page="3", size="48")
    items = SearchEngine().gallery("fashion-mnist").items
    expected = items.frame["id"].iloc[items.positions_of(["Bag"])[96:144]].tolist()
    assert ids_of(page) == expected
    assert not page.info


def test_filters_and_pages_change_the_link_and_start_over_at_page_one() -> None:
    page = open_page(page="4")
    page.button(key="later").click().run()
    assert params_of(page) == {"page": "5"}
    page.selectbox(key="browse-sort").select("class").run()
    assert params_of(page) == {"sort": "class"}
    page.number_input(key="browse-page").set_value(7).run()
    assert params_of(page) == {"sort": "class", "page": "7"}


def test_an_opened_item_has_twelve_neighbours_and_goes_on_and_back() -> None:
    page = open_page(item=ITEM, page="2")
    hits = [hit.id for hit in SearchEngine().search(Query(item=ITEM, k=12)).hits]
    assert ids_of(page) == [ITEM, *hits]
    page.button(key=f"open-{hits[3]}").click().run()
    assert params_of(page) == {"item": hits[3], "page": "2"}
    assert ids_of(page)[0] == hits[3]
    page.button(key="crumb-0").click().run()
    assert ids_of(page) == [ITEM, *hits]
    page.button(key="close").click().run()
    assert params_of(page) == {"page": "2"}
    assert len(ids_of(page)) == 24


@pytest.mark.parametrize("item", ["nothing", "clothing/none", "fashion-mnist/train/99999", "<b>x</b>"])
def test_an_unknown_item_gets_a_sentence_and_a_way_out(item: str) -> None:
    page = open_page(item=item)
    assert len(page.error) == 1
    page.button(key="close").click().run()
    assert len(ids_of(page)) == 24


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"catalogue": "x"}, View()),
        ({"class": "clothing/Spoon"}, View()),
        ({"catalogue": "fashion-mnist", "class": "clothing/Hat"}, View("fashion-mnist")),
        ({"sort": "x"}, View()),
        ({"size": "50"}, View(size=48)),
        ({"page": "-3"}, View()),
    ],
)
def test_a_value_that_means_nothing_becomes_the_nearest_with_a_sentence(query: dict[str, str], expected: View) -> None:
    view, notes = read(query)
    assert view == expected
    assert len(notes) == 1


def test_a_page_beyond_the_last_is_the_last() -> None:
    page = open_page(catalogue="clothing", page="999999")
    assert ids_of(page) == SearchEngine().gallery("clothing").items.frame["id"].iloc[5376:].tolist()
    assert [info.value for info in page.info] == [WORDS.browse.bad_page.format(value=999999, page=225)]


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_what_is_written_into_a_link_is_read_from_it(catalogue: str) -> None:
    for label in CATALOGUES[catalogue].classes:
        view = View(catalogue, (f"{catalogue}/{label}",), "class", 3, 96, ITEM)
        assert read(write(view)) == (view, [])
        assert read(write(view) | {"class": label})[0] == view


def test_a_label_of_ones_own_may_hold_what_separates_them(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = replace(CATALOGUES["clothing"], id="own", classes={"red, 50 %2C": "red", "blue": "blue"})
    monkeypatch.setattr(session, "catalogues", lambda: {"own": odd})
    view = View("own", ("own/red, 50 %2C", "own/blue"))
    assert read(write(view)) == (view, [])


def test_several_classes_are_shown_at_once_and_read_from_the_link() -> None:
    chosen = {"class": "clothing/Hat,fashion-mnist/Bag,clothing/Blazer"}
    page = open_page(**chosen, page="2", size="96")
    assert page.multiselect(key="browse-kinds").value == ["clothing/Hat", "clothing/Blazer", "fashion-mnist/Bag"]
    engine = SearchEngine()
    photos, bags = engine.gallery("clothing").items, engine.gallery("fashion-mnist").items
    wanted = photos.frame["id"].iloc[photos.positions_of(["Hat", "Blazer"])].tolist()
    wanted += bags.frame["id"].iloc[bags.positions_of(["Bag"])].tolist()
    assert ids_of(page) == wanted[96:192]
    page.multiselect(key="browse-kinds").unselect("fashion-mnist/Bag").run()
    assert params_of(page) == {"class": "clothing/Hat,clothing/Blazer", "size": "96"}
    assert ids_of(page) == wanted[:96]
    page.selectbox(key="browse-sort").select("class").run()
    by_class = np.concatenate([photos.positions_of([label]) for label in ("Hat", "Blazer")])
    assert ids_of(page) == photos.frame["id"].iloc[by_class].tolist()[:96]


def test_another_catalogue_keeps_only_its_own_classes() -> None:
    page = open_page(**{"class": "clothing/Hat,fashion-mnist/Bag"})
    page.segmented_control(key="browse-catalogue").set_value("fashion-mnist").run()
    assert params_of(page) == {"catalogue": "fashion-mnist", "class": "fashion-mnist/Bag"}
    page.multiselect(key="browse-kinds").unselect("fashion-mnist/Bag").run()
    assert params_of(page) == {"catalogue": "fashion-mnist"}


def link_of(page: AppTest, label: str) -> dict[str, list[str]]:
    """The parameters of the link to a page, in the row at its top."""
    links = [element.proto for element in page.get("page_link")]
    return parse_qs(next(link.query_string for link in links if link.label == label))


def test_search_and_back_comes_to_the_same_view() -> None:
    page = open_page(catalogue="clothing", **{"class": "clothing/Hat"}, sort="class", page="2")
    seen = ids_of(page)
    page.button(key=f"open-{seen[0]}").click().run()
    opened = params_of(page)
    assert opened == {"catalogue": "clothing", "class": "clothing/Hat", "sort": "class", "page": "2", "item": seen[0]}
    page.query_params.clear()
    page.switch_page("app.py").run()
    assert link_of(page, WORDS.common.navigation["browse"]) == {name: [value] for name, value in opened.items()}
    for name, value in opened.items():
        page.query_params[name] = value
    page.switch_page("pages/1_Browse.py").run()
    page.button(key="close").click().run()
    assert ids_of(page) == seen


def test_a_page_goes_over_from_one_catalogue_to_the_next() -> None:
    last = len(SearchEngine().gallery("clothing").items) - 1
    n = sum(catalogue.n_items for catalogue in CATALOGUES.values())
    pages = {page: browse.places_of(View(size=last, page=page)) for page in (1, 2, 99)}
    assert pages[1] == (n, n, [("clothing", position) for position in range(last)])
    assert pages[2] == (n, n, [("clothing", last), *(("fashion-mnist", position) for position in range(last - 1))])
    assert pages[99] == (n, n, [])


def test_only_the_same_picture_is_marked() -> None:
    engine = SearchEngine()
    gallery = engine.gallery("clothing")
    hits = engine.search(Query(item=gallery.items.row(2048).id, k=12)).hits
    marks = {hit.position: twins.mark(gallery, 2048, hit) for hit in hits}
    assert marks.pop(2100) == "near"
    assert set(marks.values()) == {""}


@pytest.mark.parametrize(("row", "other", "expected"), [(29413, 43549, "near"), (5081, 9664, ""), (54857, 69867, "")])
def test_a_print_on_the_same_shirt_is_another_piece(row: int, other: int, expected: str) -> None:
    """Trousers saved twice; two prints on one shirt; a shirt with a print and the blank one."""
    pictures = fashion_mnist.sheets()
    assert twins.compare_pixels(*(np.asarray(pictures.get(position)) for position in (row, other))) == expected


def test_the_limits_of_grey_pictures_are_met_exactly() -> None:
    first = np.full((28, 28), 100, np.uint8)
    assert twins.compare_pixels(first, first) == "exact"
    second = first.copy()
    second[0, 0] += twins.NEAR_WORST
    assert twins.compare_pixels(first, second) == "near"
    second[0, 0] += 1
    assert twins.compare_pixels(first, second) == ""
    assert twins.compare_pixels(first, first + 11) == "near"
    assert twins.compare_pixels(first, first + 12) == ""


def test_the_distance_of_two_hashes_is_that_of_their_colours() -> None:
    dark, light = (encode(Image.new("RGB", (32, 32), (level, level, level))) for level in (0, 255))
    assert twins.hash_distance(dark, dark) == 0
    assert twins.hash_distance(dark, light) == pytest.approx(255, abs=3)
    with pytest.raises(ValueError, match="ThumbHash"):
        twins.hash_distance(dark, b"")
