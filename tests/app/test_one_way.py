"""Streamlit stays in `core.ui`, the pages and `app.py`; every sentence of the pages is in `core.ui.words`."""

import ast
import string
from dataclasses import fields
from pathlib import Path

import pytest

from core.config import ROOT
from core.ui.words import WORDS

CORE = sorted(path for path in (ROOT / "core").rglob("*.py") if "ui" not in path.relative_to(ROOT / "core").parts)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_imports_neither_streamlit_nor_the_pages(path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] == "streamlit" or name.startswith("core.ui")}


def test_no_word_is_without_use_and_every_template_can_be_filled() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "core" / "ui").glob("*.py"))
    sources += (ROOT / "app.py").read_text() + "".join(path.read_text() for path in (ROOT / "pages").glob("*.py"))
    assert not [field.name for field in fields(WORDS) if f"WORDS.{field.name}" not in sources]
    for field in fields(WORDS):
        value = getattr(WORDS, field.name)
        for text in [value] if isinstance(value, str) else [str(part) for part in value]:
            list(string.Formatter().parse(text))
