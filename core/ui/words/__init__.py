"""Everything that a visitor of the pages reads: a folder a language, in it a file a page.

`WORDS.browse.heading` is looked up when it is shown, in the language of the visit. A second language is a second
folder; what it does not say is said in English.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import Sentence, VitrineError

FOLDER = Path(__file__).parent
USUAL = "en"
_KEY = "language"


def languages() -> list[str]:
    """The languages that there are words in, as their folders are named: "en", "pt_br"."""
    return sorted(file.parent.name for file in FOLDER.glob("*/common.toml"))


@cache
def words_in(language: str) -> SimpleNamespace:
    """The words of a language: an attribute a page, whose attributes are texts, or tables and tuples of texts."""
    pages = {file.stem: _read(file) for file in (FOLDER / USUAL).glob("*.toml")}
    for file in (FOLDER / language).glob("*.toml"):
        pages[file.stem] |= _read(file)
    return SimpleNamespace(**{page: SimpleNamespace(**words) for page, words in pages.items()})


def _read(file: Path) -> dict[str, Any]:
    words: dict[str, Any] = _frozen(tomllib.loads(file.read_text("utf-8")))
    return words


def _frozen(words: Any) -> Any:
    if isinstance(words, dict):
        return {name: _frozen(value) for name, value in words.items()}
    return tuple(map(_frozen, words)) if isinstance(words, list) else words


def language() -> str:
    """The language of the visit: that of its link (`?lang=pt-BR`), else of its browser; the usual one outside of it."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return USUAL
    if _KEY not in st.session_state:
        st.session_state[_KEY] = fitting(st.query_params.get("lang") or st.context.locale or USUAL)
    return str(st.session_state[_KEY])


def fitting(wanted: str) -> str:
    """The language that fits what browsers call "pt-BR" or "pt" best; the usual one where there is none."""
    name = wanted.lower().replace("-", "_")
    return next((known for known in languages() if name in (known, known.partition("_")[0])), USUAL)


def say(told: VitrineError | Sentence | str) -> str:
    """An error or a sentence of core in the language of the visit; a text from outside, such as a name, as it is."""
    return told if isinstance(told, str) else told.said(language())


def counted(forms: tuple[str, str], n: int) -> str:
    """A number of things in words, of the forms for one and for several."""
    return forms[n != 1].format(n=n)


class _Words:
    """The words of the visit's language, page by page."""

    def __getattr__(self, page: str) -> Any:
        return getattr(words_in(language()), page)


WORDS = _Words()
