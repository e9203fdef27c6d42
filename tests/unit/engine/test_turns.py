"""The queue before heavy work: who is let in, in what order, and what visitors are told."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from core.engine import turns
from core.engine.turns import Turn, Turns, in_turn


def order_of(queue: Turns, waiting: list[Turn], holder: Turn) -> list[object]:
    """Whom the turns belong to, in the order in which they get the one place."""
    order: list[object] = []
    while True:
        queue.end(holder)
        granted = [turn for turn in waiting if turn.granted.done()]
        if not granted:
            return order
        (holder,) = granted
        waiting = [turn for turn in waiting if turn is not holder]
        order.append(holder.who)


def test_the_queue_goes_round_those_who_ask() -> None:
    queue = Turns(1)
    holder = queue.ask("a")
    assert holder.granted.done()
    waiting = [queue.ask(who) for who in "aaabbc"]
    assert [turn.n_ahead for turn in waiting] == [0, 3, 5, 1, 4, 2]
    assert "".join(map(str, order_of(queue, waiting, holder))) == "abcaba"


def test_what_visitors_are_told_comes_true() -> None:
    """However many wait, in whatever order they came: as many get their place before as was said."""
    chance = random.Random(3)
    for _ in range(50):
        queue = Turns(1)
        holder = queue.ask("x")
        waiting = [queue.ask(chance.choice("abcd")) for _ in range(12)]
        said = {id(turn): turn.n_ahead for turn in waiting}
        came: dict[int, int] = {}
        while len(came) < len(waiting):
            queue.end(holder)
            holder = next(turn for turn in waiting if turn.granted.done() and id(turn) not in came)
            came[id(holder)] = len(came)
        assert came == said


def test_who_is_nobody_in_particular_gets_in_too() -> None:
    with Turns(1).ask(None) as turn:
        assert turn.wait(0)


def test_who_gives_up_leaves_no_gap() -> None:
    queue = Turns(1)
    first, second, third = (queue.ask(who) for who in "abc")
    with second:
        assert not second.wait(0)
    queue.end(first)
    assert third.wait(0)
    third.granted = None  # type: ignore[assignment]  # nothing is told twice
    queue.end(third)
    with queue.ask("d") as fourth:
        assert fourth.wait(0)


def test_a_wait_that_was_cancelled_gives_its_place_on() -> None:
    """An event loop cancels what it waits for, perhaps at the moment at which that is granted."""
    queue = Turns(1)
    first, second, third = (queue.ask(who) for who in "abc")
    second.granted.cancel()
    queue.end(first)
    assert not third.wait(0)
    queue.end(second)
    assert third.wait(0)


def test_one_may_have_only_so_many_of_the_places() -> None:
    queue = Turns(4, each=2)
    mine = [queue.ask("a") for _ in range(3)]
    other = queue.ask("b")
    assert [turn.wait(0) for turn in (*mine, other)] == [True, True, False, True]
    queue.end(mine[0])
    assert mine[2].wait(0)


def test_no_more_are_inside_than_there_are_places_and_all_get_in() -> None:
    queue, lock = Turns(3), threading.Lock()
    inside, most = 0, 0

    def visit(number: int) -> bool:
        nonlocal inside, most
        with queue.ask(number % 5) as turn:
            if number % 7 == 0:
                return turn.wait(0.001) or True  # gives up
            assert turn.wait(20)
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1
        return True

    with ThreadPoolExecutor(30) as pool:
        assert all(pool.map(visit, range(300)))
    assert (most, inside) == (3, 0)
    assert not queue._queues and not queue._inside, "nothing is kept of who has left"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places of this test's own; who waits is told soon."""
    monkeypatch.setattr(turns, "PICTURES", Turns(2))
    monkeypatch.setattr(turns, "HEAVY", Turns(1))
    monkeypatch.setattr(turns, "_TELL_S", 0.01)


@pytest.mark.usefixtures("few")
def test_heavy_pictures_come_one_at_a_time_and_light_ones_pass_by() -> None:
    entered, done = threading.Semaphore(0), threading.Event()
    told: list[int] = []

    def look(megapixels: float) -> None:
        with in_turn(object(), megapixels, told.append):
            entered.release()
            done.wait(20)

    with ThreadPoolExecutor(3) as pool:
        heavy = [pool.submit(look, turns.HEAVY_MEGAPIXELS + 1) for _ in range(2)]
        assert entered.acquire(timeout=5)
        assert not wait(heavy, 0.1).done and told and set(told) == {0}
        light = pool.submit(look, turns.HEAVY_MEGAPIXELS)
        assert entered.acquire(timeout=5)  # though a heavy one waits
        done.set()
        assert len(wait([*heavy, light], 20).done) == 3


@pytest.mark.usefixtures("few")
def test_who_is_interrupted_while_being_told_has_left() -> None:
    """That is how a page's script ends when its visitor closes the page or clicks on something else."""

    def interrupt(n: int) -> None:
        raise InterruptedError

    with in_turn("a"), in_turn("b"):
        with pytest.raises(InterruptedError), in_turn("c", tell=interrupt):
            pass
        assert not turns.PICTURES._queues
    with in_turn("c", tell=interrupt):
        pass
