"""Core raises codes with fields; their sentences are in `core/errors/`, and fit."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.config import ROOT
from core.errors import USUAL, DataError, ImageError, Sentence, filler, sentence, sentences_in

#: What takes a code as its first argument, and gaps as keywords.
CODED = {"sentence", "VitrineError", "DataError", "DownloadError", "UploadError", "UrlError", "ClassifierError"}
FILES = [path for path in sorted((ROOT / "core").rglob("*.py")) if path.parent.name != "errors"]


@dataclass(frozen=True)
class Use:
    """A code where it is used; None where it is no text that stands there."""

    place: str
    code: str | None
    fields: frozenset[str]


def uses_in(path: Path) -> Iterator[Use]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in CODED:
            continue
        first = node.args[0] if node.args else None
        code = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
        fields = frozenset(keyword.arg or "**" for keyword in node.keywords)
        yield Use(f"{path.relative_to(ROOT)}:{node.lineno}", code, fields)


def gaps_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_code_has_a_sentence_whose_gaps_are_filled(path: Path) -> None:
    known = sentences_in(USUAL)
    for use in uses_in(path):
        assert use.code in known, use
        assert use.fields == gaps_of(known[use.code]), use


def test_a_sentence_among_the_fields_is_said_in_the_same_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / USUAL).mkdir()
    (tmp_path / "pt_br").mkdir()
    (tmp_path / USUAL / "errors.toml").write_text(
        'number = "1,234.5"\nimage = "{name}: {reason}."\nempty = "it is empty"\n'
    )
    (tmp_path / "pt_br" / "errors.toml").write_text('empty = "está vazio"\n')
    monkeypatch.setattr("core.errors.FOLDER", tmp_path)
    sentences_in.cache_clear()
    filler.cache_clear()
    try:
        error = ImageError("a.png", sentence("errors.empty"))
        assert str(error) == "a.png: it is empty."
        assert error.said("pt_br") == "a.png: está vazio."
        assert error.said("xx") == str(error)
    finally:
        sentences_in.cache_clear()
        filler.cache_clear()


def test_an_error_is_its_sentence() -> None:
    assert isinstance(DataError("errors.class").sentence, Sentence)
    assert str(DataError("errors.class")) == "class"
