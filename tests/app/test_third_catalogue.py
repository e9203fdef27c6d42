"""Another catalogue is one record and one reader: with nothing else changed, every way to search finds its items."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import fakes
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from visits import hits_of, html_of, open_page, upload

from core import api
from core.__main__ import main
from core.compare import gallery, plan
from core.config import DEFAULT_BACKBONE
from core.engine.catalogues import CATALOGUES, Catalogue, embedded, photos
from core.engine.catalogues.items import ItemTable, UnknownItemError, load_items, split_id
from core.engine.catalogues.reader import Reader
from core.engine.embedders.load import load_embedder
from core.engine.files.folder import write_json
from core.engine.files.manifest import register
from core.engine.files.paths import calibration_file
from core.engine.search.calibration import PHOTO, TEXT, Calibrated
from core.engine.search.engine import SearchEngine
from core.engine.search.gallery import load_calibrated
from core.engine.search.query import Filters, Query
from core.errors import ArtifactError
from core.jobs.build import held_out
from core.jobs.build.calibrate import fit_table, read_gallery
from core.jobs.build.catalogues import build_catalogue

BROWSE = "pages/1_Browse.py"
COLOURS = {
    "red": (205, 25, 30), "brick": (190, 95, 70), "rose": (230, 150, 165), "sand": (215, 190, 140),
    "moss": (70, 105, 50), "teal": (20, 120, 125), "navy": (25, 35, 95), "coal": (45, 42, 40),
}  # fmt: skip
QUERY = (198, 92, 72)
ITEM = "scarves/brick"

RECORD = Catalogue(
    id="scarves",
    title="Woollen scarves",
    n_items=len(COLOURS),
    classes={"Plain": "Plain scarf", "Striped": "Striped scarf", "Ball": "Ball of wool"},
    licence="CC0-1.0",
    source="tests/app/test_third_catalogue.py",
    description="Scarves that a test has knitted.",
    no_garment=frozenset({"Ball"}),
)


class Scarves(Reader):
    """Every scarf is of one colour."""

    def build_items(self) -> ItemTable:
        labels = [("Plain", "Striped")[i % 2] for i in range(len(COLOURS) - 1)]
        ids, split = [f"scarves/{name}" for name in COLOURS], ["train"] * len(COLOURS)
        return ItemTable.from_columns("scarves", id=ids, label=[*labels, "Ball"], split=split)

    def picture(self, item_id: str) -> Image.Image:
        if split_id(item_id)[1] not in COLOURS:
            raise UnknownItemError(item_id)
        return fakes.solid(COLOURS[split_id(item_id)[1]])


@pytest.fixture(autouse=True)
def _third(tiny_artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny artifacts, and beside their catalogues a third one, built as `python -m core build` builds any."""
    monkeypatch.setitem(CATALOGUES, "scarves", RECORD)
    monkeypatch.setitem(photos.READERS, "scarves", Scarves())
    monkeypatch.setattr(embedded, "ROOT", tmp_path)  # where chunks of embeddings are kept
    embedder = load_embedder(DEFAULT_BACKBONE)
    build_catalogue(embedder, "scarves", report=lambda _: None)
    known, before = read_gallery(embedder, "scarves"), load_calibrated(DEFAULT_BACKBONE)
    assert known.parts.tolist() == ["validation"] * len(COLOURS)  # the model has learned from none of them
    assert known.kinds.tolist() == ["Plain", "Striped"] * 3 + ["Plain", ""]
    queries = known.part("validation")
    tables = {"scarves": dict.fromkeys((PHOTO, TEXT, "scarves"), fit_table(queries, known))}
    pairs = {"scarves": held_out.pairs(embedder, queries, known)}
    fitted = Calibrated(before.tables | tables, pairs, before.garment, before.weight)
    write_json(calibration_file(DEFAULT_BACKBONE), fitted.to_json() | {"weights_sha256": ""})
    register([calibration_file(DEFAULT_BACKBONE)])


def png(rgb: tuple[int, int, int] = QUERY) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(api.application()) as client:
        yield client


def nearest(rgb: tuple[int, int, int], *catalogues: str, without: str = "") -> list[str]:
    """The ids of all items of these catalogues, closest first: what a look at every picture finds."""
    colours = {f"scarves/{name}": rgb for name, rgb in COLOURS.items()} if "scarves" in catalogues else {}
    for catalogue in set(catalogues) - {"scarves"}:
        ids = fakes.make_items(catalogue).frame["id"].tolist()
        colours |= dict(zip(ids, map(tuple, fakes.colours_of(catalogue).tolist()), strict=True))
    colours.pop(without, None)
    embedder = fakes.FakeEmbedder(fakes.fake_record())
    embeddings = embedder.embed_images(map(fakes.solid, [rgb, *colours.values()]))
    return [list(colours)[place] for place in np.argsort(-embeddings[1:] @ embeddings[0])]


def shown_on(html: str) -> list[tuple[int, ...]]:
    """The colours of the pictures on a page that are JPEG files in it."""
    files = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", html)
    pictures = [Image.open(io.BytesIO(base64.b64decode(file)), formats=["JPEG"]) for file in files]
    return [tuple(np.asarray(picture).reshape(-1, 3).mean(axis=0).round().astype(int).tolist()) for picture in pictures]


