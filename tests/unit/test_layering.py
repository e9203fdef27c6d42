"""The plan of the house, read from the sources: which room may import which; and what a search really loads."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fakes
import pytest

from core.config import ROOT

MOST_ENTRIES = 12
MOST_LINES = 400
#: From the ground up: a room may import from lower floors, never from above; beside it, only in one direction.
FLOORS = (
    ("config", "errors"),
    ("engine",),
    ("own", "compare", "maps", "training", "classifier"),
    ("jobs", "api", "ui"),
    ("__main__",),
)
#: A library's homes; everywhere else it is unknown. The benchmark compares libraries, so it may use any.
EMBEDDERS, TRAINING = "core.engine.embedders", ("core.training", "core.classifier.training")
HOMES = {
    "torch": ("core.engine.backbones", EMBEDDERS, *TRAINING),
    "torchvision": ("core.engine.backbones.torch_compat",),
    "open_clip": ("core.engine.backbones.torch_compat", *TRAINING),
    "timm": ("core.engine.backbones.torch_compat", f"{EMBEDDERS}.onnx_export", *TRAINING),
    "transformers": TRAINING,
    "safetensors": ("core.classifier.model.files", *TRAINING),
    "huggingface_hub": ("core.engine.backbones.hub",),
    "onnx": ("core.classifier.model.export", "core.training.model.export"),
    "hnswlib": ("core.engine.index",),
    "pymilvus": ("core.engine.index.milvus",),
    "ray": ("core.own.large",),
    "onnxruntime": (EMBEDDERS,),
    "tokenizers": (EMBEDDERS, *TRAINING),
    "sklearn": ("core.jobs.evaluate", *TRAINING),
    "umap": ("core.maps",),
    "pandas": ("core.engine.catalogues", "core.ui"),
    "thumbhash": ("core.engine.images.placeholders",),
    "requests": ("core.jobs.download.fetch",),
    "starlette": ("core.api", "core.ui"),
    "plotly": ("core.ui",),
    "streamlit": ("core.ui", "app", "pages"),
}
HEAVY = {*HOMES, "pyarrow", "playwright", "psutil"} - {"safetensors", "starlette", "thumbhash"}


@dataclass(frozen=True)
class Import:
    """One import: where it stands, what it names, and whether loading the module runs it."""

    module: str
    target: str
    at_load: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for folder in ("core", "pages") for path in sorted((ROOT / folder).rglob("*.py"))}
SOURCES["app"] = ROOT / "app.py"
ROOMS = sorted(module for module, path in SOURCES.items() if path.name == "__init__.py")


def imports_of(module: str, tree: ast.AST, at_load: bool = True) -> Iterator[Import]:
    """All imports but those under `if TYPE_CHECKING`, which never run."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports are not used here"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield Import(module, whole if whole in SOURCES else str(node.module), at_load)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports_of(module, node, at_load and not inside)


IMPORTS = [entry for name, path in SOURCES.items() for entry in imports_of(name, ast.parse(path.read_text("utf-8")))]


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def entry_of(room: str, module: str) -> str:
    """What of a room a module belongs to: a file of it, a room inside it, or its own face (`__init__`)."""
    return module.removeprefix(room).removeprefix(".").partition(".")[0] or "__init__"


def needs_of(room: str) -> dict[str, set[str]]:
    """Entry of a room -> the entries of the same room that it imports, at whatever depth and inside functions too."""
    needs: dict[str, set[str]] = defaultdict(set)
    for entry in IMPORTS:
        if within(entry.module, (room,)) and within(entry.target, (room,)):
            needs[entry_of(room, entry.module)].add(entry_of(room, entry.target))
    return {name: wanted - {name} for name, wanted in needs.items()}


def test_the_reader_sees_all_kinds_of_imports():
    code = """
import a.b
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import never
try:
    import c
except ImportError:
    pass
class K:
    import d
    def f(self):
        from e import g
"""
    found = [(entry.target, entry.at_load) for entry in imports_of("m", ast.parse(code))]
    assert found == [("a.b", True), ("typing", True), ("c", True), ("d", True), ("e", False)]
    assert Import("core.engine.search.engine", "core.engine.search.gallery", True) in IMPORTS
    assert Import("core.engine.index.hnsw", "hnswlib", False) in IMPORTS
    assert "search" in needs_of("core.ui")["server"]  # only inside a function


