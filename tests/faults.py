"""Faults for real: processes that are killed at every step, disks that are full, folders that cannot be written to."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.__main__ import main

_CHANGES = frozenset({"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "ctypes.dlsym"})
_PATIENCE_S = 60


def killed_at_every_step(act: Callable[[], object]) -> Iterator[int]:
    """Yield after each of many children that did a part of `act`: SIGKILL came before its first, second, … change.

    A change is a file opened for writing, renamed, removed and the like. The child that comes through is the last.
    """
    for step in itertools.count():
        code, killed = _in_a_child(act, lambda step=step: _die_at(step))
        if not killed:
            assert code == 0, "what should only have been killed failed"
            return
        yield step


def run_small(command: list[str], n_bytes: int) -> tuple[int, str]:
    """The exit code of a command that may write no file of more than so many bytes, and all that it printed."""
    printed, end = os.pipe()

    def limit() -> None:
        os.dup2(end, 1)
        os.dup2(end, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w") for number in (1, 2))
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    code, _ = _in_a_child(lambda: sys.exit(main(command)), limit)
    os.close(end)
    with os.fdopen(printed) as text:
        return code, text.read()


def _in_a_child(act: Callable[[], object], prepare: Callable[[], None]) -> tuple[int, bool]:
    """The exit code of a fork of this process, and whether it was killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests may have left threads; the child needs none
        child = os.fork()
    if child == 0:
        try:
            signal.alarm(_PATIENCE_S)  # whatever it waits for: it is not waited for
            prepare()
            act()
            code = 0
        except SystemExit as end:
            code = int(str(end.code))
        except BaseException:
            traceback.print_exc()
            code = 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    killed = os.WIFSIGNALED(status)
    assert not killed or os.WTERMSIG(status) == signal.SIGKILL
    return 0 if killed else os.waitstatus_to_exitcode(status), killed


def _die_at(step: int) -> None:
    left = itertools.count(-step)

    def see(event: str, details: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
        if (writes or event in _CHANGES) and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(see)


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[Path]:
    """A file system of so many bytes at a new folder; skips the test where none can be mounted."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={n_bytes}", "none", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def make_read_only(disk: Path) -> None:
    """Nothing can be written to a file system that `small_disk` made, whoever tries."""
    _mount("-o", "remount,ro", str(disk))


def _mount(*words: str) -> None:
    try:
        done = subprocess.run(["mount", *words], capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("nothing can be mounted here")
