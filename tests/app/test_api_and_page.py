"""The API answers the same hits as the page."""

import re

import pytest
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core import api
from core.config import ROOT, artifacts_dir
from core.ui.words import WORDS

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)


def hits_of_page(**query: str) -> list[tuple[str, str]]:
    """(id, similarity as it is shown) of every card on the front page."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    html = "\n".join(element.body for element in page.get("html"))
    return re.findall(r'class="vt-hit" data-rank="\d+" data-id="([^"]+)">.*?vt-similarity">(-?\d\.\d{3})<', html)


@pytest.mark.parametrize("sample", WORDS.samples)
def test_a_sample_gets_the_same_hits(sample: str) -> None:
    with TestClient(api.application()) as client, (ROOT / "samples" / f"{sample}.jpg").open("rb") as photo:
        hits = client.post("/api/search", files={"image": photo}, data={"k": "8"}).json()["hits"]
    assert [(hit["id"], f"{hit['similarity']:.3f}") for hit in hits] == hits_of_page(sample=sample, k="8")


def test_an_item_gets_the_same_hits() -> None:
    item = "fashion-mnist/train/00042"
    with TestClient(api.application()) as client:
        hits = client.get("/api/similar", params={"item": item}).json()["hits"]
    assert len(hits) == 5
    assert [(hit["id"], f"{hit['similarity']:.3f}") for hit in hits] == hits_of_page(item=item)
