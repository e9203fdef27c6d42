"""How much one client may ask: the buckets by an own clock, and the answers of the API."""

from __future__ import annotations

import io
from pathlib import Path

import anyio
import pytest
from PIL import Image
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from starlette.types import Message, Receive

from core import api
from core.api import endpoints, limits
from core.api.errors import ApiError
from core.api.limits import Gate, RateLimit, client_of
from core.engine.turns import Turns


class Clock:
    """Seconds that go on only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def wait_of(limit: RateLimit, client: str = "a", cost: float = 1.0) -> int:
    """0 where the client may go on, else the seconds it is told to wait."""
    try:
        limit.spend(client, cost)
    except ApiError as error:
        assert error.status == 429
        return int(error.headers["Retry-After"])
    return 0


def test_a_client_has_a_burst_and_then_its_rate() -> None:
    clock = Clock()
    limit = RateLimit(12, clock)  # one in five seconds, three at once
    assert [wait_of(limit) for _ in range(5)] == [0, 0, 0, 5, 5]
    clock.now += 4.5
    assert wait_of(limit) == 1
    clock.now += 0.5
    assert [wait_of(limit), wait_of(limit)] == [0, 5]
    assert wait_of(limit, "b") == 0
    clock.now += 1000  # a bucket never holds more than the burst
    assert [wait_of(limit) for _ in range(4)] == [0, 0, 0, 5]


def test_what_costs_less_can_be_asked_more_often() -> None:
    limit = RateLimit(8, Clock())
    assert [wait_of(limit, cost=0.25) for _ in range(9)] == [0] * 8 + [2]


def test_a_low_rate_still_lets_one_through() -> None:
    assert [wait_of(RateLimit(1, Clock())), wait_of(RateLimit(0, Clock()))] == [0, 0]


def test_the_client_that_asked_nothing_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "API_MAX_CLIENTS", 2)
    limit = RateLimit(4, Clock())
    assert [wait_of(limit, client) for client in "abac"] == [0, 0, 15, 0]
    assert wait_of(limit, "a") == 15  # b was forgotten
    assert wait_of(limit, "b") == 0


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_its_address_or_its_network(host: str, client: str) -> None:
    assert client_of(HTTPConnection({"type": "http", "headers": [], "client": (host, 1)})) == client
    assert client_of(HTTPConnection({"type": "http", "headers": [], "client": None})) == ""


def test_a_header_names_the_client_only_where_a_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvicorn has put an address of the header in place of 127.0.0.1; a visitor's own address stays."""
    headers = [(b"x-forwarded-for", b"198.51.100.1, 192.0.2.7:80")]
    forwarded = HTTPConnection({"type": "http", "headers": headers, "client": ("192.0.2.7", 80)})
    direct = HTTPConnection({"type": "http", "headers": headers, "client": ("203.0.113.9", 80)})
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    assert (client_of(forwarded), client_of(direct)) == ("127.0.0.1", "203.0.113.9")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
    assert (client_of(forwarded), client_of(direct)) == ("192.0.2.7", "203.0.113.9")


