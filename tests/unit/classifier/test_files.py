"""Files of a classifier: there, back, and refused; ONNX says the same."""

import dataclasses
import hashlib
import json
import struct
from itertools import pairwise

import fakes
import numpy as np
import onnxruntime
import pytest
from PIL import Image
from sorted_pictures import make_zip

from core.classifier.model import export
from core.classifier.model import files as saved
from core.classifier.model.classifier import Classifier
from core.classifier.model.files import FACTS, WEIGHTS, ClassifierError
from core.classifier.model.predict import Predictor, predictions_csv, read_paths
from core.classifier.training.head import Head
from core.engine.files.folder import sealed, written_folder
from core.errors import DataError
from core.own.ingest.incoming import Incoming, Skipped

RNG = np.random.default_rng(0)


def classifier(dim: int = 4, hidden: int = 0, labels: tuple[str, ...] = ("a", "b", "c")) -> Classifier:
    sizes = [dim, *([hidden] if hidden else []), len(labels)]
    layers = [
        (RNG.standard_normal((a, b)).astype(np.float32), RNG.standard_normal(b).astype(np.float32))
        for a, b in pairwise(sizes)
    ]
    facts = {"data": "a *test*", "pictures": {"train": 3}, "figures": []}
    return Classifier(Head(layers), labels, "vitrine-clip", "", "mlp" if hidden else "linear", facts)


@pytest.fixture(autouse=True)
def _fake(tiny_artifacts):
    """The fake backbone, of length 4, has no weights of its own."""


@pytest.mark.parametrize("hidden", [0, 6])
def test_what_is_written_is_read_again(tmp_path, hidden):
    made = classifier(hidden=hidden)
    saved.save(made, tmp_path / "m")
    read = saved.load(tmp_path / "m")
    embeddings = RNG.standard_normal((5, 4)).astype(np.float32)
    np.testing.assert_array_equal(read.head.probabilities(embeddings), made.head.probabilities(embeddings))
    assert (read.labels, read.backbone, read.kind, read.facts) == (made.labels, made.backbone, made.kind, made.facts)
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["README.md", FACTS, WEIGHTS]
    assert saved.pack(made) == saved.pack(read)
    zipped = saved.to_zip(saved.pack(made))
    assert saved.from_zip(zipped, ["vitrine-clip"]).labels == made.labels


def test_names_in_the_card_are_harmless():
    card = saved.pack(classifier(labels=("[x](http://y)", "<b>", "c")))["README.md"].decode()
    assert "[x](" not in card
    assert "<b>" not in card
    assert "a \\*test\\*" in card


def damaged(change) -> dict[str, bytes]:
    """Files whose facts were changed; the hashes stay right unless they are what is changed."""
    files = saved.pack(classifier())
    facts = json.loads(files[FACTS])
    del facts["sha256"]
    change(facts, files)
    facts["files"].setdefault(WEIGHTS, hashlib.sha256(files[WEIGHTS]).hexdigest())
    return files | {FACTS: json.dumps(sealed(facts)).encode()}


def tensors(**content: np.ndarray):
    from safetensors.numpy import save

    def change(facts, files):
        files[WEIGHTS] = save(content)
        del facts["files"][WEIGHTS]

    return change


def weights(content: bytes):
    def change(facts, files):
        files[WEIGHTS] = content
        del facts["files"][WEIGHTS]

    return change


