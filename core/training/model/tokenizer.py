"""Words: the byte-pair vocabulary, and what the text tower makes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.engine.backbones.torch_compat import import_open_clip

if TYPE_CHECKING:
    from torch import Tensor

CONTEXT_LENGTH = 24


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
