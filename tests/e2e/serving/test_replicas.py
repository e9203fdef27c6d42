"""Two replicas behind a real nginx, set up as docs/nginx.conf says: who comes back, who asks too much, who dies."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import choose, pytestmark, visitors  # noqa: F401

from core.config import ROOT
from core.jobs.benchmark.serving import free_port, serving
from core.ui.words import WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
PER_MINUTE = 8  # of which two may come at once


@dataclass(frozen=True)
class Replicas:
    """nginx's address, and the process and port of each replica."""

    address: str
    processes: dict[str, tuple[subprocess.Popen[bytes], int]]


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[Replicas]:
    if NGINX is None:
        pytest.skip("no nginx was found: apt-get install nginx-light")
    shared = {
        "FORWARDED_ALLOW_IPS": "127.0.0.1",
        "STREAMLIT_SERVER_COOKIE_SECRET": "what both replicas sign with",
        "VITRINE_API_PER_MINUTE": str(PER_MINUTE),
    }
    with ExitStack() as running:
        processes = {}
        for name in ("first", "second"):
            process, address = running.enter_context(serving(tmp_path / f"{name}.log", **shared))
            processes[name] = (process, int(address.rpartition(":")[2]))
        port = free_port()
        conf = (ROOT / "docs" / "nginx.conf").read_text("utf-8")
        for wanted, there in (("8501", processes["first"][1]), ("8502", processes["second"][1]), ("8080", port)):
            conf = conf.replace(f"127.0.0.1:{wanted}", f"127.0.0.1:{there}")
        (tmp_path / "nginx.conf").write_text(conf)
        nginx = subprocess.Popen(
            [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "error.log", "-g", "daemon off;"]
        )
        try:
            for _ in range(200):
                with socket.socket() as asked:
                    if asked.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield Replicas(f"http://127.0.0.1:{port}", processes)
        finally:
            nginx.terminate()
            nginx.wait(20)


def ask(address: str, path: str, client: str = "127.0.0.1", **headers: str) -> tuple[HTTPResponse, bytes]:
    """A request from one of this computer's own addresses."""
    with closing(HTTPConnection(address.removeprefix("http://"), timeout=90, source_address=(client, 0))) as connection:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()


def served_by(answer: HTTPResponse) -> int:
    return int((answer.getheader("X-Served-By") or "").rpartition(":")[2])


def test_who_comes_back_is_sent_to_the_same_replica(replicas: Replicas) -> None:
    for name, (_, port) in replicas.processes.items():
        for _ in range(4):
            answer, _ = ask(replicas.address, "/api/health", Cookie=f"vitrine_at={name}")
            assert (answer.status, served_by(answer)) == (200, port)
    drawn = {served_by(ask(replicas.address, "/api/health")[0]) for _ in range(40)}
    assert drawn == {port for _, port in replicas.processes.values()}
    answer, _ = ask(replicas.address, "/api/health", Cookie="vitrine_at=http://elsewhere")
    assert answer.status == 200

    # Each address is counted by itself, and nobody can pass for another one.
    def search(client: str, **headers: str) -> int:
        path = "/api/similar?item=fashion-mnist/train/00042&k=1"
        return ask(replicas.address, path, client, Cookie="vitrine_at=first", **headers)[0].status

    answers = [search("127.0.0.1", X_Forwarded_For=f"203.0.113.{at}") for at in range(PER_MINUTE)]
    assert answers[:2] == [200, 200]
    assert 429 in answers
    assert search("127.0.0.2") == 200


def test_a_replica_is_killed_while_somebody_searches(replicas: Replicas, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "vitrine_at", "value": "first", "url": replicas.address}])
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(replicas.address)
    page.get_by_role("heading", level=1).wait_for()
    choose(page, ROOT / "samples" / "shirt.jpg")  # an upload, and all else by websocket
    page.locator(".vt-hit").nth(4).wait_for()
    assert re.search(r"\?photo=", page.url)
    process, port = replicas.processes["first"]
    process.kill()
    process.wait()
    answer, body = ask(replicas.address, "/api/health", Cookie="vitrine_at=first")
    assert (answer.status, json.loads(body)["status"]) == (200, "ok")
    assert served_by(answer) != port
    page.reload()
    page.get_by_text(WORDS.common.photo_gone).wait_for()  # which is what was lost
    page.get_by_role("button", name=WORDS.common.samples["dress"], exact=True).click()
    page.locator(".vt-hit").nth(4).wait_for()
    choose(page, ROOT / "samples" / "shirt.jpg")
    page.wait_for_url(re.compile(r"\?photo="))
    page.locator(".vt-hit").nth(4).wait_for()
    context.close()
