"""Any model of timm or open_clip by name: what its library says of it becomes a record.

timm:convnext_tiny.fb_in22k
open_clip:ViT-B-16/laion2b_s34b_b88k
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from core.engine.backbones.record import Backbone, HubFile
from core.errors import DataError, UnknownNameError, VitrineError

#: Safetensors hold numbers and nothing else; the other format is read without running what may be in it.
_TIMM_FILES = ("model.safetensors", "pytorch_model.bin")
_OPEN_CLIP_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


class UnknownModelError(UnknownNameError):
    """A name that a library does not have; unlike its parent it lists only what is spelled alike."""

    def __init__(self, library: str, name: str, names: Iterable[str]):
        """Make the sentence; of a long name only the start is shown."""
        self.name = name
        self.known = difflib.get_close_matches(name[:100], list(names), n=5, cutoff=0.5)
        said = {"library": library, "name": name[:100]}
        if self.known:
            VitrineError.__init__(self, "engine.no-weights-named-but", **said, similar=", ".join(self.known))
        else:
            VitrineError.__init__(self, "engine.no-weights-named", **said)


@lru_cache(maxsize=64)
def resolve(spec: str) -> Backbone:
    """The record of a model by its library and name; takes seconds the first time, since the library is imported.

    Raises:
        UnknownNameError: The library has no such weights; names what is spelled alike.
        DataError: The library is not installed, or pictures cannot be prepared as the model wants it.
    """
    library, _, name = spec.partition(":")
    try:
        record = _timm(name) if library == "timm" else _open_clip(name)
    except ImportError as error:
        raise DataError("engine.needs", what=spec[:100], packages=library) from error
    return record


def _record(spec: str, title: str, described: Mapping[str, Any], weights: HubFile, licence: str) -> Backbone:
    library = spec.partition(":")[0]
    return Backbone(
        id=spec,
        title=title,
        licence=licence,
        source=f"{weights.repository} on the Hugging Face hub",
        has_text=False,
        loader="hub",
        packages=("torch", library),
        spec=spec,
        weights=weights,
        **described,
    )


def _timm(name: str) -> Backbone:
    import torch

    from core.engine.backbones.torch_compat import create_timm, import_timm

    models = import_timm().models
    config = models.get_pretrained_cfg(name) if models.is_model(name) else None
    if config is None or not config.hf_hub_id:
        raise UnknownModelError("timm", name, models.list_pretrained())
    name = f"{config.architecture}.{config.tag}" if config.tag else config.architecture
    _, height, width = config.input_size
    if height != width or config.crop_mode == "border":
        raise DataError("engine.odd-preparation", spec=f"timm:{name}")
    with torch.device("meta"):
        network = create_timm(name, height).eval()
        dim = network(torch.empty(1, 3, height, height)).shape[-1]
    described = {
        "architecture": f"{config.architecture}, pooled features",
        "dim": int(dim),
        "input_size": height,
        "mean": tuple(config.mean),
        "std": tuple(config.std),
        "resize_mode": "squash" if config.crop_mode == "squash" else "shortest",
        "interpolation": config.interpolation,
        "crop_pct": config.crop_pct,
        "n_parameters": _n_parameters(network),
        "trained_on": config.tag,
    }
    files = (config.hf_hub_filename,) if config.hf_hub_filename else _TIMM_FILES
    return _record(f"timm:{name}", name, described, HubFile(config.hf_hub_id, files), config.license or "not stated")


def _open_clip(name: str) -> Backbone:
    import torch

    from core.engine.backbones.torch_compat import import_open_clip

    open_clip = import_open_clip()
    known = {f"{model}/{tag}" for model, tag in open_clip.list_pretrained()}
    if name not in known:
        raise UnknownModelError("open_clip", name, sorted(known))
    model, tag = name.split("/")
    config = open_clip.pretrained.get_pretrained_cfg(model, tag)
    if "hf_model_name" in open_clip.get_model_config(model)["text_cfg"]:
        raise DataError("engine.text-model", spec=f"open_clip:{name}")
    with torch.device("meta"):
        network = open_clip.create_model(model, device="meta", load_weights=False).visual
    size = network.image_size if isinstance(network.image_size, tuple) else (network.image_size,) * 2
    if size[0] != size[1] or config["resize_mode"] == "longest":
        raise DataError("engine.odd-preparation", spec=f"open_clip:{name}")
    described = {
        "architecture": f"{model}, image tower",
        "dim": int(open_clip.get_model_config(model)["embed_dim"]),
        "input_size": size[0],
        "n_parameters": _n_parameters(network),
        "trained_on": tag,
        **{key: config[key] for key in ("mean", "std", "resize_mode", "interpolation")},
    }
    repository, _, file = config["hf_hub"].rpartition("/")
    files = (file,) if file else _OPEN_CLIP_FILES
    return _record(f"open_clip:{name}", name, described, HubFile(repository, files), "see the model's page")


def _n_parameters(network: Any) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
