"""Gaps of texts, filled in as a language writes its numbers."""

from __future__ import annotations

import string
from numbers import Number
from typing import Any


class Filler(string.Formatter):
    """Does what `str.format` does, with the signs of a language in numbers.

    Args:
        number: How the language writes 1234.5: its sign between thousands, and the one before decimals.
    """

    def __init__(self, number: str):
        self.thousands, self.decimal = number[1], number[5]
        self._signs = str.maketrans(",.", self.thousands + self.decimal)

    def format_field(self, value: Any, format_spec: str) -> str:
        """What stands in a gap."""
        said = str(super().format_field(value, format_spec))
        return said.translate(self._signs) if isinstance(value, Number) else said


class Text(str):
    """A text whose gaps are filled in by its language."""

    filler: Filler

    @classmethod
    def of(cls, text: str, filler: Filler) -> Text:
        """A text of a language."""
        made = cls(text)
        made.filler = filler
        return made

    def format(self, *values: object, **fields: object) -> str:
        """The text with its gaps filled in."""
        return self.filler.vformat(self, values, fields)
