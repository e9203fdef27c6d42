"""Which words a text tower has learned, read from the vocabulary of its tokenizer."""

from __future__ import annotations

import json
import re
from collections.abc import Container
from functools import lru_cache
from pathlib import Path

from core.config import DEFAULT_BACKBONE
from core.engine.backbones import model_dir
from core.engine.files.folder import MALFORMED
from core.engine.files.manifest import refusal, verified
from core.errors import sentence

TOKENIZER = "tokenizer.json"
_END = "</w>"


class _AnyWord(Container[str]):
    def __contains__(self, word: object) -> bool:
        return True


#: What a backbone has learned that does not tell.
ANY_WORD: Container[str] = _AnyWord()


@lru_cache(maxsize=4)
def words_of(tokenizer: Path) -> frozenset[str]:
    """Words of two letters and more, in lower case, that were frequent enough in training to have a token of their own.

    A word that falls apart into shorter pieces was rare in training or not there at all. A few tokens are endings
    of longer words ("acket"); who types one of these is believed.

    Args:
        tokenizer: A byte-pair `tokenizer.json`.

    Raises:
        VitrineError: It holds no vocabulary.
    """
    try:
        vocabulary = dict(json.loads(tokenizer.read_bytes())["model"]["vocab"])
    except MALFORMED:
        raise refusal(tokenizer, sentence("engine.no-vocabulary")) from None
    words = (token.removesuffix(_END) for token in vocabulary if token.endswith(_END))
    return frozenset(word for word in words if re.fullmatch(r"[^\W\d_]{2,}", word))


def shipped_words() -> frozenset[str]:
    """What the model that ships has learned.

    Raises:
        ArtifactError: Its tokenizer is missing or damaged.
    """
    return words_of(verified(model_dir(DEFAULT_BACKBONE) / TOKENIZER))
