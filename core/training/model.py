"""The open_clip model that Vitrine trains: its configuration, its ImageNet start, its folder on disk."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.artifacts import written
from core.backbones.torch_backbones import lite_state
from core.torch_compat import import_open_clip

if TYPE_CHECKING:
    import torch

CONTEXT_LENGTH = 24
VOCABULARY_SIZE = 4096
SPECIAL_TOKENS = ("<pad>", "<unknown>", "<start>", "<end>")

CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 128,
        "vision_cfg": {
            "timm_model_name": "tf_efficientnet_lite0",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": "linear",
            "image_size": 224,
        },
        "text_cfg": {
            "context_length": CONTEXT_LENGTH,
            "vocab_size": VOCABULARY_SIZE,
            "hf_tokenizer_name": "vitrine-clip",  # open_clip reads it from the model's own folder
            # Passed on to transformers: the pooled token is the one with the highest id, so the end token,
            # which the tokenizer itself appends, must be the last of the vocabulary.
            "tokenizer_kwargs": {"clean": "lower"},
            "width": 192,
            "heads": 3,
            "layers": 3,
        },
    },
    "preprocess_cfg": {
        "size": 224,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    },
}


def imagenet_trunk_state() -> dict[str, torch.Tensor]:
    """What the image tower starts from; see `lite_state`."""
    return lite_state(0)


def create(folder: Path) -> Any:
    """A new CLIP in `folder`'s configuration, its image tower started from ImageNet."""
    open_clip = import_open_clip()
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    state = imagenet_trunk_state()
    trunk = {key: value for key, value in state.items() if not key.startswith("classifier.")}
    model.visual.trunk.load_state_dict(trunk)
    return model


def write_config(folder: Path) -> None:
    """Write `open_clip_config.json`, which makes `folder` an open_clip model folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "open_clip_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")


def train_tokenizer(texts: Iterable[str], folder: Path) -> None:
    """Learn a byte-pair vocabulary of `VOCABULARY_SIZE` tokens and write `tokenizer.json` beside the config.

    The end token gets the highest id, because open_clip's text tower pools at the highest id in a row.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    pad, unknown, start, end = SPECIAL_TOKENS
    bpe = Tokenizer(models.BPE(unk_token=unknown, end_of_word_suffix="</w>"))
    bpe.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()])
    bpe.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bpe.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE - 1,
        special_tokens=[pad, unknown, start],
        end_of_word_suffix="</w>",
        initial_alphabet=list("abcdefghijklmnopqrstuvwxyz0123456789-'&/."),
        show_progress=False,
    )
    bpe.train_from_iterator(sorted(set(texts)), trainer)
    bpe.model = _in_order(json.loads(bpe.to_str())["model"])
    fill = VOCABULARY_SIZE - 1 - bpe.get_vocab_size()
    bpe.add_tokens([f"<unused{i}>" for i in range(fill)])
    bpe.add_special_tokens([end])
    end_id = bpe.token_to_id(end)
    assert end_id == VOCABULARY_SIZE - 1, end_id
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(start, bpe.token_to_id(start)), (end, end_id)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    bpe.save(str(folder / "tokenizer.json"))
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": CONTEXT_LENGTH}
    roles = {"pad_token": pad, "unk_token": unknown, "bos_token": start, "eos_token": end}
    (folder / "tokenizer_config.json").write_text(json.dumps(names | roles, indent=2) + "\n")


def _in_order(trained: dict[str, Any]) -> Any:
    """The same vocabulary with ids that depend on the texts alone; the trainer's depend on hashing."""
    from tokenizers import models

    merges = [tuple(merge) for merge in trained["merges"]]
    merged = dict.fromkeys("".join(merge) for merge in merges)
    special = [token for token in SPECIAL_TOKENS if token in trained["vocab"]]
    letters = sorted(token for token in trained["vocab"] if token not in merged and token not in special)
    vocabulary = {token: number for number, token in enumerate([*special, *letters, *merged])}
    return models.BPE(
        vocab=vocabulary,
        merges=merges,
        unk_token=trained["unk_token"],
        end_of_word_suffix=trained["end_of_word_suffix"],
    )


def save(model: Any, folder: Path) -> None:
    """Write the weights as half-precision safetensors; open_clip reads them back as float32."""
    from safetensors.torch import save_file

    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in model.state_dict().items()
    }
    with written(folder / "open_clip_model.safetensors") as temporary:
        save_file(state, temporary, metadata={"format": "pt"})


def tokenizer(folder: Path) -> Any:
    """The folder's tokenizer as open_clip loads it: texts -> (n, CONTEXT_LENGTH) int64."""
    return import_open_clip().get_tokenizer(f"local-dir:{folder}")


def load(folder: Path) -> tuple[Any, Any, Any]:
    """The trained model in evaluation mode, its image transform, and its tokenizer, all through open_clip."""
    open_clip = import_open_clip()
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    return model.eval(), transform, tokenizer(folder)


def seed_everything(seed: int) -> random.Random:
    """Seed torch and numpy; returns a seeded `random.Random` for everything else."""
    import numpy as np
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)
    return random.Random(seed)