def test_every_room_can_be_overlooked():
    """Its face, `__init__.py`, is the door and not counted; texts, scripts and styles are."""
    core = ROOT / "core"
    folders = [core, *(path for path in core.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    names = {folder: {path.name for path in folder.iterdir()} - {"__init__.py", "__pycache__"} for folder in folders}
    crowded = {str(folder.relative_to(ROOT)): len(held) for folder, held in names.items() if len(held) > MOST_ENTRIES}
    assert crowded == {}


@pytest.mark.parametrize("module", SOURCES)
def test_a_file_can_be_read_at_one_go(module):
    assert len(SOURCES[module].read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way_inside_every_room(room):
    needs = needs_of(room)
    while free := {name for name, wanted in needs.items() if not wanted & needs.keys()}:
        for name in free:
            del needs[name]
    assert needs == {}, "these import each other in a circle"


def test_imports_run_one_way_from_floor_to_floor():
    floor = {f"core.{room}": number for number, rooms in enumerate(FLOORS) for room in rooms}
    assert floor.keys() == {".".join(module.split(".")[:2]) for module in SOURCES if module.startswith("core.")}
    upwards = [
        (entry.module, entry.target)
        for entry in IMPORTS
        if entry.module.startswith("core.")
        and entry.target.startswith("core.")
        and floor[".".join(entry.target.split(".")[:2])] > floor[".".join(entry.module.split(".")[:2])]
    ]
    assert upwards == []


def test_a_page_is_thin_and_knows_no_other():
    """A page uses its room of the interface and nothing below; that room uses no other page's."""
    shared = {"words", "visit", "components"}
    for module in SOURCES:
        if within(module, ("pages",)):
            assert len({e.target for e in IMPORTS if e.module == module and e.target.startswith("core")}) == 1
    pages = {entry_of("core.ui", module) for module in ROOMS if module.startswith("core.ui.")} - shared
    assert pages == {"search", "browse", "own", "compare", "maps", "train"}
    assert {page: needs_of("core.ui")[page] - shared for page in pages} == {page: set() for page in pages}


def test_what_a_visit_keeps_is_named_in_one_place():
    """A literal key of the session's state is that of a widget of the same module."""
    kept = re.compile(r'session_state(?:\.\w+\(|\[)"([^"]+)"|"([^"]+)" (?:not )?in st\.session_state')
    texts = {module: path.read_text("utf-8") for module, path in SOURCES.items() if within(module, ("core.ui",))}
    names = {(module, first or second) for module, text in texts.items() for first, second in kept.findall(text)}
    assert {(module, name) for module, name in names if f'key="{name}"' not in texts[module]} == set()


@pytest.mark.parametrize("library", HOMES)
def test_a_library_stays_in_its_homes(library):
    wrong = [
        entry.module
        for entry in IMPORTS
        if entry.target.partition(".")[0] == library
        and not within(entry.module, (*HOMES[library], "core.jobs.benchmark"))
    ]
    assert wrong == []


def test_heavy_libraries_are_imported_inside_functions():
    wrong = [
        (entry.module, entry.target)
        for entry in IMPORTS
        if entry.at_load
        and entry.target.partition(".")[0] in HEAVY
        and within(entry.module, ("core",))
        and not within(entry.module, ("core.ui", *TRAINING))
    ]
    assert wrong == []


def test_a_photo_search_loads_neither_torch_nor_streamlit_nor_pandas(tiny_artifacts):
    code = """
import sys
before = set(sys.modules)
import core.engine.search.engine
from core.engine.search.query import Query
light = set(sys.modules)
import fakes, io
fakes.use_fake()
picture = io.BytesIO()
fakes.solid((200, 90, 70)).save(picture, "PNG")
hits = core.engine.search.engine.SearchEngine().search(Query(photo=picture.getvalue())).hits
print([hit.id for hit in hits])
print(sorted({"pandas", "hnswlib", "onnxruntime", "tokenizers", "sklearn"} & light))
heavy = {"torch", "streamlit", "open_clip", "timm", "transformers", "sklearn", "plotly", "pandas"}
print(sorted(heavy & set(sys.modules)))
print("hnswlib" in sys.modules)
"""
    paths = os.pathsep.join([str(ROOT), str(Path(fakes.__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths, "VITRINE_ARTIFACTS_DIR": str(tiny_artifacts)},
        cwd=tiny_artifacts,
        check=False,
    )
    assert done.stderr == ""
    ids, light, heavy, searched = done.stdout.splitlines()
    from core.engine.search.engine import SearchEngine
    from core.engine.search.query import Query

    query = fakes.FakeEmbedder(fakes.fake_record()).embed_images([fakes.solid((200, 90, 70))])[0]
    assert ids == str([hit.id for hit in SearchEngine().search(Query(embedding=query)).hits])
    assert (light, heavy, searched) == ("[]", "[]", "True")
