"""The API answers the same hits as the page."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from visits import html_of, open_page

from core import api
from core.config import ROOT, artifacts_dir
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)


def hits_of_page(**query: str) -> dict[str, float]:
    """Id -> similarity as it is shown, of every card on the front page, in their order."""
    html = html_of(open_page(**query))
    cards = re.findall(r'class="vt-hit" data-rank="\d+" data-id="([^"]+)">.*?vt-similarity">(-?\d\.\d{3})<', html)
    return {id: float(similarity) for id, similarity in cards}


def assert_same(hits: list[dict[str, Any]], shown: dict[str, float]) -> None:
    """The same items in the same order; the page shows three digits of a similarity, the API gives five."""
    assert [hit["id"] for hit in hits] == list(shown)
    assert [hit["similarity"] for hit in hits] == pytest.approx(list(shown.values()), abs=0.00051)


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
