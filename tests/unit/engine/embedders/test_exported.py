"""Torch towers as ONNX files: the same embeddings, no torch after the first time, nothing damaged is ever read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from hub_models import CLIP, NOISE, TIMM, expected_rows

from core.config import ROOT
from core.engine.backbones import BACKBONES, get, hub
from core.engine.embedders import (
    exported,
    torch_networks,
)
from core.engine.embedders.base import OnnxImageEmbedder
from core.engine.embedders.bulk import BATCH, BulkEmbedder, for_bulk
from core.engine.embedders.load import (
    load_embedder,
    missing,
)
from core.engine.embedders.onnx_export import export_onnx
from core.errors import DataError

real_run = exported._run
LITE = BACKBONES["efficientnet-lite0"]


@pytest.fixture
def in_this_process(tiny_models, monkeypatch):
    """The export without a process of its own, which would not know what a test has patched; counts them."""
    made = []

    def run(record):
        made.append(record.id)
        assert exported.is_awaited(record.id)
        exported.main(record.id)
        return ""

    monkeypatch.setattr(exported, "_run", run)
    return made


@pytest.mark.parametrize("name", [TIMM, CLIP])
def test_a_model_from_the_hub_is_exported_once(tiny_models, in_this_process, name):
    record = get(name)
    hub.fetch(record.weights)
    first = load_embedder(name)
    assert isinstance(first, OnnxImageEmbedder)
    np.testing.assert_allclose(first.embed_images(NOISE), expected_rows(name, tiny_models[name]), atol=1e-4)
    np.testing.assert_array_equal(load_embedder(name).embed_images(NOISE), first.embed_images(NOISE))
    assert in_this_process == [name]
    assert not exported.is_awaited(name)
    # the weights themselves are not read again
    hub.cached(record.weights).resolve().unlink()
    assert missing(record) is None
    assert isinstance(load_embedder(name), OnnxImageEmbedder)


@pytest.mark.parametrize("damaged", ["tower", "description"])
def test_a_damaged_export_is_made_again_and_never_read(tiny_models, in_this_process, caplog, damaged):
    record = get(TIMM)
    hub.fetch(record.weights)
    expected = load_embedder(TIMM).embed_images(NOISE)
    file = exported.tower_file(record)
    whole = file.read_bytes()
    if damaged == "tower":
        file.write_bytes(whole[:-9] + b"!" * 9)
    else:
        file.with_suffix(".json").write_text("[]")
    assert exported.find(record) is None
    np.testing.assert_array_equal(load_embedder(TIMM).embed_images(NOISE), expected)
    assert file.read_bytes() == whole
    assert "is exported again" in caplog.text
    assert in_this_process == [TIMM, TIMM]


def test_other_weights_are_another_export(tiny_models, in_this_process, tmp_path):
    record = get(TIMM)
    hub.fetch(record.weights)
    load_embedder(TIMM)
    before, lock = exported.tower_file(record), tmp_path / "data" / hub.LOCK
    pinned = hub.pin_of(record.weights)["sha256"]
    lock.write_text(lock.read_text().replace(pinned, pinned[::-1]))
    assert exported.tower_file(record) != before
    assert exported.find(record) is None
    lock.unlink()
    assert exported.tower_file(record) is None
    with pytest.raises(DataError, match="are not here"):
        load_embedder(TIMM)


def test_what_differs_in_onnxruntime_stays_in_torch(tiny_models, in_this_process, monkeypatch, caplog):
    record = get(TIMM)
    hub.fetch(record.weights)

    def wrong(network, example, path):
        export_onnx(torch.nn.Sequential(network, torch.nn.Softmax(1)), example, path)

    monkeypatch.setattr(exported, "export_onnx", wrong)
    for _ in range(2):
        embedder = load_embedder(TIMM)
        assert isinstance(embedder, torch_networks.TorchEmbedder)
    np.testing.assert_allclose(embedder.embed_images(NOISE), expected_rows(TIMM, tiny_models[TIMM]), atol=1e-5)
    assert in_this_process == [TIMM]  # the second time it is known
    assert caplog.text.count("stays in torch, which is slower: embeddings of noise differ by") == 2
    file = exported.tower_file(record)
    assert not file.exists()
    assert json.loads(file.with_suffix(".json").read_text())["problem"].startswith("embeddings of noise differ by")


def test_a_network_that_cannot_be_exported_stays_in_torch(tiny_models, in_this_process, monkeypatch):
    hub.fetch(get(TIMM).weights)

    def refuse(*_):
        raise RuntimeError("no such operator\nand so on")

    monkeypatch.setattr(exported, "export_onnx", refuse)
    assert isinstance(load_embedder(TIMM), torch_networks.TorchEmbedder)
    file = exported.tower_file(get(TIMM))
    assert json.loads(file.with_suffix(".json").read_text())["problem"] == "no such operator"
    assert [path.suffix for path in file.parent.iterdir()] == [".json"]


def test_without_a_place_to_write_it_runs_in_torch(tmp_path, monkeypatch, caplog):
    """The real process, in a data folder that is a file; it fails, and nothing is kept of that."""
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").write_text("in the way")
    assert isinstance(load_embedder(LITE.id), torch_networks.TorchEmbedder)
    assert f"{LITE.id} stays in torch, which is slower: " in caplog.text


def test_without_onnx_nothing_is_exported(tiny_models, monkeypatch, caplog):
    hub.fetch(get(TIMM).weights)
    monkeypatch.setattr(exported, "_run", real_run)
    monkeypatch.setattr(exported, "find_spec", lambda _: None)
    assert isinstance(load_embedder(TIMM), torch_networks.TorchEmbedder)
    assert "onnx is not installed. Run: pip install -r requirements-compare.txt" in caplog.text


def test_after_the_first_time_no_process_needs_torch(tmp_path):
    """Two processes of their own: the first leaves torch to a third, the second finds the file."""
    code = """
