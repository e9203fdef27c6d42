"""Which module may import which, read from the sources; and what a search really loads."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fakes
import pytest

from core.config import ROOT


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

#: From the ground up: a module may import from lower floors, and from its own.
FLOORS = (
    ("core", "core.errors", "core.config"),
    (
        *("core.artifacts", "core.calibration", "core.catalogues", "core.images", "core.metrics"),
        *("core.torch_compat", "core.onnx_export"),
        *("core.addresses", "core.checked_connection", "core.fetch_urls", "core.progress", "core.tables"),
        *("core.thresholds", "core.blend", "core.colours", "core.garment"),
        *("core.evaluation", "core.outcomes", "core.published", "core.benchmarks"),
    ),
    ("core.backbones", "core.embedding", "core.bulk", "core.index", "core.part_index"),
    ("core.projection",),
    (
        *("core.gallery", "core.own_items", "core.duplicates", "core.zero_shot", "core.maps"),
        *("core.agreement", "core.benchmark_table"),
    ),
    ("core.search",),
    (
        *("core.shared", "core.answers", "core.own_catalogue", "core.own_files", "core.own_search"),
        *("core.query_set", "core.query_report", "core.compare", "core.ef_lab", "core.disputes"),
    ),
    ("core.jobs", "core.training", "core.api", "core.classifier", "core.side_by_side", "core.gallery_work"),
    ("core.ui", "core.__main__"),
    ("app", "pages"),
)
#: Imports that go up on purpose, each inside a function, so that loading the module does not follow them.
UPWARDS: set[tuple[str, str]] = set()
#: A library's homes; everywhere else it is unknown. The benchmark compares libraries, so it may use any.
TORCH_BACKBONES = ("core.backbones.torch_backbones", "core.backbones.by_name", "core.backbones.exported")
HOMES = {
    "torch": (*TORCH_BACKBONES, "core.training", "core.torch_compat", "core.onnx_export", "core.jobs.benchmark"),
    "torchvision": ("core.torch_compat",),
    "open_clip": ("core.training", "core.torch_compat", "core.jobs.benchmark"),
    "timm": ("core.training", "core.torch_compat", "core.onnx_export", "core.jobs.benchmark"),
    "transformers": ("core.training",),
    "safetensors": ("core.training", "core.classifier.keep"),
    "huggingface_hub": ("core.backbones.hub",),
    "onnx": ("core.classifier.export", "core.training.export"),
    "altair": ("core.ui",),
    "hnswlib": ("core.index", "core.jobs.benchmark"),
    "onnxruntime": ("core.embedding", "core.jobs.benchmark"),
    "tokenizers": ("core.embedding", "core.training"),
    "sklearn": ("core.jobs.evaluate", "core.training"),
    "umap": ("core.projection", "core.jobs.placement"),
    "pandas": ("core.catalogues", "core.ui", "app", "pages"),
    "thumbhash": ("core.catalogues.placeholders",),
    "requests": ("core.jobs.fetch",),
    "starlette": ("core.api", "core.ui", "app"),
    "plotly": ("core.ui",),
    "streamlit": ("core.ui", "app", "pages"),
}
HEAVY = {"torch", "torchvision", "open_clip", "timm", "onnxruntime", "hnswlib", "tokenizers", "pandas", "sklearn"}
HEAVY |= {"streamlit", "plotly", "transformers", "pyarrow", "requests", "umap", "tqdm", "playwright", "psutil"}
HEAVY |= {"onnx", "altair", "huggingface_hub"}


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def floor_of(module: str) -> int:
    if module in FLOORS[0]:
        return 0
    found = [number for number, floor in enumerate(FLOORS) if number and within(module, floor)]
    assert len(found) == 1, f"{module} has no floor: say in FLOORS where it belongs"
    return found[0]


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
    assert Import("core.search", "core.index", True) not in IMPORTS
    assert Import("core.search", "core.gallery", True) in IMPORTS
    assert Import("core.index", "hnswlib", False) in IMPORTS
    assert Import("core.jobs.build", "core.artifacts", True) in IMPORTS  # written as `from core import artifacts`


def test_every_module_has_a_floor_and_every_floor_a_use():
    assert {floor_of(module) for module in SOURCES if module != "pages"} == set(range(len(FLOORS)))


def test_imports_run_one_way():
    wrong = [
        (entry.module, entry.target)
        for entry in IMPORTS
        if entry.target.partition(".")[0] == "core"
        and floor_of(entry.target) > floor_of(entry.module)
        and not ((entry.module, entry.target) in UPWARDS and not entry.at_load)
    ]
    assert wrong == []


def test_no_module_imports_itself_in_a_circle():
    """Within a floor, too: loading must have a beginning. Imports inside functions run later."""
    needs: dict[str, set[str]] = {module: set() for module in SOURCES}
    for entry in IMPORTS:
        if entry.at_load and entry.target in SOURCES and entry.target != entry.module:
            needs[entry.module].add(entry.target)
    while free := {module for module, wanted in needs.items() if not wanted & needs.keys()}:
        for module in free:
            del needs[module]
    assert sorted(needs) == []


def test_core_below_the_pages_knows_no_streamlit():
    wrong = [
        (entry.module, entry.target)
        for entry in IMPORTS
        if entry.target.partition(".")[0] in ("streamlit", "plotly")
        and not within(entry.module, ("core.ui", "app", "pages"))
    ]
    assert wrong == []


@pytest.mark.parametrize("library", HOMES)
def test_a_library_stays_in_its_homes(library):
    wrong = [
        entry.module
        for entry in IMPORTS
        if entry.target.partition(".")[0] == library and not within(entry.module, HOMES[library])
    ]
    assert wrong == []


def test_heavy_libraries_are_imported_inside_functions():
    wrong = [
        (entry.module, entry.target)
        for entry in IMPORTS
        if entry.at_load
        and entry.target.partition(".")[0] in HEAVY
        and within(entry.module, ("core",))
        and not within(entry.module, ("core.ui", "core.training"))
    ]
    assert wrong == []


def test_a_page_is_thin():
    """A page may use the interface's own package and nothing below it."""
    wrong = [
        (entry.module, entry.target)
        for entry in IMPORTS
        if within(entry.module, ("app", "pages"))
        and within(entry.target, ("core",))
        and not within(entry.target, ("core.ui", "core.config", "core.errors"))
    ]
    assert wrong == []


def test_a_photo_search_loads_neither_torch_nor_streamlit(tiny_artifacts):
    code = """
import sys
before = set(sys.modules)
import core.search
light = set(sys.modules)
import fakes, io
fakes.use_fake()
picture = io.BytesIO()
fakes.solid((200, 90, 70)).save(picture, "PNG")
hits = core.search.SearchEngine().search_image(picture.getvalue()).hits
print([hit.id for hit in hits])
print(sorted({"pandas", "hnswlib", "onnxruntime", "tokenizers", "sklearn"} & light))
print(sorted({"torch", "streamlit", "open_clip", "timm", "transformers", "sklearn", "plotly"} & set(sys.modules)))
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
    from core.search import SearchEngine

    query = fakes.FakeEmbedder(fakes.fake_record()).embed_images([fakes.solid((200, 90, 70))])[0]
    assert ids == str([hit.id for hit in SearchEngine().search_embedding(query).hits])
    assert (light, heavy, searched) == ("[]", "[]", "True")
