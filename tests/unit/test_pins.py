"""Whatever is imported, here or in the tests, is pinned: what was tried is what is installed."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

from core.config import ROOT

SOURCES = [
    *(path for room in ("core", "pages", "samples", "tests") for path in (ROOT / room).rglob("*.py")),
    ROOT / "app.py",
]
OURS = {"core", "app", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+?)(?:;.*| *\\)?")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = [line.strip() for file in ROOT.glob("requirements*.txt") for line in file.read_text().splitlines()]
    found = [PIN.fullmatch(line) for line in lines if line and not line.startswith(("#", "-"))]
    assert all(found), "a line of a requirements file pins nothing"
    return {plain(match[1]): match[2] for match in found if match}


def imported(path: Path) -> set[str]:
    """Libraries that a file imports, at whatever depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - OURS


def test_nothing_is_imported_that_is_not_pinned():
    pinned, distributions = pins(), packages_distributions()
    loose = {
        (library, str(path.relative_to(ROOT)))
        for path in SOURCES
        for library in imported(path)
        if library in distributions and not {plain(name) for name in distributions[library]} & pinned.keys()
    }
    assert loose == set()


def test_what_is_installed_is_what_is_pinned():
    installed = {plain(name) for names in packages_distributions().values() for name in names}
    other = {
        name: (version(name), wanted)
        for name, wanted in pins().items()
        if name in installed and version(name) != wanted
    }
    assert {name: pair for name, pair in other.items() if pair[0].partition("+")[0] != pair[1]} == {}
