"""The registry: what records say, names of timm and open_clip, and real loading of tiny models from a small hub."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("core.engine.backbones.torch_compat").import_open_clip()

import timm
from hub_models import CLIP, NOISE, TIMM, expected_rows, use

from core.engine.backbones import BACKBONES, get, hub
from core.engine.backbones.by_name import resolve
from core.engine.embedders.base import prepare
from core.engine.embedders.load import (
    load_embedder,
    missing,
)
from core.engine.embedders.torch_networks import lite_state
from core.errors import DataError, UnknownNameError

ALWAYS = ("vitrine-clip", *(f"efficientnet-lite{i}" for i in range(3)), "colour-histogram", "hog", "raw-pixels")
# --- records


@pytest.mark.parametrize("record", [r for r in BACKBONES.values() if r.spec], ids=lambda r: r.id)
def test_a_record_says_what_its_library_says(record):
    said = resolve(record.spec)
    same = ("architecture", "dim", "mean", "std", "resize_mode", "interpolation", "crop_pct", "n_parameters")
    if record.id == "dinov2-small":  # 224 pixels on purpose, which changes the position embeddings
        assert (record.input_size, said.input_size) == (224, 518)
        assert said.n_parameters - record.n_parameters == ((518 // 14) ** 2 - (224 // 14) ** 2) * record.dim
        same = same[:-1]
    else:
        assert record.input_size == said.input_size
    assert [getattr(record, name) for name in same] == [getattr(said, name) for name in same]
    assert record.weights.repository == said.weights.repository
    assert set(record.weights.names) <= set(said.weights.names)
    assert bool(record.weights.revision) == bool(record.weights.sha256)
    if record.weights.sha256:
        assert len(record.weights.names) == 1


def test_what_is_here_always_lacks_nothing():
    assert [id for id in BACKBONES if not BACKBONES[id].weights] == list(ALWAYS)
    assert {id: missing(BACKBONES[id]) for id in ALWAYS} == dict.fromkeys(ALWAYS)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_efficientnet_lite_is_the_network_of_its_package(number):
    embedder = load_embedder(f"efficientnet-lite{number}")
    network = timm.create_model(f"tf_efficientnet_lite{number}").eval()
    network.load_state_dict(lite_state(number))
    record = embedder.record
    assert sum(p.numel() for p in network.parameters()) - 1280 * 1000 - 1000 == record.n_parameters
    pixels = torch.from_numpy(prepare(NOISE[0], record).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        expected = network.forward_head(network.forward_features(pixels), pre_logits=True)[0].numpy()
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(embedder.embed_images(NOISE[:1])[0], expected, atol=1e-4)


# --- names


def test_a_name_is_answered_by_its_library():
    record = get("timm:convnext_tiny.fb_in22k")
    assert (record.id, record.dim, record.input_size, record.licence) == (record.spec, 768, 224, "apache-2.0")
    assert get("timm:convnext_tiny") == get("timm:convnext_tiny.in12k_ft_in1k")
    clip = get("open_clip:ViT-B-16/laion2b_s34b_b88k")
    assert (clip.dim, clip.input_size, clip.weights.repository) == (512, 224, "laion/CLIP-ViT-B-16-laion2B-s34B-b88K")


@pytest.mark.parametrize(
    ("name", "close"),
    [("timm:convnext_tinny.fb_in22k", "convnext_tiny.fb_in22k"), ("open_clip:ViT-B-32/openia", "ViT-B-32/openai")],
)
def test_an_unknown_name_is_answered_with_close_ones(name, close):
    with pytest.raises(UnknownNameError) as caught:
        get(name)
    assert close in caught.value.known
    assert str(caught.value).endswith(f"Did you mean {', '.join(caught.value.known)}?")


@pytest.mark.parametrize("name", ["timm:", "timm:../../etc/passwd", "open_clip:a/b/c", "timm:" + "x" * 5000])
def test_an_odd_name_is_refused(name):
    with pytest.raises(UnknownNameError) as caught:
        get(name)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["open_clip:roberta-ViT-B-32/laion2b_s12b_b32k", "timm:vit_base_patch16_sapiens2.fb"])
def test_a_model_that_wants_more_than_a_square_picture_is_refused(name):
    with pytest.raises(DataError, match="not supported here"):
        get(name)


# --- preparation


def same_pixels(record, transform) -> None:
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (record.mean, record.std))
    for picture in NOISE:
        expected = transform(picture).numpy() * std + mean
        found = prepare(picture, record).transpose(2, 0, 1) / 255
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    "name", ["resnet50.a1_in1k", "vgg16.tv_in1k", "resnetv2_50x1_bit.goog_in21k", "vit_base_patch16_siglip_224.webli"]
)
def test_pictures_are_prepared_as_timm_does(name):
    config = timm.data.resolve_data_config(pretrained_cfg=timm.models.get_pretrained_cfg(name).to_dict())
    same_pixels(get(f"timm:{name}"), timm.data.create_transform(**config))


@pytest.mark.parametrize("id", ["clip-vit-b-32", "siglip-vit-b-16", "mobileclip-s1"])
def test_pictures_are_prepared_as_open_clip_does(id):
    record = get(id)
    config = open_clip.pretrained.get_pretrained_cfg(*record.spec.partition(":")[2].split("/"))
    chosen = {key: config[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    preprocess = open_clip.transform.PreprocessCfg(size=record.input_size, **chosen)
    same_pixels(record, open_clip.transform.image_transform_v2(preprocess, is_train=False))


# --- loading from a hub


@pytest.mark.parametrize("name", [TIMM, CLIP])
def test_a_model_by_name_comes_from_the_hub_and_gives_what_its_library_gives(tiny_models, monkeypatch, name):
    record = get(name)
    with pytest.raises(DataError, match=rf"are not here\. Run: python -m core build --backbone {name}"):
        load_embedder(name)
    assert str(missing(record)).endswith(f"Run: python -m core build --backbone {name}")
    hub.fetch(record.weights)
    assert missing(record) is None
    use(monkeypatch, "http://127.0.0.1:9")  # from here on there is no network
    found = load_embedder(name).embed_images(NOISE)
    assert found.shape == (3, record.dim)
    np.testing.assert_allclose(found, expected_rows(name, tiny_models[name]), atol=1e-5)


def test_weights_that_do_not_fit_are_one_sentence(tiny_models, served):
    served.files["timm/test_resnet.r160_in1k/model.safetensors"] = b"no tensors at all"
    hub.fetch(get(TIMM).weights)
    with pytest.raises(DataError, match=r"^The weights of test_resnet\.r160_in1k do not fit its architecture\.$"):
        load_embedder(TIMM)


def test_weights_that_were_damaged_in_the_cache_are_refused(tiny_models):
    path = hub.fetch(get(TIMM).weights)
    path.resolve().write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(DataError, match="are damaged: their sha256 is not the pinned one"):
        load_embedder(TIMM)


def test_a_pickle_is_never_run(tiny_models, served, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "it ran"), "w"))

    torch.save({"a": Evil()}, tmp_path / "evil")
    del served.files["timm/test_resnet.r160_in1k/model.safetensors"]
    served.files["timm/test_resnet.r160_in1k/pytorch_model.bin"] = (tmp_path / "evil").read_bytes()
    hub.fetch(get(TIMM).weights)
    with pytest.raises(DataError, match="do not fit its architecture"):
        load_embedder(TIMM)
    assert not (tmp_path / "it ran").exists()


def test_without_its_library_a_name_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path))  # with nothing exported in it
    monkeypatch.setattr("core.engine.embedders.load.find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"^DINOv2 ViT-S/14 needs torch and timm\. Run: pip install -r requirements-co"):
        load_embedder("dinov2-small")
    assert str(missing(get("efficientnet-lite1"))).startswith(
        "EfficientNet-Lite1 (ImageNet) needs torch and timm and effi"
    )
