"""Whose turn it is: heavy work is done a little at a time, and who asks has to wait, in a queue that is fair.

Pages wait in their threads, the API in its event loop, both for the same places. Who asks much waits behind those who
ask little: the queue goes round those who ask, each of whom gets one turn.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, TimeoutError
from contextlib import ExitStack, contextmanager
from types import TracebackType

from core.config import HEAVY_MEGAPIXELS, MAX_SEARCHES

#: Seconds after which somebody who waits is told how many are before them, at first and at last: each time twice as
#: many, since a hundred who are told all the time leave little for those who have their turn.
_TELL_S, _TELL_AT_LAST_S = 0.5, 4.0


class Turn:
    """A place, or the wait for one; the end of the `with` gives either up.

    Attributes:
        granted: Done once the place is there.
    """

    def __init__(self, turns: Turns, who: Hashable):
        self.granted: Future[None] = Future()
        self.who = who
        self._turns = turns

    def __enter__(self) -> Turn:
        """Wait outside of this, by `wait` or by `granted`."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Give the place to who is next, or leave the queue."""
        self._turns.end(self)

    def wait(self, seconds: float) -> bool:
        """Wait for the place, at most so long; whether it is there."""
        try:
            self.granted.result(seconds)
        except TimeoutError:
            return False
        return True

    @property
    def n_ahead(self) -> int:
        """How many get their place before this one does, if nobody gives up."""
        return self._turns.n_ahead(self)


class Turns:
    """So many places, and the queue before them. For threads and event loops alike.

    Args:
        places: How many may be inside at once.
        each: How many of them one asker may have; None for all.
    """

    def __init__(self, places: int, each: int | None = None):
        self._free = places
        self._each = each or places
        self._inside: Counter[Hashable] = Counter()
        self._queues: OrderedDict[Hashable, deque[Turn]] = OrderedDict()  # who is first here is next
        self._lock = threading.Lock()

    def ask(self, who: Hashable) -> Turn:
        """Get in the queue; the turn must be ended whether or not it was granted."""
        turn = Turn(self, who)
        with self._lock:
            self._queues.setdefault(who, deque()).append(turn)
            granted = self._grant()
        _tell(granted)
        return turn

    def end(self, turn: Turn) -> None:
        """Give up the place of a turn, or its wait."""
        with self._lock:
            queue = self._queues.get(turn.who, ())
            if turn in queue:
                self._drop(turn)
                return
            self._free += 1
            self._inside[turn.who] -= 1
            self._inside += Counter()  # forgets who has nothing left
            granted = self._grant()
        _tell(granted)

    def n_ahead(self, turn: Turn) -> int:
        """See `Turn.n_ahead`."""
        with self._lock:
            if turn not in self._queues.get(turn.who, ()):
                return 0
            own = self._queues[turn.who].index(turn)
            asking = list(self._queues)
            before = asking.index(turn.who)
            others = ((place, len(self._queues[who])) for place, who in enumerate(asking) if who != turn.who)
            return own + sum(min(n, own + (place < before)) for place, n in others)

    def _grant(self) -> list[Turn]:
        """Take from the queue whoever has a place now; the next turn of who had one comes after all others."""
        granted: list[Turn] = []
        while self._free and (able := [who for who in self._queues if self._inside[who] < self._each]):
            who = able[0]
            turn = self._queues[who][0]
            self._drop(turn)
            if who in self._queues:
                self._queues.move_to_end(who)
            self._free -= 1
            self._inside[who] += 1
            granted.append(turn)
        return granted

    def _drop(self, turn: Turn) -> None:
        queue = self._queues[turn.who]
        queue.remove(turn)
        if not queue:
            del self._queues[turn.who]


def _tell(granted: list[Turn]) -> None:
    """Outside of the lock, because whoever waits may act at once. A wait that was cancelled ends with its `with`."""
    for turn in granted:
        if turn.granted.set_running_or_notify_cancel():
            turn.granted.set_result(None)


PICTURES = Turns(MAX_SEARCHES)
HEAVY = Turns(1)


def places_for(megapixels: float) -> tuple[Turns, ...]:
    """The queues that a picture of so many megapixels goes through, in order; 0 for a question without one."""
    return (HEAVY, PICTURES) if megapixels > HEAVY_MEGAPIXELS else (PICTURES,)


@contextmanager
def in_turn(who: Hashable, megapixels: float = 0.0, tell: Callable[[int], object] | None = None) -> Iterator[None]:
    """Wait in this thread for a turn with a picture, and have it within the `with`.

    Args:
        who: Whom the queue is to be fair to.
        megapixels: Of the picture; see `core.engine.images.decode.megapixels`.
        tell: Is told how many are before, now and then while there are any. If it raises, the wait is over.
    """
    with ExitStack() as held:
        for turns in places_for(megapixels):
            place = held.enter_context(turns.ask(who))
            seconds = _TELL_S
            while not place.wait(seconds):
                seconds = min(2 * seconds, _TELL_AT_LAST_S)
                if tell:
                    tell(place.n_ahead)
        yield