def test_the_engine_finds_it_alone_and_among_all() -> None:
    engine = SearchEngine()
    alone = nearest(QUERY, "scarves")
    assert alone[:3] == ["scarves/brick", "scarves/red", "scarves/rose"]
    found = engine.search(Query(photo=png(), k=8, filters=Filters(("scarves",)))).hits
    assert [hit.id for hit in found] == alone
    assert [hit.title for hit in found[:2]] == ["Striped scarf", "Plain scarf"]
    assert 0 <= found[-1].same_kind <= found[0].same_kind <= 1
    everywhere = [hit.id for hit in engine.search(Query(photo=png(), k=12)).hits]
    assert everywhere == nearest(QUERY, *CATALOGUES)[:12]
    assert ITEM in everywhere
    striped = Filters(labels=frozenset({("scarves", "Striped")}))
    assert {hit.id for hit in engine.search(Query(photo=png(), k=8, filters=striped)).hits} == {
        f"scarves/{name}" for name in ("brick", "sand", "teal")
    }


def test_the_search_page_finds_it_and_shows_its_pictures() -> None:
    page = open_page(item=ITEM, catalogue=RECORD.title, k="7")
    assert [id for _, id, _ in hits_of(page)] == nearest(COLOURS["brick"], "scarves", without=ITEM)
    html = html_of(page)
    assert f'<p class="vt-quiet">{RECORD.title}</p>' in html
    colours = shown_on("".join(re.findall(r"<article class=.vt-hit.*?</article>", html, re.DOTALL)))
    expected = [COLOURS[split_id(id)[1]] for _, id, _ in hits_of(page)]
    assert np.abs(np.array(colours) - expected).max() <= 3
    page = upload(open_page(catalogue=RECORD.title), "my scarf.png", png())
    assert [id for _, id, _ in hits_of(page)] == nearest(QUERY, "scarves")[:5]
    assert f"Plain scarf · {RECORD.title}" in next(box for box in page.multiselect if box.key == "kinds").options


def test_the_browse_page_has_it_and_opens_an_item() -> None:
    page = open_page(BROWSE, catalogue="scarves")
    ids = [f"scarves/{name}" for name in COLOURS]
    assert re.findall(r'<article class="vt-tile" data-id="([^"]+)"', html_of(page)) == ids
    assert np.abs(np.array(shown_on(html_of(page))) - list(COLOURS.values())).max() <= 3
    page = open_page(BROWSE, catalogue="scarves", **{"class": "scarves/Striped"})
    assert re.findall(r'<article class="vt-tile" data-id="([^"]+)"', html_of(page)) == ids[1::2][:3]
    page = open_page(BROWSE, item=ITEM)
    found = re.findall(r'<article class="vt-tile" data-id="([^"]+)"', html_of(page))
    assert found == [ITEM, *nearest(COLOURS["brick"], *CATALOGUES, without=ITEM)[:12]]
    assert f'<p class="vt-kicker">{RECORD.title}</p>' in html_of(page)


def test_the_api_finds_it_and_gives_its_pictures(client: TestClient) -> None:
    answer = client.post("/api/search", files={"image": png()}, data={"catalogue": "scarves"}).json()
    assert [hit["id"] for hit in answer["hits"]] == nearest(QUERY, "scarves")[:5]
    answer = client.post("/api/search", json={"item": ITEM, "k": 9}).json()
    assert [hit["id"] for hit in answer["hits"]] == nearest(COLOURS["brick"], *CATALOGUES, without=ITEM)[:9]
    answer = client.post("/api/search", json={"item": ITEM, "labels": ["scarves/Plain"], "catalogue": "scarves"}).json()
    assert answer["hits"][0]["id"] == "scarves/red"
    response = client.get(answer["hits"][0]["picture"])
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    with Image.open(io.BytesIO(response.content), formats=["PNG"]) as picture:
        assert picture.convert("RGB").getcolors() == [(400, COLOURS["red"])]
    assert client.get("/api/picture", params={"item": "scarves/none"}).status_code == 404


def test_the_command_line_finds_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(png())
    assert main(["search", str(photo), "--catalogue", "scarves", "--k", "8", "--json"]) == 0
    assert [hit["id"] for hit in json.loads(capsys.readouterr().out)["hits"]] == nearest(QUERY, "scarves")
    assert main(["search", str(photo), "--k", "6", "--json"]) == 0
    assert [hit["id"] for hit in json.loads(capsys.readouterr().out)["hits"]] == nearest(QUERY, *CATALOGUES)[:6]


def test_it_joins_what_backbones_are_compared_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was chosen of the others stays; before that, Compare says what to run."""
    tables = {catalogue: load_items(catalogue) for catalogue in CATALOGUES}
    plan._write_items({catalogue: tables[catalogue] for catalogue in ("fashion-mnist", "clothing")})
    before = gallery.stored_positions("fashion-mnist").tolist()
    with pytest.raises(ArtifactError, match=r"knows nothing of scarves.*python -m core build"):
        gallery.stored_positions("scarves")
    monkeypatch.setattr(gallery, "SEED", 1)
    plan._write_items(tables)
    assert gallery.stored_positions("scarves").tolist() == list(range(7))  # a ball is no garment
    assert gallery.stored_positions("fashion-mnist").tolist() == before
