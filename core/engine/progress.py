"""How far a long piece of work is, for whoever is waiting for it; and such work in the background."""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import Sentence, VitrineError

T = TypeVar("T")

#: Seconds between two reports, at most (unless a single picture takes longer).
REPORT_S = 0.5
#: Seconds between two lines in a log, which keeps them all.
LOG_S = 30.0
_BAR = 10  # signs: with the line no more than 79


@dataclass(frozen=True)
class Progress:
    """How far it is.

    Attributes:
        n_done: Pictures that were looked at.
        n_total: How many there are, None if nobody knows.
        n_added: Of those done, how many were used.
        n_skipped: Of those done, how many were not.
        images_per_s: Since the start.
        seconds_left: At this speed; None where the total is unknown, 0 at the end.
        finished: Whether this is the last report.
    """

    n_done: int
    n_total: int | None
    n_added: int
    n_skipped: int
    images_per_s: float
    seconds_left: float | None
    finished: bool = False


class ProgressClock:
    """Counts pictures and says when it is time for a report."""

    def __init__(self, n_total: int | None, now: Callable[[], float] = time.perf_counter, n_before: int = 0):
        """Start counting.

        Args:
            n_total: How many pictures there are, None if nobody knows.
            now: Seconds from any start.
            n_before: Of those, how many were done earlier; they are reported, but say nothing of the speed.
        """
        self.n_total = n_total
        self.n_added = self._n_before = n_before
        self.n_skipped = 0
        self._now = now
        self._started = self._reported = now()

    @property
    def n_done(self) -> int:
        """Pictures that were looked at."""
        return self.n_added + self.n_skipped

    def is_time(self) -> bool:
        """Whether the last report is too long ago."""
        return self._now() - self._reported >= REPORT_S

    def report(self, finished: bool = False) -> Progress:
        """The state of things."""
        self._reported = self._now()
        speed = (self.n_done - self._n_before) / max(self._reported - self._started, 1e-9)
        left = None if self.n_total is None or not speed else max(0, self.n_total - self.n_done) / speed
        return Progress(
            self.n_done, self.n_total, self.n_added, self.n_skipped, speed, 0.0 if finished else left, finished
        )


def size_of(things: Iterable[object]) -> int | None:
    """How many there are, None where only counting would tell."""
    return len(things) if isinstance(things, Sized) else None


def take_each(
    things: Iterable[T], take: Callable[[T], bool], n_total: int | None = None
) -> Generator[Progress, None, None]:
    """Take one thing after the other; whoever stops asking stops the work, and what was taken stays taken.

    Args:
        things: What comes.
        take: Does the work on one; whether it could be used.
        n_total: How many there are; default: `size_of` them.

    Yields:
        Progress, as often as `REPORT_S` says, and once when all is done.
    """
    clock = ProgressClock(size_of(things) if n_total is None else n_total)
    for one in things:
        if take(one):
            clock.n_added += 1
        else:
            clock.n_skipped += 1
        if clock.is_time():
            yield clock.report()
    yield clock.report(finished=True)


@dataclass
class _Work(Generic[T]):
    """What the thread of a `Background` knows: not the `Background` itself, so that this may be let go."""

    progress: Progress | None = None
    result: T | None = None
    problem: Sentence | None = None
    finished: bool = False
    stopped: threading.Event = field(default_factory=threading.Event)

    def do(self, begin: Callable[[], Generator[Progress, None, T]]) -> None:
        try:
            with closing(begin()) as steps:
                while not self.stopped.is_set():
                    self.progress = next(steps)
        except StopIteration as end:
            self.result = end.value
        except VitrineError as error:
            self.problem = error.sentence
        finally:
            self.finished = True


class Background(Generic[T]):
    """Work that goes on in a thread of its own when nobody looks, until it is stopped or nobody holds this any more.

    So the work of a visit ends with the visit.
    """

    def __init__(self, begin: Callable[[], Generator[Progress, None, T]], name: str, lasting: bool = False):
        """Start.

        Args:
            begin: Gives the work, which can be ended between two reports, by closing it, and returns the result.
            name: Of the thread.
            lasting: Whether it goes on when nobody holds this: what comes of it is not only for whoever asked.
        """
        self._work: _Work[T] = _Work()
        threading.Thread(target=self._work.do, args=(begin,), name=name, daemon=True).start()
        if not lasting:
            weakref.finalize(self, self._work.stopped.set)

    def stop(self) -> None:
        """Let the bit that is being done be the last one."""
        self._work.stopped.set()

    @property
    def progress(self) -> Progress | None:
        """The latest report, None before the first."""
        return self._work.progress

    @property
    def result(self) -> T | None:
        """What came of it, None as long as nothing has."""
        return self._work.result

    @property
    def problem(self) -> Sentence | None:
        """Why it failed, None while it has not."""
        return self._work.problem

    @property
    def finished(self) -> bool:
        """Whether it has ended, one way or another."""
        return self._work.finished


def progress_line(progress: Progress, things: str = "pictures") -> str:
    """One line for a terminal, such as "320 of 1,000 pictures, 90 a second, 8 s left"."""
    total = f" of {progress.n_total:,}" if progress.n_total is not None else ""
    left = "" if progress.seconds_left is None or progress.finished else f", {_time(progress.seconds_left)} left"
    speed = f", {progress.images_per_s:.0f} a second" if progress.images_per_s else ""
    return f"{progress.n_done:,}{total} {things}{speed}{left}"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def show_progress(progress: Progress, things: str = "pictures") -> None:
    """Print the line to stderr, over the one before; where that is no terminal, only the last one."""
    if progress.finished or sys.stderr.isatty():
        end = "\n" if progress.finished else "\r"
        print(f"{progress_line(progress, things):78}", end=end, file=sys.stderr, flush=True)


class ProgressBar:
    """Shows work of minutes or hours on stderr: a bar over the one before, or in a log a line every `LOG_S`."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        """Begin; `now` gives seconds from any start."""
        self._now, self._told = now, now()

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        line = progress_line(progress)
        if sys.stderr.isatty():
            share = progress.n_done / progress.n_total if progress.n_total else float(progress.finished)
            bar = "#" * int(_BAR * share)
            end = "\n" if progress.finished else "\r"
            print(f"[{bar:.<{_BAR}}] {share:4.0%}  {line:60}", end=end, file=sys.stderr, flush=True)
        elif progress.finished or self._now() - self._told >= LOG_S:
            self._told = self._now()
            print(line, file=sys.stderr, flush=True)


@contextmanager
def shown_progress(n_total: int, things: str = "pictures") -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more are done, and print a line of it now and then."""
    clock = ProgressClock(n_total)

    def add(n: int) -> None:
        clock.n_added += n
        if clock.is_time():
            show_progress(clock.report(), things)

    try:
        yield add
    finally:
        show_progress(clock.report(finished=True), things)
