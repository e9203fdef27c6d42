"""What whoever waits for long work reads on a terminal."""

from __future__ import annotations

import re
import sys

import pytest

from core.engine import progress
from core.engine.progress import Progress, ProgressBar, ProgressClock, progress_line, shown_progress, take_each
from core.errors import DataError


@pytest.mark.parametrize(
    "report, line",
    [
        (Progress(320, 1000, 310, 10, 90.2, 7.6), "320 of 1,000 pictures, 90 a second, 8 s left"),
        (Progress(5, None, 5, 0, 2.0, None), "5 pictures, 2 a second"),
        (Progress(5, 5, 5, 0, 2.0, 0.0, True), "5 of 5 pictures, 2 a second"),
        (Progress(500, 10**6, 500, 0, 50.0, 20_000.0), "500 of 1,000,000 pictures, 50 a second, 5.6 h left"),
        (Progress(500, 10**5, 500, 0, 50.0, 1_990.0), "500 of 100,000 pictures, 50 a second, 33 min left"),
        (Progress(5, 5, 5, 0, 0.0, 0.0, True), "5 of 5 pictures"),
    ],
)
def test_progress_for_a_terminal(report, line):
    assert progress_line(report) == line


def test_a_report_is_due_after_its_time_and_tells_speed_and_what_is_left():
    seconds = [100.0]
    clock = ProgressClock(50, lambda: seconds[0], n_before=10)
    assert not clock.is_time()
    seconds[0] += progress.REPORT_S
    assert clock.is_time()
    clock.n_added, clock.n_skipped, seconds[0] = 25, 5, 104.0
    assert clock.report() == Progress(30, 50, 25, 5, 5.0, 4.0, False)  # 20 in 4 seconds; 20 are left
    assert not clock.is_time()
    assert clock.report(finished=True) == Progress(30, 50, 25, 5, 5.0, 0.0, True)
    assert ProgressClock(5, lambda: 0.0).report() == Progress(0, 5, 0, 0, 0.0, None, False)
    assert ProgressClock(None, lambda: 0.0).report().seconds_left is None


@pytest.mark.parametrize("due", [0.0, 1e9])
def test_each_is_taken_and_the_end_is_reported(due, monkeypatch):
    monkeypatch.setattr(progress, "REPORT_S", due)
    taken = []
    reports = list(take_each([1, 2, 3], lambda one: taken.append(one) or one != 2))
    assert taken == [1, 2, 3]
    assert [report.finished for report in reports] == [False] * (3 if due == 0 else 0) + [True]
    last = reports[-1]
    assert (last.n_done, last.n_total, last.n_added, last.n_skipped, last.seconds_left) == (3, 3, 2, 1, 0.0)
    assert [report.n_total for report in take_each(iter([1]), bool)][-1] is None


def test_more_than_there_were_said_to_be_leaves_nothing():
    clock = ProgressClock(2, iter([0.0, 1.0]).__next__)
    clock.n_added = 3
    assert clock.report().seconds_left == 0.0


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_one_line_that_ends_also_where_the_work_breaks_off(terminal, monkeypatch, capsys):
    monkeypatch.setattr(progress, "REPORT_S", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with pytest.raises(DataError), shown_progress(9, "views") as done:
        done(4)
        done(1)
        raise DataError("no more")
    printed = capsys.readouterr().err
    assert (printed.count("\n"), printed.endswith("\n")) == (1, True)
    *before, last, end = re.split(r" *[\r\n]", printed)
    assert [line.partition(",")[0] for line in before] == (["4 of 9 views", "5 of 9 views"] if terminal else [])
    assert (last.partition(",")[0], end) == ("5 of 9 views", "")


def test_a_bar_in_a_terminal_and_a_line_now_and_then_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = [0.0]
    half = Progress(500, 1000, 490, 10, 90.0, 6.0)
    last = Progress(1000, 1000, 990, 10, 90.0, 0.0, True)
    show = ProgressBar(lambda: seconds[0])
    for seconds[0] in (1.0, 29.0, 31.0, 40.0, 62.0):
        show(half)
    show(last)
    line = "500 of 1,000 pictures, 90 a second, 6 s left\n"
    assert capsys.readouterr().err == 2 * line + "1,000 of 1,000 pictures, 90 a second\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show(half)
    show(last)
    first, second = capsys.readouterr().err.split("\r")
    assert first.rstrip() == "[#####.....]  50%  500 of 1,000 pictures, 90 a second, 6 s left"
    assert second.rstrip() == "[##########] 100%  1,000 of 1,000 pictures, 90 a second"
    assert max(map(len, (first, second.rstrip("\n")))) < 80