import sys, fakes
from core.engine.embedders.load import load_embedder
rows = load_embedder("efficientnet-lite0").embed_images([fakes.solid((200, 90, 70))] * 2)
print(rows.shape, sorted({"torch", "timm", "torchvision", "onnx"} & set(sys.modules)))
"""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "VITRINE_DATA_DIR": str(tmp_path)}
    seen = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
        assert (done.stdout, done.stderr) == ("(2, 1280) []\n", "")
        seen.append([(path.name, path.stat().st_mtime_ns) for path in sorted((tmp_path / "onnx").glob("*/*"))])
    assert seen[0] == seen[1]
    assert [name.rpartition(".")[2] for name, _ in seen[0]] == ["json", "onnx"]
    description = json.loads(next((tmp_path / "onnx").glob("*/*.json")).read_text())
    assert 0 < description["difference"] < exported.MAX_DIFFERENCE


def test_where_it_is_exported_its_packages_are_not_asked_for(tmp_path, monkeypatch):
    """`find_spec` knows no package: a machine with the exported file and the weights, and without torch."""
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("core.engine.embedders.load.find_spec", lambda _: None)
    assert "needs torch" in str(missing(LITE))
    with pytest.raises(DataError, match="needs torch"):
        load_embedder(LITE.id)
    file = exported.tower_file(LITE)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a tower, for all that `missing` looks at")
    assert missing(LITE) is None
    with pytest.raises(DataError, match="needs torch"):  # it is nobody's tower, so it has to be made again
        load_embedder(LITE.id)


@pytest.mark.parametrize("n", [0, 1, BATCH, 5 * BATCH + 1, 60])
def test_many_at_a_time_gives_what_one_at_a_time_gives(tiny_models, in_this_process, n):
    hub.fetch(get(TIMM).weights)
    embedder = load_embedder(TIMM)
    bulk = for_bulk(embedder)
    assert isinstance(bulk, BulkEmbedder)
    pictures = [NOISE[i % 3].rotate(i) for i in range(n)]
    one = np.array([embedder.embed_images([picture])[0] for picture in pictures]).reshape(n, embedder.record.dim)
    np.testing.assert_allclose(bulk.embed_images(iter(pictures)), one, atol=1e-5)


def test_a_picture_that_fails_in_the_middle_is_told(tiny_models, in_this_process):
    hub.fetch(get(TIMM).weights)

    def pictures():
        yield from NOISE
        raise DataError("engine.missing")

    with pytest.raises(DataError, match="is missing"):
        for_bulk(load_embedder(TIMM)).embed_images(pictures())


def test_what_onnxruntime_does_not_run_is_as_it_was():
    embedder = load_embedder("raw-pixels")
    assert for_bulk(embedder) is embedder
