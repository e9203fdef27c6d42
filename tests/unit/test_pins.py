"""Whatever is imported, here or in the tests, is pinned: what was tried is what is installed, and what is served."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

from core.config import ROOT

SOURCES = [
    *(path for room in ("core", "pages", "samples", "tests") for path in (ROOT / room).rglob("*.py")),
    ROOT / "app.py",
]
OURS = {"core", "app", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+?)(?: ?;.*| *\\)?")
#: Asks every page and the API once, with nothing to import but what is named; starts with `ALLOWED`, a set.
SERVED = """
import io, sys
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

class OnlyAllowed(PathFinder):
    known = {library: {name.lower().replace("_", "-") for name in names}
             for library, names in packages_distributions().items()}
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        allowed = cls.known.get(name, ALLOWED) & ALLOWED
        return PathFinder.find_spec(name, path, target) if allowed else None

sys.meta_path[:] = [OnlyAllowed if finder is PathFinder else finder for finder in sys.meta_path]
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from core.ui import server

photo = io.BytesIO()
Image.open("samples/shirt.jpg").save(photo, "PNG")
application = Starlette(routes=server.routes(), middleware=server.middleware())
with TestClient(application) as client:
    answer = client.post("/api/search", files={"image": photo.getvalue()})
    print("hits", len(answer.json()["hits"]))
visit = AppTest.from_file(Path("app.py").resolve(), default_timeout=120)
for page in ["app.py", *sorted(map(str, Path("pages").glob("*.py")))]:
    run = visit.switch_page(page).run()
    print(page, [error.value for error in [*run.exception, *run.error]])
"""


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(*names: str) -> dict[str, str]:
    """Name -> version, of those requirements files, or of all."""
    files = [ROOT / name for name in names] or ROOT.glob("requirements*.*")
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    found = [PIN.fullmatch(line) for line in lines if line and not line.startswith(("#", "-"))]
    assert all(found), "a line of a requirements file pins nothing"
    return {plain(match[1]): match[2] for match in found if match}


def lock() -> str:
    return (ROOT / "requirements.txt").read_text("utf-8")


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


def test_the_lock_is_made_of_what_is_asked_for():
    """And it names no server but leaves that to who installs; `make lock` after a change of requirements.in."""
    asked, locked = pins("requirements.in"), pins("requirements.txt")
    assert asked.items() <= locked.items(), "make lock"
    assert set(re.findall(r"-r (\S+)", (ROOT / "requirements.txt").read_text())) == {"requirements.in"}
    by_itself = re.findall(r"^\S+==.*\n(?:    --hash=.*\n)*    # via -r requirements.in$", text := lock(), re.MULTILINE)
    assert {plain(entry.partition("==")[0]) for entry in by_itself} <= asked.keys(), "make lock"
    assert "//" not in text


def test_every_file_that_is_served_from_is_known_by_its_hash():
    entries = re.split(r"^(?=\S+==)", lock(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins("requirements.txt")) > 40
    assert [entry.partition(" ")[0] for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)] == []


def test_pages_and_api_need_nothing_that_is_not_locked(tmp_path):
    code = f"ALLOWED = {{*{sorted(pins('requirements.txt'))}}}{SERVED}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"VITRINE_DATA_DIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = ["app.py", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "pages").glob("*.py"))]
    assert done.stdout.splitlines() == ["hits 5", *(f"{page} []" for page in pages)]


def test_what_is_installed_is_what_is_pinned():
    installed = {plain(name) for names in packages_distributions().values() for name in names}
    other = {
        name: (version(name), wanted)
        for name, wanted in pins().items()
        if name in installed and version(name) != wanted
    }
    assert {name: pair for name, pair in other.items() if pair[0].partition("+")[0] != pair[1]} == {}
