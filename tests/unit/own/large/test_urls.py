"""A table of addresses -> a catalogue in Milvus Lite: what is fetched, what is left out, what is stored of it."""

from __future__ import annotations

import http.server
from collections.abc import Iterator
from pathlib import Path

import brought
import fakes
import milvus
import pytest
import tls

from core.config import DEFAULT_BACKBONE
from core.engine.backbones import BACKBONES
from core.engine.index.milvus import server as servers
from core.engine.index.milvus.collection import MilvusIndex, collection_of
from core.own.ingest.connection import FetchPolicy
from core.own.ingest.fetch import UrlSource
from core.own.large import build as large
from core.own.large import listing, shards
from core.own.large.build import build_large

PICTURES = {f"/{name}.png": brought.picture(rgb) for name, rgb in brought.COLOURS.items()}


class Shop(http.server.BaseHTTPRequestHandler):
    """Four pictures, a text that calls itself one, and nothing else."""

    def do_GET(self) -> None:
        """Answer."""
        content = PICTURES.get(self.path, b"no picture" if self.path == "/text.png" else b"")
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[str, FetchPolicy]]:
    """The address of a shop on this computer, and the public policy that makes an exception for it."""
    certificate = tls.certificate_for("shop.test", tmp_path)
    with tls.serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop), certificate) as server:
        yield f"https://shop.test:{server.server_port}", tls.policy_for(certificate, server.server_port)


def test_a_table_of_addresses_becomes_a_catalogue(
    shop: tuple[str, FetchPolicy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, policy = shop
    monkeypatch.setenv("VITRINE_ALLOW_URLS", "1")
    monkeypatch.setattr(listing, "UrlSource", lambda rows: UrlSource(rows, policy))
    monkeypatch.setattr(shards, "ROOT", tmp_path)
    for module in (shards, large):
        monkeypatch.setattr(module, "SHARD", 2)
    monkeypatch.setitem(BACKBONES, DEFAULT_BACKBONE, fakes.fake_record())
    paths = ["/red.png", "/gone.png", "/green.png", "/text.png", "/blue.png", "/pink.png"]
    rows = [f"{address}{path},{'warm' if path in ('/red.png', '/pink.png') else 'cold'}" for path in paths]
    table = tmp_path / "shop.csv"
    table.write_text("\n".join(["url,label", *rows, "http://shop.test/plain.png,cold"]))
    place = milvus.place_of("lite", tmp_path)
    try:
        embedder = fakes.FakeEmbedder(fakes.fake_record())
        built = build_large(table, "shop", place, embedder, None)
        assert built.n_items == 4
        left_out = {str(name): str(reason) for name, reason in built.skipped}
        assert len(left_out) == 3
        for part, why in (("gone.png", "404"), ("text.png", "picture"), ("plain.png", "https")):
            assert any(part in name and why in reason for name, reason in left_out.items()), left_out
        index = MilvusIndex(servers.server(place), collection_of(servers.server(place), "shop"))
        stored = index.rows(range(4))
        kept = ["red", "green", "blue", "pink"]
        assert [stored[at]["address"] for at in range(4)] == [f"{address}/{name}.png" for name in kept]
        assert [stored[at]["label"] for at in range(4)] == ["warm", "cold", "cold", "warm"]
        expected = embedder.embed_images([fakes.solid(brought.COLOURS["blue"])])[0]
        assert index.embedding(2) == pytest.approx(expected, abs=1e-6)
    finally:
        milvus.close(place)
