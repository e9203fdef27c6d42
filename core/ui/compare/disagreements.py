"""Catalogue items on which the chosen backbones disagree most."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.compare.agreement import Dispute, disputes
from core.compare.gallery import has_gallery
from core.config import artifacts_dir
from core.ui.compare.columns import K, title_of
from core.ui.components import cards
from core.ui.components.controls import command, item_at
from core.ui.components.link import linked, number
from core.ui.visit import session, state
from core.ui.words import WORDS

N_SHOWN = 6


def show(chosen: list[str]) -> None:
    """Draw them.

    Raises:
        VitrineError: A gallery is damaged.
    """
    usable = [id for id in chosen if has_gallery(id)]
    if len(usable) < 2:
        st.info(WORDS.compare.disputes_need_two, icon=":material/checklist:")
        return
    st.caption(WORDS.compare.disputes_note.format(names=", ".join(cards.plain(title_of(id)) for id in usable), k=K))
    seed = linked(
        st.number_input, WORDS.compare.disputes_sample, 0, 999, name="seed", value=int(number("seed", 0, 999, 0)),
        usual=0, help=WORDS.compare.disputes_sample_help, width=160,
    )  # fmt: skip
    with st.spinner(WORDS.compare.disputes_looking):
        found = _found(tuple(usable), int(seed), str(artifacts_dir()))
    for dispute in found:
        _draw(dispute, len(usable) > 2)
    command(f"python -m core compare --seed {int(seed)} --backbones {' '.join(usable)}")


@st.cache_data(max_entries=32, ttl=3600, show_spinner=False)
def _found(backbone_ids: tuple[str, ...], seed: int, folder: str) -> list[Dispute]:
    return disputes(backbone_ids, N_SHOWN, K, seed)


def _draw(dispute: Dispute, several: bool) -> None:
    item, html = item_at(*dispute.item)
    with st.container(key=f"dispute-{item.id}", border=True):
        left, right = st.columns([1, 5], gap="medium")
        with left:
            st.html(html)
            st.button(
                WORDS.compare.disputes_open, key=f"open-{item.id}", on_click=_open, args=(item.id,), width="stretch",
                help=WORDS.browse.item_alt.format(
                    title=session.called(item), catalogue=session.title_of(item.catalogue)
                ),
            )  # fmt: skip
        with right:
            st.caption(score_line(dispute, several))
            st.html("".join(_strip_html(id, places) for id, places in dispute.neighbours.items()))


def score_line(dispute: Dispute, several: bool) -> str:
    """How far the backbones agree on an item: a mean of all pairs where there are several."""
    score = {"n": K * dispute.overlap, "kinds": K * dispute.kinds, "percent": cards.percent(dispute.distance)}
    return (WORDS.compare.disputes_score_mean if several else WORDS.compare.disputes_score).format(k=K, **score)


def _strip_html(backbone_id: str, places: list[tuple[str, int]]) -> str:
    """A backbone's name and the pictures of what it finds closest."""
    tiles = "".join(item_at(*place)[1] for place in places)
    return f'<div class="vt-strip"><p class="vt-kicker">{escape(title_of(backbone_id))}</p><div>{tiles}</div></div>'


def _open(item_id: str) -> None:
    state.go(state.Asked("item", item_id), drop=("view",))