def test_429_for_a_client_that_asks_too_often(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_API_PER_MINUTE", "8")
    monkeypatch.setattr(endpoints, "RateLimit", lambda per_minute: RateLimit(per_minute, Clock()))
    sentence = "You have asked too much in a short time; try again in 8 s."
    with TestClient(api.application()) as client, TestClient(api.application(), client=("192.0.2.1", 1)) as other:
        assert "8 searches a minute, 2 of them at once" in client.get("/api/openapi.json").json()["info"]["description"]
        asked = [client.post("/api/search", json={"text": "red"}) for _ in range(3)]
        assert [answer.status_code for answer in asked] == [200, 200, 429]
        assert (asked[2].json()["detail"], asked[2].headers["retry-after"]) == (sentence, "8")
        assert client.get("/api/similar", params={"item": "x"}).status_code == 429
        assert client.post("/api/search", files={"image": bytes(9_000_000)}).json()["detail"] == sentence
        assert client.get("/api/health").status_code == 200
        assert other.post("/api/search", json={"text": "red"}).status_code == 200


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(buffer, "PNG")
    return buffer.getvalue()


def test_a_large_picture_counts_as_several_searches(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its pixels, however few bytes they have: here three of the four."""
    monkeypatch.setenv("VITRINE_API_PER_MINUTE", "16")  # four at once
    monkeypatch.setattr(endpoints, "RateLimit", lambda per_minute: RateLimit(per_minute, Clock()))
    monkeypatch.setattr(endpoints, "API_SEARCH_MEGAPIXELS", 0.01)
    small, large = {"image": png(100, 100)}, {"image": png(100, 300)}
    with TestClient(api.application()) as client:
        answers = [client.post("/api/search", files=files) for files in (large, small, small)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    with TestClient(api.application()) as client:
        answers = [client.post("/api/search", files=small) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]


def test_what_costs_more_than_a_bucket_holds_takes_all_of_it() -> None:
    limit = RateLimit(8, Clock())
    assert [wait_of(limit, cost=50), wait_of(limit)] == [0, 8]


def test_slow_bodies_of_one_address_keep_no_other_out(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many bodies that never come to an end, all from one address; another one is answered at once all the same."""
    monkeypatch.setattr(endpoints, "API_MAX_UPLOADS", 4)
    monkeypatch.setattr(endpoints, "API_MAX_UPLOADS_EACH", 3)
    monkeypatch.setattr(endpoints, "API_PATIENCE_S", 2.0)
    app = api.application()

    async def drip() -> Message:
        await anyio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def whole() -> Message:
        return {"type": "http.request", "body": b'{"text": "red"}', "more_body": False}

    async def ask(client: str, receive: Receive, statuses: list[int]) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/api/search", "query_string": b"", "headers": headers}
        scope |= {"client": (client, 1), "root_path": "", "http_version": "1.1", "scheme": "http"}
        await app(scope, receive, answer)

    async def both() -> tuple[list[int], list[int]]:
        slow: list[int] = []
        other: list[int] = []
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask, "192.0.2.1", drip, slow)
            await anyio.sleep(0.1)
            with anyio.fail_after(10):
                await ask("192.0.2.2", whole, other)
            group.cancel_scope.cancel()
        return slow, other

    assert anyio.run(both) == ([], [200])


def test_a_limit_of_0_is_none(tiny_artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_API_PER_MINUTE", "0")
    with TestClient(api.application()) as client:
        assert "not limited" in client.get("/api/openapi.json").json()["info"]["description"]
        assert {client.post("/api/search", json={"text": "red"}).status_code for _ in range(80)} == {200}


async def place_of(gate: Gate, client: str, turns: Turns, held: anyio.Event) -> str:
    """What a client gets that stays until it is told to go."""
    try:
        async with gate.enter(client, turns):
            await held.wait()
            return "served"
    except ApiError as error:
        return f"{error.status} {error.headers['Retry-After']}"


def test_one_address_cannot_fill_the_queue() -> None:
    async def ask() -> dict[str, list[str]]:
        turns, gate, held = Turns(1), Gate(4, 2, 5.0), anyio.Event()
        got: dict[str, list[str]] = {"a": [], "b": []}

        async def one(client: str) -> None:
            got[client].append(await place_of(gate, client, turns, held))

        async with anyio.create_task_group() as group:
            for client in "aaaaabb":
                group.start_soon(one, client)
                await anyio.sleep(0.01)
            held.set()
        assert not gate._waiting, "nothing is kept of who does not wait"
        return got

    assert anyio.run(ask) == {"a": ["429 1"] * 2 + ["served"] * 3, "b": ["served"] * 2}


def test_a_wait_has_an_end_and_leaves_the_queue() -> None:
    async def ask() -> str:
        turns, gate = Turns(1), Gate(1, 1, 0.05)
        holder = turns.ask("page")
        answer = await place_of(gate, "a", turns, anyio.Event())
        turns.end(holder)
        with turns.ask("b") as turn:
            assert turn.wait(0)
        return answer

    assert anyio.run(ask) == "429 1"
