"""The server with many at once, with the worst pictures, and after visits have ended: real processes, no browser."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
import zlib
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from core.jobs.benchmark.load import Answers, Memory, ask_api, count, soak, visit_pages
from core.jobs.benchmark.serving import serving
from core.jobs.benchmark.sessions import page_session

resource = pytest.importorskip("resource")

MB = 10**6
#: The server with a page that takes any file, and visits that are let go as soon as their page is closed; it loads
#: nothing meanwhile, which would take the same memory.
FORGETFUL = """
import core.config
core.config.VISIT_GRACE_S = 0.5
import streamlit as st
if __name__ == "__main__":
    st.file_uploader("Anything")
else:
    from core.ui import server
    app = st.App(__file__, middleware=server.middleware(), lifespan=server.lifespan)
"""


def worst_png(width: int = 6240, height: int = 6250) -> bytes:
    """39 megapixels of 16 bits with alpha, in 0.5 MB."""
    packer = zlib.compressobj(9)
    row = b"\0" + struct.pack(">4H", 51200, 23040, 17920, 65535) * width
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)), (b"IDAT", body), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_pages_and_clients_are_all_answered_and_memory_stays(tmp_path: Path) -> None:
    async def load(address: str, memory: Memory) -> tuple[Answers, Answers, float]:
        pages, api, more = Answers(), Answers(), count(100)
        visits = (visit_pages(address, pages, count(2)) for _ in range(4))
        await asyncio.gather(*visits, *(ask_api(address, api, more) for _ in range(12)))
        return pages, api, await soak(address, memory, 200)

    with serving(tmp_path / "log", VITRINE_API_PER_MINUTE="0") as (process, address):
        pages, api, growth = asyncio.run(load(address, Memory(process.pid)))
    for answers, n in ((pages, 4 * 2), (api, 100)):
        assert (len(answers.seconds), answers.refused, answers.failures.total()) == (n, 0, 0)
    assert growth < 0.1


def test_the_worst_pictures_take_turns_and_little_memory(tmp_path: Path) -> None:
    """One of them took 600 MB, and all at once did."""
    content = worst_png()

    async def visit(address: str) -> int:
        async with page_session(address) as visit:
            assert await visit.search_photo(content)
            return visit.n_hits

    async def six(address: str, memory: Memory) -> tuple[list[int], float]:
        await ask_api(address, Answers(), count(3))
        before, watch = memory.now(), asyncio.create_task(memory.watch())
        hits = await asyncio.gather(*(visit(address) for _ in range(6)))
        watch.cancel()
        return hits, memory.peak - before

    with serving(tmp_path / "log") as (process, address):
        hits, more = asyncio.run(six(address, Memory(process.pid)))
    assert hits == [10] * 6  # five of each strip
    assert more < 450


def test_what_a_visit_brought_is_let_go_when_it_ends(tmp_path: Path) -> None:
    page = tmp_path / "app.py"
    page.write_text(FORGETFUL)

    async def bring(address: str, memory: Memory) -> float:
        async with page_session(address) as visit:
            await visit.search_photo(bytes(120 * MB), "zeros.bin")
            return memory.now()

    with serving(tmp_path / "log", page) as (process, address):
        held = asyncio.run(bring(address, Memory(process.pid)))
        end = time.monotonic() + 30
        while time.monotonic() < end and psutil.Process(process.pid).memory_info().rss / MB > held - 100:
            time.sleep(0.2)
        assert psutil.Process(process.pid).memory_info().rss / MB <= held - 100


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limit of another process cannot be set here")
def test_few_descriptors_are_enough_for_a_page_and_their_end_is_said_once(tmp_path: Path) -> None:
    """With `ulimit -n 256`; once all of them are taken, and after they are free again."""
    log = tmp_path / "log"

    async def page(address: str) -> int:
        async with page_session(address) as visit:
            assert await visit.run("sample=dress")
            return visit.n_hits

    with serving(log) as (process, address):
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (256, 256))
        assert asyncio.run(page(address)) == 10
        assert len(list(Path(f"/proc/{process.pid}/fd").iterdir())) < 100
        with ExitStack() as stack:
            for _ in range(260):
                stack.enter_context(socket.create_connection(("127.0.0.1", urlsplit(address).port)))
            time.sleep(3)
        time.sleep(2)
        assert asyncio.run(page(address)) == 10
    assert log.read_text().count("No more connections can be taken") == 1
    assert len(log.read_text().splitlines()) < 50
