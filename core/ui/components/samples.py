"""The sample pictures: four kinds of item, drawn by the project."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.config import ROOT
from core.errors import ImageError, UnknownNameError
from core.ui.components.pictures import data_url
from core.ui.words import WORDS

FOLDER = ROOT / "samples"


def path_of(name: str) -> Path:
    """Where a sample lies.

    Raises:
        UnknownNameError: There is no such sample.
    """
    if name not in WORDS.common.samples:
        raise UnknownNameError("sample", name[:40], WORDS.common.samples)
    return FOLDER / f"{name}.jpg"


@st.cache_data(max_entries=8, show_spinner=False)
def thumbnail(name: str) -> str:
    """A small copy of a sample as a `data:` URL, "" where it cannot be read."""
    from core.engine.images.decode import encode_thumbnail, open_image

    try:
        return data_url(encode_thumbnail(open_image(path_of(name)), 360))
    except ImageError:
        return ""


@st.cache_data(max_entries=1, show_spinner=False)
def button_style() -> str:
    """CSS that paints each sample on its button."""
    rules = [
        f".st-key-sample-{name} button{{background-image:url({url})}}"
        for name in WORDS.common.samples
        if (url := thumbnail(name))
    ]
    return f"<style>{''.join(rules)}</style>"
