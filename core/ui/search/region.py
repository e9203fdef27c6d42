"""Searching with a part of a photo: a frame is drawn on it, or put together from thirds. The link holds the part."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.engine.images.region import LEAST_SIDE, Region
from core.engine.search.photo import Photo
from core.errors import VitrineError
from core.ui.components.controls import problem
from core.ui.components.pictures import data_url
from core.ui.components.query import whole_of
from core.ui.visit import state
from core.ui.words import WORDS

#: What the component calls the whole photo.
_ALL = "0,0,1,1"


def show(query: state.Asked, photo: Photo) -> None:
    """Draw the button that lets a part be chosen, and the chip of the one that is."""
    words = WORDS.search.region
    chip(query)
    label = words["another" if query.region else "choose"]
    if st.button(label, key="choose-region", icon=":material/crop:", type="tertiary"):
        st.dialog(words["title"], width="medium")(_choose)(query, photo)


def chip(query: state.Asked) -> None:
    """Draw that only a part is meant, where that is so; a click takes it back."""
    if query.region:
        words = WORDS.search.region
        st.button(
            words["chip"],
            key="no-region",
            icon=":material/close:",
            icon_position="right",
            help=words["chip_help"],
            on_click=state.go,
            args=(replace(query, region=""),),
        )


@lru_cache(maxsize=1)
def _component() -> Any:
    """Registered when somebody first chooses a part; until then no page has a byte of it."""
    script, style = (Path(__file__).with_name(f"region.{kind}").read_text("utf-8") for kind in ("js", "css"))
    return st.components.v2.component("vitrine_region", css=style, js=script, isolate_styles=False)


def _choose(query: state.Asked, photo: Photo) -> None:
    whole = whole_of(query)
    found = _component()(
        key="region",
        data={
            "picture": data_url(whole.preview),
            "ratio": whole.ratio,
            "region": str(photo.region or _ALL),
            "least": LEAST_SIDE,
            "words": {
                **WORDS.search.region,
                "alt": WORDS.common.query_alt.format(name=whole.name),
                "where": WORDS.common.part_where,
            },
        },
        on_chosen_change=lambda: None,
    )
    if not found.chosen:
        return
    try:
        chosen = str(Region.read(str(found.chosen)))  # a visitor can send what the component would not
    except VitrineError as error:
        problem(error)
        return
    state.go(replace(query, region="" if chosen == _ALL else chosen))
    st.rerun()
