"""Weights from a hub: the real client against a small hub on 127.0.0.1."""

from __future__ import annotations

import hashlib
import json
import time

import hub as local
import pytest
from hub_models import use

pytest.importorskip("huggingface_hub")

from huggingface_hub import constants

from core.engine.backbones import hub
from core.engine.backbones.record import HubFile
from core.errors import DownloadError
from core.jobs.benchmark.serving import free_port

CONTENT = b"these are weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "model.safetensors"
FREE = HubFile("owner/tiny", (NAME, "pytorch_model.bin"))
PINNED = HubFile("owner/tiny", (NAME,), local.REVISION, SHA256)


def nobody_listens() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize("file", [FREE, PINNED], ids=["free", "pinned"])
def test_a_file_is_found_once_and_then_kept(served, file):
    assert hub.cached(file) is None
    path = hub.fetch(file)
    assert path.read_bytes() == CONTENT
    assert hub.cached(file) == path
    assert hub.is_intact(file, path)
    n_asked = len(served.asked)
    assert hub.fetch(file) == path
    assert len(served.asked) == n_asked


def test_the_first_download_pins_and_the_next_is_held_to_it(served, tmp_path):
    path = hub.fetch(FREE)
    lock = json.loads((tmp_path / "data" / hub.LOCK).read_text())
    assert lock == {f"owner/tiny/{NAME}": {"name": NAME, "revision": local.REVISION, "sha256": SHA256}}
    path.resolve().unlink()
    path.unlink()
    served.files[f"owner/tiny/{NAME}"] = b"other weights"
    with pytest.raises(DownloadError, match="is not what was pinned: its sha256 differs"):
        hub.fetch(FREE)
    assert hub.cached(FREE) is None


def test_a_stated_pin_is_not_written_down_again(served, tmp_path):
    hub.fetch(PINNED)
    assert not (tmp_path / "data" / hub.LOCK).exists()


def test_other_bytes_than_promised_are_not_kept(served):
    served.lie = True
    for file in (FREE, PINNED):
        with pytest.raises(DownloadError, match="is not what was pinned"):
            hub.fetch(file)
        assert hub.cached(file) is None
    served.lie = False
    assert hub.fetch(FREE).read_bytes() == CONTENT


def test_another_promise_than_the_pin_is_refused_before_anything_is_fetched(served):
    with pytest.raises(DownloadError, match="is not what was pinned"):
        hub.fetch(HubFile("owner/tiny", (NAME,), local.REVISION, "0" * 64))
    assert [line.partition(" ")[0] for line in served.asked] == ["HEAD"]


def test_a_damaged_file_in_the_cache_is_noticed_and_fetched_again(served):
    path = hub.fetch(PINNED)
    path.resolve().write_bytes(CONTENT[:-1] + b"!")
    assert not hub.is_intact(PINNED, path)
    assert hub.fetch(PINNED).read_bytes() == CONTENT


def test_the_second_name_is_taken_where_there_is_no_first(served):
    served.files = {"owner/tiny/pytorch_model.bin": CONTENT}
    assert hub.fetch(FREE).name == "pytorch_model.bin"
    assert hub.cached(FREE).name == "pytorch_model.bin"


def test_what_the_hub_does_not_have_is_one_sentence(served):
    with pytest.raises(DownloadError) as caught:
        hub.fetch(HubFile("owner/nothing", ("a.bin", "b.bin")))
    assert str(caught.value) == "The hub has no weights owner/nothing (a.bin, b.bin)."


def test_a_slow_hub_is_given_up(served):
    served.delay_s = 1.0
    with pytest.raises(DownloadError, match="the hub cannot be reached; is there a network"):
        hub.fetch(FREE)
    served.delay_s = 0


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_hub_that_drips_is_given_up(served, monkeypatch, part):
    """Each byte comes well before any timeout, all of them never."""
    monkeypatch.setattr(hub, "SLOWEST", len(CONTENT) / 2)
    served.drip = part
    started = time.monotonic()
    with pytest.raises(DownloadError, match=r"^The hub takes too long to send the weights owner/tiny: more than"):
        hub.fetch(FREE)
    assert time.monotonic() - started < 10
    served.drip = ""


def test_a_cut_download_is_one_sentence_and_leaves_nothing(served, monkeypatch):
    served.cut = 10
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    with pytest.raises(DownloadError, match=r"The download of the weights owner/tiny broke off\. Please try again"):
        hub.fetch(PINNED)
    assert hub.cached(PINNED) is None
    served.cut = 0
    assert hub.fetch(PINNED).read_bytes() == CONTENT


def test_too_large_weights_are_refused(served, monkeypatch):
    monkeypatch.setattr(hub, "MAX_WEIGHTS_BYTES", 1000)
    with pytest.raises(DownloadError, match="larger than 1e-06 GB, the limit for a backbone"):
        hub.fetch(FREE)


def test_with_no_network_what_is_cached_is_used_and_the_rest_is_one_sentence(served, monkeypatch):
    path = hub.fetch(FREE)
    use(monkeypatch, nobody_listens())
    assert hub.fetch(FREE) == path
    with pytest.raises(DownloadError) as caught:
        hub.fetch(HubFile("owner/other", (NAME,)))
    assert str(caught.value) == (
        "The weights owner/other are not here, and the hub cannot be reached; is there a network?"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.fetch(FREE) == path
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids to fetch them"):
        hub.fetch(HubFile("owner/other", (NAME,)))


@pytest.mark.parametrize("content", [b"{", b"[]"])
def test_a_damaged_lock_file_is_never_replaced_by_a_new_pin(served, tmp_path, content):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / hub.LOCK).write_bytes(content)
    with pytest.raises(DownloadError, match=r"hub-lock\.json in the data folder"):
        hub.fetch(FREE)
    assert (tmp_path / "data" / hub.LOCK).read_bytes() == content
