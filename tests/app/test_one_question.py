"""One question gets one answer, whoever asks it: the page, the API, the command line, Compare."""

import json
import re
from pathlib import Path
from typing import Any

import compared
import pytest
from starlette.testclient import TestClient
from visits import html_of, open_page

from core import api
from core.__main__ import main
from core.compare import gallery
from core.compare.side_by_side import ask
from core.config import DEFAULT_BACKBONE, ROOT, artifacts_dir
from core.engine.images.region import Region
from core.engine.search.query import Query, Wording
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)


def hits_of_page(**query: str) -> dict[str, float]:
    """Id -> similarity as it is shown, of every card on the front page, strip after strip."""
    html = html_of(open_page(**query))
    cards = re.findall(r'class="vt-hit" data-rank="\d+" data-id="([^"]+)">.*?vt-similarity">(-?\d\.\d{3})<', html)
    return {id: float(similarity) for id, similarity in cards}


def assert_same(hits: list[dict[str, Any]], shown: dict[str, float]) -> None:
    """The page has in strips, photos and other pictures each for itself, what the others have in one row.

    It shows three digits of a similarity, the API gives five.
    """
    ids = [hit["id"] for hit in hits]
    assert [hit["similarity"] for hit in hits] == pytest.approx([shown[id] for id in ids], abs=0.00051)
    for catalogue in {id.partition("/")[0] for id in shown}:
        found, strip = ([id for id in all if id.startswith(f"{catalogue}/")] for all in (ids, shown))
        assert strip[: len(found)] == found
    assert all(similarity <= hits[-1]["similarity"] + 0.00051 for id, similarity in shown.items() if id not in ids)


@pytest.mark.parametrize("sample", WORDS.common.samples)
def test_a_sample_gets_the_same_hits(sample: str) -> None:
    with TestClient(api.application()) as client, (ROOT / "samples" / f"{sample}.jpg").open("rb") as photo:
        hits = client.post("/api/search", files={"image": photo}, data={"k": "8"}).json()["hits"]
    assert_same(hits, hits_of_page(sample=sample, k="8"))


def test_an_item_gets_the_same_hits() -> None:
    item = "fashion-mnist/train/00042"
    with TestClient(api.application()) as client:
        hits = client.get("/api/similar", params={"item": item}).json()["hits"]
    assert len(hits) == 5
    assert_same(hits, hits_of_page(item=item))


DRESS = ROOT / "samples" / "dress.jpg"
ITEM = "fashion-mnist/train/00004"
#: Subject -> how the command line, the API, the page's link and Python name it.
SUBJECTS: dict[str, tuple[list[str], dict[str, Any], dict[str, str], Query]] = {
    "a photo": ([str(DRESS)], {}, {"sample": "dress"}, Query(photo=DRESS, k=7)),
    "a part of a photo": (
        [str(DRESS), "--region", "0.25,0.1,0.75,0.6"],
        {"region": "0.25,0.1,0.75,0.6"},
        {"sample": "dress", "region": "0.25,0.1,0.75,0.6"},
        Query(photo=DRESS, k=7, region=Region(0.25, 0.1, 0.75, 0.6)),
    ),
    "an item": (["--item", ITEM], {"item": ITEM}, {"item": ITEM}, Query(item=ITEM, k=7)),
    "words": (["--text", "navy"], {"text": "navy"}, {"q": "navy"}, Query(text="navy", k=7)),
    "a blend": (
        [str(DRESS), "--but", "red", "--less", "lime", "--weight", "0.4", "--less-item", ITEM],
        {"but": "red", "less": "lime", "weight": 0.4, "less_items": [ITEM]},
        {"sample": "dress", "but": "red", "less": "lime", "weight": "0.4", "less_items": ITEM},
        Query(photo=DRESS, k=7, wording=Wording("red", "lime", 0.4, (ITEM,))),
    ),
}


@pytest.fixture
def _tiny(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared.register(monkeypatch)
    compared.write_galleries()
    gallery._compare_engine.cache_clear()


def hits_of_command(capsys: pytest.CaptureFixture[str], backbone: str, subject: list[str]) -> list[dict[str, Any]]:
    assert main(["search", *subject, "--k", "7", "--backbone", backbone, "--json"]) == 0
    hits: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["hits"]
    return hits


def answer_of_api(backbone: str, fields: dict[str, Any]) -> dict[str, Any]:
    fields = fields | {"k": 7, "backbone": backbone}
    with TestClient(api.application()) as client:
        if {"item", "text"} & fields.keys():
            answer = client.post("/api/search", json=fields)
        else:
            answer = client.post("/api/search", data=fields, files={"image": DRESS.read_bytes()})
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    return content


@pytest.mark.usefixtures("_tiny")
@pytest.mark.parametrize("subject", SUBJECTS)
def test_page_api_and_command_line_agree(capsys: pytest.CaptureFixture[str], subject: str) -> None:
    arguments, fields, link, _ = SUBJECTS[subject]
    printed = hits_of_command(capsys, DEFAULT_BACKBONE, arguments)
    assert len(printed) == 7
    found = answer_of_api(DEFAULT_BACKBONE, fields)["hits"]
    assert [{name: hit[name] for name in printed[0]} for hit in found] == printed
    assert_same(printed, hits_of_page(**link, k="7"))


@pytest.mark.usefixtures("_tiny")
@pytest.mark.parametrize("backbone", ["reddish", "dark"])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_compare_api_and_command_line_agree(capsys: pytest.CaptureFixture[str], subject: str, backbone: str) -> None:
    arguments, fields, _, query = SUBJECTS[subject]
    printed = hits_of_command(capsys, backbone, arguments)
    assert len(printed) == 7
    answer = answer_of_api(backbone, fields)
    assert [{name: hit[name] for name in printed[0]} for hit in answer["hits"]] == printed
    side_by_side = ask(backbone, query).hits
    assert [(hit.id, round(hit.similarity, 5)) for hit in side_by_side] == [
        (hit["id"], hit["similarity"]) for hit in printed
    ]
    # What only knows a part of the catalogues says so, wherever it is asked.
    assert f"{backbone.title()} searches 30 of the 40 pieces of fashion-mnist" in answer["notices"][0]


@pytest.mark.usefixtures("_tiny")
def test_the_page_of_comparisons_embeds_the_photo_itself() -> None:
    """Not the preview of it, which is smaller: one of four samples had other hits."""
    page = open_page("pages/3_Compare.py", sample="dress", **{"with": ["reddish", "dark"]})
    shown = [
        re.findall(r'class="vt-row" role="listitem" data-id="([^"]+)"', body)
        for body in html_of(page).split('"vt-rows"')
    ]
    assert shown[1:] == [[hit.id for hit in ask(id, Query(photo=DRESS, k=5)).hits] for id in ("reddish", "dark")]
