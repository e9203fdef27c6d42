"""How much may be asked: of one client, by a token bucket for its address, and by all at once, by a gate.

A few are let in at once, a few more wait for a moment, and the rest is told to come back.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from starlette.requests import HTTPConnection

from core.api.errors import ApiError
from core.config import API_BURST_S, API_MAX_CLIENTS, trusts_proxies

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
        """Take what a request costs, in searches, out of the client's bucket.

        Raises:
            ApiError: 429, there is not enough in it; it says when there will be.
        """
        if not self._per_s:
            return
        now = self._now()
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
    """Bounds how much is done at once; for the coroutines of one event loop.

    Args:
        places: How many may be inside.
        waiting: How many may wait outside.
        patience_s: How long one waits at most, in seconds.
    """

    def __init__(self, places: int, waiting: int = 0, patience_s: float = 0.0):
        self._free = anyio.Semaphore(places)
        self._max_waiting = waiting
        self._n_waiting = 0
        self._patience_s = patience_s

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Hold a place.

        Raises:
            ApiError: 429, there is no place, and either nobody else may wait or the wait was too long.
        """
        await self._take()
        try:
            yield
        finally:
            self._free.release()

    async def _take(self) -> None:
        try:
            self._free.acquire_nowait()
            return
        except anyio.WouldBlock:
            if self._n_waiting >= self._max_waiting:
                raise _busy() from None
        self._n_waiting += 1
        try:
            with anyio.fail_after(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._n_waiting -= 1


def _busy() -> ApiError:
    return ApiError(429, _BUSY, {"Retry-After": str(_RETRY_AFTER_S)})
