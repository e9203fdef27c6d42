"""Everything that a visitor of the pages reads: a folder a language, in it a file a page.

`WORDS.browse.heading` is looked up when it is shown, in the language of the visit. A language more is a folder more;
what it does not say is said in English.

The language of a visit is the one that its link names (`?lang=pt-BR`), else that of its browser. Nothing else keeps
it, so the browser's way back goes back to the language before, and a link that is shared is read as it was.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import Sentence, VitrineError, filler
from core.errors.filling import Filler, Text

FOLDER = Path(__file__).parent
USUAL = "en"
#: Of a link: the language that was chosen, as browsers call it.
LANG = "lang"
_LONGEST = 35  # letters of a language's name that makes sense
#: What is spoken outside of a page's run.
_spoken = ContextVar("spoken", default=USUAL)


@cache
def languages() -> list[str]:
    """The languages that there are words in, as their folders are named: "en", "pt_br"."""
    return sorted(file.parent.name for file in FOLDER.glob("*/common.toml"))


@cache
def words_in(language: str) -> SimpleNamespace:
    """The words of a language: an attribute a page, whose attributes are texts, or tables and tuples of texts."""
    pages = {file.stem: _read(file, USUAL) for file in (FOLDER / USUAL).glob("*.toml")}
    for file in (FOLDER / language).glob("*.toml"):
        page = pages[file.stem]
        for name, said in _read(file, language).items():
            page[name] = page[name] | said if isinstance(said, dict) and name in page else said
    return SimpleNamespace(**{page: SimpleNamespace(**words) for page, words in pages.items()})


def _read(file: Path, language: str) -> dict[str, Any]:
    words: dict[str, Any] = _frozen(tomllib.loads(file.read_text("utf-8")), filler(language))
    return words


def _frozen(words: Any, filler: Filler) -> Any:
    if isinstance(words, dict):
        return {name: _frozen(value, filler) for name, value in words.items()}
    return tuple(_frozen(one, filler) for one in words) if isinstance(words, list) else Text.of(words, filler)


def language() -> str:
    """The language of the visit; outside of a page's run the one that is `speaking`."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return _spoken.get()
    return chosen() or fitting(st.context.locale or "") or USUAL


def chosen() -> str:
    """The language that the visit's link names, "" where it names none that there is."""
    return fitting(st.query_params.get(LANG, ""))


def in_link() -> dict[str, str]:
    """What a link to another page or view says of the language, so that a choice is kept."""
    now = chosen()
    return {LANG: words_in(now).common.tag} if now else {}


def choose(language: str) -> None:
    """Make this the language of the visit; whatever else its link says stays as it is."""
    st.query_params[LANG] = words_in(language).common.tag


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Outside of a page's run, speak what a browser calls so."""
    before = _spoken.set(fitting(wanted) or USUAL)
    try:
        yield
    finally:
        _spoken.reset(before)


def fitting(wanted: str) -> str:
    """The language that fits what browsers call "pt-BR", "pt" or "pt-BR,pt;q=0.9" best, "" where none does."""
    name = re.split(r"[-_,;]", wanted[:_LONGEST].lower())[0]
    return next((known for known in languages() if known.partition("_")[0] == name), "")


def say(told: VitrineError | Sentence | str) -> str:
    """An error or a sentence of core in the language of the visit; a text from outside, such as a name, as it is."""
    return told if isinstance(told, str) else told.said(language())


def figure(value: float, form: str) -> str:
    """A number as the visit's language writes it; `form` is what `format` takes, such as ".3f"."""
    return filler(language()).format_field(value, form)


def separators() -> str:
    """The signs before decimals and between thousands, as Plotly takes them."""
    return filler(language()).decimal + filler(language()).thousands


def counted(forms: tuple[str, str], n: int) -> str:
    """A number of things in words, of the forms for one and for several."""
    return forms[n != 1].format(n=n)


class _Words:
    """The words of the visit's language, page by page."""

    def __getattr__(self, page: str) -> Any:
        return getattr(words_in(language()), page)


WORDS = _Words()
