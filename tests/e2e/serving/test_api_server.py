"""The API of the real server, in one process with the pages, asked as other programs ask."""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from core.config import ROOT, artifacts_dir
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Query
from core.jobs.benchmark.serving import serving

pytestmark = pytest.mark.skipif(
    not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built"
)

DRESS = ROOT / "samples" / "dress.jpg"
ITEM = "fashion-mnist/test/00007"


def search(server: str, **options: Any) -> requests.Response:
    with DRESS.open("rb") as file:
        return requests.post(f"{server}/api/search", files={"image": file}, data=options, timeout=60)


def ids(response: requests.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [hit["id"] for hit in response.json()["hits"]]


@pytest.fixture(scope="module")
def engine() -> SearchEngine:
    return SearchEngine()


def test_the_three_ways_to_ask_get_the_hits_of_the_engine(server: str, engine: SearchEngine) -> None:
    assert ids(search(server, k=7)) == [hit.id for hit in engine.search(Query(photo=DRESS, k=7)).hits]
    words = requests.post(f"{server}/api/search", json={"text": "red dress", "k": 7}, timeout=60)
    assert ids(words) == [hit.id for hit in engine.search(Query(text="red dress", k=7)).hits]
    similar = requests.get(f"{server}/api/similar", params={"item": ITEM, "k": 7}, timeout=60)
    assert ids(similar) == [hit.id for hit in engine.search(Query(item=ITEM, k=7)).hits]
    health = requests.get(f"{server}/api/health", timeout=60).json()
    assert (health["loaded"], health["artifacts"], health["notices"]) == (True, "verified", [])


def test_the_pages_are_served_beside_it(server: str) -> None:
    page = requests.get(server, timeout=60)
    assert (page.status_code, "text/html" in page.headers["content-type"]) == (200, True)
    assert '<div id="root">' in page.text
    assert requests.get(f"{server}/_stcore/health", timeout=60).text == "ok"
    assert "text/html" in requests.get(f"{server}/some-page", timeout=60).headers["content-type"]


def test_a_browser_elsewhere_needs_no_token_and_gets_no_permission(server: str) -> None:
    """Nothing changes here, so Streamlit's XSRF tokens are not asked for; without CORS nobody reads the answer."""
    headers = {"Origin": "https://elsewhere.example"}
    response = requests.post(f"{server}/api/search", json={"text": "red"}, headers=headers, timeout=60)
    assert response.status_code == 200
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
    assert not response.cookies


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_too_much_reads_why(server: str, chunked: bool) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    parts = [head, *[b"x" * 1_000_000] * 14]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = requests.post(
        f"{server}/api/search", data=iter(parts) if chunked else b"".join(parts), headers=headers, timeout=60
    )
    assert response.status_code == 413
    assert response.json()["detail"] == "The picture is larger than 10 MB, the limit for one picture."


def test_a_client_that_leaves_harms_nobody(server: str) -> None:
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", "/api/search")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"text": ')
    connection.close()
    assert search(server).status_code == 200


def test_pages_stay_responsive_while_the_api_is_busy(server: str) -> None:
    """Ten times as many clients as may search at once: each gets hits in turn, and a page's address answers fast."""
    stop = threading.Event()

    def client(_: int) -> list[tuple[int, str | None]]:
        seen = []
        while not stop.is_set():
            response = search(server)
            seen.append((response.status_code, response.headers.get("Retry-After")))
            time.sleep(0.05)
        return seen

    n = 20
    with ThreadPoolExecutor(n) as pool:
        busy = [pool.submit(client, number) for number in range(n)]
        time.sleep(0.5)
        latencies = []
        for _ in range(20):
            started = time.perf_counter()
            assert requests.get(f"{server}/_stcore/health", timeout=30).status_code == 200
            latencies.append(time.perf_counter() - started)
            time.sleep(0.05)
        stop.set()
        seen = [entry for future in busy for entry in future.result()]
    assert set(seen) == {(200, None)}
    assert len(seen) >= n
    assert sorted(latencies)[10] < 0.5  # generous, for a computer that does other things too


def test_the_description_is_served(server: str) -> None:
    index = requests.get(f"{server}/api", timeout=60).json()
    description = json.loads(requests.get(server + index["description"], timeout=60).content)
    assert sorted(description["paths"]) == [
        "/api",
        *(
            f"/api/{name}"
            for name in ("backbones", "catalogues", "classify", "docs", "embed", "health", "items", "match")
        ),
        *(f"/api/{name}" for name in ("openapi.json", "picture", "search", "search/batch", "similar")),
    ]


def test_a_client_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    """An address in a header counts only where the setting says that a proxy of ours has written it."""
    for proxies, expected in ({}, [404, 404, 429]), ({"FORWARDED_ALLOW_IPS": "127.0.0.1"}, [404, 404, 404]):
        with serving(tmp_path / "log", VITRINE_API_PER_MINUTE="8", **proxies) as (_, address):
            answers = [
                requests.get(
                    f"{address}/api/similar",
                    params={"item": "clothing/none"},
                    headers={"X-Forwarded-For": f"192.0.2.{number}"},
                    timeout=60,
                )
                for number in range(3)
            ]
        assert [answer.status_code for answer in answers] == expected
