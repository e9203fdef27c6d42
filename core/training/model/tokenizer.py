"""Words: the byte-pair vocabulary, and what the text tower makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.backbones.torch_compat import import_open_clip

if TYPE_CHECKING:
    from torch import Tensor

CONTEXT_LENGTH = 24
VOCABULARY_SIZE = 4096
SPECIAL_TOKENS = ("<pad>", "<unknown>", "<start>", "<end>")


def tokenizer(folder: Path) -> Any:
    """The folder's tokenizer as open_clip loads it: texts -> (n, CONTEXT_LENGTH) int64."""
    return import_open_clip().get_tokenizer(f"local-dir:{folder}")


def encode_words(model: Any, tokens: Tensor) -> Tensor:
    """What `model.encode_text` gives, without computing the padding, which nothing looks at.

    Args:
        model: An open_clip model.
        tokens: (n, CONTEXT_LENGTH) int64, padded with 0.

    Returns:
        (n, dim) float32 text embeddings, not normalised.
    """
    import torch

    length = int((tokens != 0).sum(1).max())
    tokens = tokens[:, :length]
    x = model.token_embedding(tokens) + model.positional_embedding[:length]
    x = model.transformer(x, attn_mask=model.attn_mask[:length, :length])
    embeddings: Tensor = model.ln_final(x)[torch.arange(len(tokens)), tokens.argmax(1)] @ model.text_projection
    return embeddings


def text_encoder(model: Any, folder: Path) -> Callable[[list[str]], Tensor]:
    """The model's text tower with the folder's tokenizer: texts -> (n, dim), not normalised."""
    tokenize = tokenizer(folder)
    return lambda texts: encode_words(model, tokenize(texts))


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
