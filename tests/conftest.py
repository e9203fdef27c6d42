"""What many tests start from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import fakes
import pytest

from core.config import DEFAULT_BACKBONE, ROOT
from core.engine import backbones
from core.engine.files import manifest as artifacts
from core.engine.files.folder import forget_digests
from core.engine.search.engine import SearchEngine


@pytest.fixture(autouse=True)
def _fresh_digests() -> Iterator[None]:
    """No test profits from a file that another one has hashed."""
    forget_digests()
    artifacts._files_as_of.cache_clear()
    yield


@pytest.fixture
def artifacts_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty artifacts folder, in use."""
    folder = tmp_path / "artifacts"
    folder.mkdir()
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def _tiny_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "artifacts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_ARTIFACTS_DIR", str(folder))
        fakes.write_artifacts(folder)
    return folder


@pytest.fixture
def tiny_artifacts(_tiny_original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole artifacts folder of 40 + 30 items, a copy of one's own, with the fake as the default backbone."""
    folder = tmp_path / "artifacts"
    shutil.copytree(_tiny_original, folder)
    monkeypatch.setenv("VITRINE_ARTIFACTS_DIR", str(folder))
    monkeypatch.setitem(backbones.BACKBONES, DEFAULT_BACKBONE, fakes.fake_record())
    return folder


@pytest.fixture(scope="session")
def mapped_artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ships in artifacts/, by links, with two maps in place of those that ship: every 25th item, every 50th."""
    folder = tmp_path_factory.mktemp("mapped") / "artifacts"
    shipped = artifacts.artifacts_dir()
    for file in shipped.rglob("*"):
        copy = folder / file.relative_to(shipped)
        if file.is_file() and file.name != artifacts.MANIFEST and copy.parts[-2] != "maps":
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(file)
    manifest = artifacts.load_manifest() | {"maps": {}}
    manifest["files"] = {name: entry for name, entry in manifest["files"].items() if not name.startswith("maps/")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_ARTIFACTS_DIR", str(folder))
        artifacts.save_manifest(manifest)
        fakes.add_map(DEFAULT_BACKBONE, every=25)
        fakes.add_map(DEFAULT_BACKBONE, every=50, entry="efficientnet-lite0")
    return folder


@pytest.fixture
def engine(tiny_artifacts: Path) -> SearchEngine:
    """A search engine on the tiny artifacts, nothing loaded yet."""
    return SearchEngine()


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the real data sets, in use; skips the test where they are not."""
    folder = Path(os.environ.get("VITRINE_DATA_DIR") or ROOT.parent / "shared" / "data")
    missing = [name for name in ("clothing-dataset.zip", "clothing-splits.csv") if not (folder / name).is_file()]
    if missing:
        pytest.skip(f"{missing[0]} is not in {folder} (VITRINE_DATA_DIR)")
    monkeypatch.setenv("VITRINE_DATA_DIR", str(folder))
    return folder
