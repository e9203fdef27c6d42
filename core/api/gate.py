"""A few at once, a few more wait for a moment, the rest is told to come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from core.api.errors import ApiError

RETRY_AFTER_S = 1
_BUSY = f"Too much is being asked at the moment; try again in {RETRY_AFTER_S} second."


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
    return ApiError(429, _BUSY, {"Retry-After": str(RETRY_AFTER_S)})
