"""Every sentence of the pages is in `core.ui.words`."""

import string
from dataclasses import fields

from core.config import ROOT
from core.ui.words import WORDS


def test_no_word_is_without_use_and_every_template_can_be_filled() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "core" / "ui").rglob("*.py"))
    assert not [field.name for field in fields(WORDS) if f"WORDS.{field.name}" not in sources]
    for field in fields(WORDS):
        value = getattr(WORDS, field.name)
        for text in [value] if isinstance(value, str) else [str(part) for part in value]:
            list(string.Formatter().parse(text))
