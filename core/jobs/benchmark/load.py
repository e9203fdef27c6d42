"""The server under load: many visits of the front page and many clients of the API at once, and a long soak."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from core.config import VISIT_GRACE_S
from core.jobs.benchmark.serving import serving
from core.jobs.benchmark.sessions import page_session
from core.jobs.evaluate.cost import SAMPLE

N_VISITS, N_CLIENTS, LOAD_S = 100, 200, 60.0
#: Searches of the soak, and after how many of them memory is first looked at.
N_SOAK, N_SETTLED = 2000, 250
_SOAKING = 8
#: Seconds after which an answer counts as none.
_PATIENCE_S = 60.0
#: Seconds that Streamlit and the server take to let a visit go, beyond those for which it may come back.
_LETTING_GO_S = 10.0


@dataclass
class Answers:
    """What some clients got.

    Attributes:
        seconds: Of each answer.
        refused: Requests that were told to come back, which is no failure.
        failures: What else went wrong -> how often.
    """

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, Any]:
        """As they are kept: numbers of answers and failures, median and 95th percentile in seconds."""
        p50, p95 = np.percentile(self.seconds, (50, 95)) if self.seconds else (np.nan, np.nan)
        told = {"answers": len(self.seconds), "refused": self.refused, "failures": self.failures.total()}
        return told | {"p50_s": round(float(p50), 2), "p95_s": round(float(p95), 2)}


class Memory:
    """What a process has in memory, looked at all the time."""

    def __init__(self, pid: int):
        import psutil

        self._process = psutil.Process(pid)
        self.peak = self.now()

    def now(self) -> float:
        """MB."""
        return float(self._process.memory_info().rss / 1e6)

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            self.peak = max(self.peak, self.now())
            await asyncio.sleep(0.02)


def load(
    n_visits: int = N_VISITS, n_clients: int = N_CLIENTS, seconds: float = LOAD_S, n_soak: int = N_SOAK
) -> dict[str, Any]:
    """Visit a server's front page and ask its API with a photo, all at once and again and again; then go on calmly.

    Returns:
        `pages` and `api` (see `Answers.figures`); `memory_before_mb`, `memory_peak_mb`, and `memory_after_mb` once the
        visits were let go; `soak_growth` of memory between the first searches of the soak and its last one, as a share.
    """
    with (
        TemporaryDirectory() as folder,
        serving(Path(folder) / "log.txt", VITRINE_API_PER_MINUTE="0") as (process, address),
    ):
        return asyncio.run(_load(address, Memory(process.pid), n_visits, n_clients, seconds, n_soak))


async def _load(
    address: str, memory: Memory, n_visits: int, n_clients: int, seconds: float, n_soak: int
) -> dict[str, Any]:
    await ask_api(address, Answers(), count(10))  # what the first searches load is no part of it
    before, pages, api = memory.now(), Answers(), Answers()
    watch = asyncio.create_task(memory.watch())
    until = within(seconds)
    visits = [visit_pages(address, pages, until) for _ in range(n_visits)]
    await asyncio.gather(*visits, *(ask_api(address, api, until) for _ in range(n_clients)))
    peak = memory.peak
    await asyncio.sleep(VISIT_GRACE_S + _LETTING_GO_S if n_visits else 0)
    after = memory.now()
    watch.cancel()
    return {
        "pages": pages.figures(),
        "api": api.figures(),
        "memory_before_mb": round(before),
        "memory_peak_mb": round(peak),
        "memory_after_mb": round(after),
        "soak_growth": round(await soak(address, memory, n_soak), 4),
    }


async def soak(address: str, memory: Memory, n: int) -> float:
    """Search so often, a few at a time; by what share memory grew after the first of these searches."""
    settled = min(N_SETTLED, n // 2)
    sizes = []
    for part in (settled, n - settled):
        more = count(part)
        await asyncio.gather(*(ask_api(address, Answers(), more) for _ in range(_SOAKING)))
        sizes.append(memory.now())
    return sizes[1] / sizes[0] - 1


def within(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds from now are not over."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def count(n: int) -> Callable[[], bool]:
    """Whether it has been asked no more than so many times."""
    left = iter(range(n))
    return lambda: next(left, None) is not None


async def visit_pages(address: str, answers: Answers, more: Callable[[], bool]) -> None:
    """Bring photos to the front page in one visit, each once the one before is answered."""
    content = SAMPLE.read_bytes()
    async with _noted(answers), page_session(address) as visit:
        while more():
            if not await _timed(answers, visit.search_photo(content, SAMPLE.name)):
                answers.failures["no answer"] += 1


async def ask_api(address: str, answers: Answers, more: Callable[[], bool]) -> None:
    """Ask the API with a photo, again at once whatever it answers, over one connection while it lasts."""
    server = urlsplit(address)
    request = _request(server.netloc, SAMPLE.read_bytes())
    while more():
        async with _noted(answers):
            reader, writer = await asyncio.open_connection(server.hostname, server.port)
            try:
                await _timed(answers, _ask(reader, writer, request, answers))
                while more():
                    await _timed(answers, _ask(reader, writer, request, answers))
            finally:
                writer.close()


@asynccontextmanager
async def _noted(answers: Answers) -> AsyncIterator[None]:
    """Whatever goes wrong within is a failure, noted by its name."""
    try:
        yield
    except Exception as error:  # a library's own errors among them
        answers.failures[type(error).__name__] += 1


async def _timed(answers: Answers, answer: Awaitable[bool]) -> bool:
    """Note how long an answer took; whether there was one."""
    started = time.monotonic()
    async with asyncio.timeout(_PATIENCE_S):
        answered = await answer
    if answered:
        answers.seconds.append(time.monotonic() - started)
    return answered


def _request(host: str, content: bytes) -> bytes:
    body = (
        b'--vitrine\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\n\r\n'
        + content
        + b"\r\n--vitrine--\r\n"
    )
    head = f"POST /api/search HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=vitrine\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, answers: Answers) -> bool:
    """Whether the API answered with hits; it may say instead that it has too much to do."""
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    status = int(head[9:12])
    if status == 429:
        answers.refused += 1
    elif status != 200:
        answers.failures[str(status)] += 1
    return status == 200
