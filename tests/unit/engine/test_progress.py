"""What whoever waits for long work reads on a terminal."""

from __future__ import annotations

import re
import sys

import pytest

from core.engine import progress
from core.engine.progress import Progress, progress_line, shown_progress
from core.errors import DataError


@pytest.mark.parametrize(
    "report, line",
    [
        (Progress(320, 1000, 310, 10, 90.2, 7.6), "320 of 1,000 pictures, 90 a second, 8 s left"),
        (Progress(5, None, 5, 0, 2.0, None), "5 pictures, 2 a second"),
        (Progress(5, 5, 5, 0, 2.0, 0.0, True), "5 of 5 pictures, 2 a second"),
    ],
)
def test_progress_for_a_terminal(report, line):
    assert progress_line(report) == line


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_one_line_that_ends_also_where_the_work_breaks_off(terminal, monkeypatch, capsys):
    monkeypatch.setattr(progress, "REPORT_S", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with pytest.raises(DataError), shown_progress(9, "views") as done:
        done(4)
        done(1)
        raise DataError("no more")
    *before, last, end = re.split(r" *[\r\n]", capsys.readouterr().err)
    assert [line.partition(",")[0] for line in before] == (["4 of 9 views", "5 of 9 views"] if terminal else [])
    assert (last.partition(",")[0], end) == ("5 of 9 views", "")