W, B = np.zeros((4, 3), np.float32), np.zeros(3, np.float32)
HUGE_HEADER = struct.pack("<Q", 2**62) + b"{}"
OVERLAP = json.dumps({"layers.0.weight": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}).encode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda facts, files: facts.update(schema=2), "schema 2"),
        (lambda facts, files: facts.update(labels=["a"]), "'labels'"),
        (lambda facts, files: facts.update(labels=["a", "a", "b"]), "'labels'"),
        (lambda facts, files: facts.update(labels=["a", "b", 3]), "'labels'"),
        (lambda facts, files: facts.update(labels=["a", "b"]), "2 classes"),
        (lambda facts, files: facts.update(kind="magic"), "'kind'"),
        (lambda facts, files: facts.update(kind="finetune"), "'kind'"),
        (lambda facts, files: facts.update(backbone=[]), "'backbone'"),
        (lambda facts, files: facts["backbone"].update(dim=True), "'dim'"),
        (lambda facts, files: facts["backbone"].update(id="other"), "not here"),
        (lambda facts, files: facts["backbone"].update(dim=5), "length 5"),
        (lambda facts, files: files.update({WEIGHTS: files[WEIGHTS][:-1] + b"x"}), "sha256"),
        (lambda facts, files: files.pop(WEIGHTS) and files.update({WEIGHTS: b""}), "missing"),
        (weights(b"short"), "cannot be read"),
        (weights(HUGE_HEADER), "cannot be read"),
        (weights(struct.pack("<Q", len(OVERLAP)) + OVERLAP + b"0000"), "cannot be read"),
        (tensors(**{"layers.0.weight": W}), "does not hold"),
        (tensors(**{"layers.0.weight": W, "layers.0.bias": B[:2]}), "does not hold"),
        (tensors(**{"layers.0.weight": W.astype(np.float64), "layers.0.bias": B}), "does not hold"),
        (tensors(**{"layers.0.weight": W * np.nan, "layers.0.bias": B}), "does not hold"),
        (tensors(**{"layers.0.weight": W[:3], "layers.0.bias": B}), "does not hold"),
        (tensors(**{"layers.0.weight": W, "layers.0.bias": B, "more": B}), "does not hold"),
    ],
)
def test_what_is_not_right_is_refused_in_one_sentence(change, sentence):
    with pytest.raises(ClassifierError, match=sentence) as caught:
        saved.unpack(damaged(change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_facts_that_are_no_facts_are_refused(content):
    with pytest.raises(ClassifierError, match=FACTS):
        saved.unpack(saved.pack(classifier()) | {FACTS: content})


def test_a_label_that_was_changed_is_noticed():
    files = saved.pack(classifier(labels=("bag", "hat")))
    files[FACTS] = files[FACTS].replace(b'"hat"', b'"hut"')
    with pytest.raises(ClassifierError, match="is damaged: its sha256 is not the one stated"):
        saved.unpack(files)


def test_a_visitors_archive_may_neither_bring_a_backbone_nor_ask_for_any():
    files = damaged(lambda facts, files: facts["backbone"].update(id="timm:evil"))
    with pytest.raises(ClassifierError, match="timm:evil, which is not used here"):
        saved.from_zip(make_zip(files), ["vitrine-clip"])
    tuned = damaged(lambda facts, files: facts.update(kind="finetune")) | {"image.onnx": b"evil"}
    with pytest.raises(ClassifierError, match="command line"):
        saved.from_zip(make_zip(tuned), ["vitrine-clip"])
    with pytest.raises(DataError, match="not a ZIP"):
        saved.from_zip(b"nothing", ["vitrine-clip"])
    with pytest.raises(ClassifierError, match="missing"):
        saved.from_zip(make_zip({"a.txt": b"a"}), ["vitrine-clip"])


def test_what_is_no_classifier_is_never_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"1")
    with pytest.raises(DataError, match="is no classifier"):
        saved.save(classifier(), tmp_path / "photos")
    with pytest.raises(ClassifierError, match="is no classifier"):
        saved.load(tmp_path / "photos")
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["1.jpg"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    saved.save(classifier(labels=("old", "b")), tmp_path / "m")
    with pytest.raises(KeyboardInterrupt), written_folder(tmp_path / "m") as temporary:
        (temporary / FACTS).write_bytes(b"half")
        raise KeyboardInterrupt
    assert saved.load(tmp_path / "m").labels == ("old", "b")
    saved.save(classifier(labels=("new", "b")), tmp_path / "m")
    assert saved.load(tmp_path / "m").labels == ("new", "b")
    assert [path.name for path in tmp_path.iterdir() if path.name != "artifacts"] == ["m"]


@pytest.mark.parametrize("hidden", [0, 6])
def test_the_head_says_the_same_in_onnx(hidden):
    made = classifier(hidden=hidden)
    session = onnxruntime.InferenceSession(export.head_onnx(made), providers=["CPUExecutionProvider"])
    embeddings = RNG.standard_normal((5, 4)).astype(np.float32)
    (given,) = session.run(["probabilities"], {"embeddings": embeddings})
    np.testing.assert_allclose(given, made.head.probabilities(embeddings), atol=1e-6)
    properties = session.get_modelmeta().custom_metadata_map
    assert json.loads(properties["labels"]) == ["a", "b", "c"]
    assert json.loads(properties["preparation"])["size"] == 16


def test_bad_pictures_between_good_ones_move_nothing(tmp_path):
    red_or_green = Head([(np.array([[9, -9], [-9, 9], [0, 0], [0, 0]], np.float32), np.zeros(2, np.float32))])
    made = dataclasses.replace(classifier(labels=("red", "green")), head=red_or_green)
    for name, colour in (("1", (250, 0, 0)), ("3", (0, 250, 0)), ("4", (250, 9, 0))):
        Image.new("RGB", (10, 10), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "2.png").write_bytes(b"broken")
    predictor = Predictor(made, fakes.FakeEmbedder(fakes.fake_record()))
    sources = [tmp_path / "1.png", tmp_path / "2.png", tmp_path / "3.png", tmp_path / "4.png"]
    progress = list(predictor.add(read_paths(sources)))
    assert [(one.name, one.label) for one in predictor.predictions] == [
        ("1.png", "red"),
        ("3.png", "green"),
        ("4.png", "red"),
    ]
    assert [one.name for one in predictor.skipped] == ["2.png"]
    assert (progress[-1].n_added, progress[-1].n_skipped) == (3, 1)
    table = predictions_csv(predictor.predictions, made.labels).splitlines()
    assert table[0] == "name,label,probability,p_red,p_green"
    assert table[2].startswith("3.png,green,1.000000,0.000000,")


def test_folders_and_archives_are_read_alike(tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a.png").write_bytes(b"1")
    (tmp_path / "z.zip").write_bytes(make_zip({"b.png": b"2"}))
    found = list(read_paths([tmp_path / "f", tmp_path / "z.zip"]))
    assert [(one.name, one.data) for one in found if isinstance(one, Incoming)] == [("a.png", b"1"), ("b.png", b"2")]
    with pytest.raises(DataError, match="cannot be read"):
        list(read_paths([tmp_path / "gone.jpg"]))
    assert not any(isinstance(one, Skipped) for one in found)
