"""How much may be asked: of one client, by a token bucket for its address, and by all at once, by a gate.

A few are let in at once, more wait for a moment, and the rest is told to come back.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

import anyio
from starlette.requests import HTTPConnection

from core.api.errors import ApiError
from core.config import API_BURST_S, API_MAX_CLIENTS, trusts_proxies
from core.engine.turns import Turn, Turns

_HERE = "127.0.0.1"
_RETRY_AFTER_S = 1
_BUSY = f"Too much is being asked at the moment; try again in {_RETRY_AFTER_S} second."
_TOO_OFTEN = "You have asked too much in a short time; try again in {seconds} s."


class RateLimit:
    """Token buckets; for the coroutines of one event loop.

    A client that was not seen has a full bucket, and so the one that has asked nothing for longest can be forgotten.

    Args:
        per_minute: Searches a minute that a client may go on with; 0 for any number.
        now: Seconds of a clock that never goes back.
    """

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic):
        self._per_s = per_minute / 60
        self._burst = max(1.0, self._per_s * API_BURST_S)
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> (searches left, when)

    def spend(self, client: str, cost: float = 1.0) -> None:
        """Take what a request costs, in searches, out of the client's bucket; of what is dearer, all that it can hold.

        Raises:
            ApiError: 429, there is not enough in it; it says when there will be.
        """
        if not self._per_s:
            return
        now, cost = self._now(), min(cost, self._burst)
        left, before = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - before) * self._per_s)
        enough = left >= cost
        self._buckets[client] = (left - cost if enough else left, now)
        if len(self._buckets) > API_MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if not enough:
            seconds = max(1, math.ceil((cost - left) / self._per_s))
            raise ApiError(429, _TOO_OFTEN.format(seconds=seconds), {"Retry-After": str(seconds)})


def client_of(request: HTTPConnection) -> str:
    """Whom a request counts for: its address; in IPv6 the network of 64 bits, which is what one customer has.

    Behind a proxy this is the proxy's own, unless `FORWARDED_ALLOW_IPS` names that. Where nothing is named, uvicorn
    still believes X-Forwarded-For from this computer itself; whoever is called as it says counts as this computer.
    """
    host = request.client.host if request.client else ""
    if host and not trusts_proxies() and host in ",".join(request.headers.getlist("x-forwarded-for")):
        return _HERE
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


class Gate:
    """Bounds how much is done at once and how many wait for it, for the coroutines of one event loop.

    Who waits costs little, and who is turned away comes again at once: so many may wait, each address in its turn.

    Args:
        waiting: How many may wait outside.
        waiting_each: How many of them may be of one address.
        patience_s: How long one waits at most, in seconds.
    """

    def __init__(self, waiting: int = 0, waiting_each: int | None = None, patience_s: float = 0.0):
        self._max_waiting = waiting
        self._max_each = waiting if waiting_each is None else waiting_each
        self._patience_s = patience_s
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def enter(self, client: str, *queues: Turns) -> AsyncIterator[None]:
        """Hold a place of each of these queues.

        Raises:
            ApiError: 429, there is no place, and either nobody else may wait or the wait was too long.
        """
        with ExitStack() as held:
            try:
                with anyio.fail_after(self._patience_s):
                    for turns in queues:
                        await self._wait(client, held.enter_context(turns.ask(client)))
            except TimeoutError:
                raise _busy() from None
            yield

    async def _wait(self, client: str, turn: Turn) -> None:
        if turn.granted.done():
            return
        if self._waiting.total() >= self._max_waiting or self._waiting[client] >= self._max_each:
            raise _busy()
        self._waiting[client] += 1
        try:
            await asyncio.wrap_future(turn.granted)
        finally:
            self._waiting[client] -= 1
            self._waiting += Counter()  # forgets who does not wait


def _busy() -> ApiError:
    return ApiError(429, _BUSY, {"Retry-After": str(_RETRY_AFTER_S)})
