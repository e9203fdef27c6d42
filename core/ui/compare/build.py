"""A column without an answer: what is missing, and building the gallery right here."""

from __future__ import annotations

from typing import cast

import streamlit as st

from core.compare.build import build_behind
from core.compare.side_by_side import Answer
from core.engine.embedders import exported
from core.engine.progress import Background
from core.ui.components import cards
from core.ui.visit import keys
from core.ui.words import WORDS, say

POLL_S = 0.5


def show(answer: Answer, finished: bool) -> None:
    """Say what a backbone lacks; offer to build its gallery where that is all, once the others have answered."""
    if answer.problem or answer.estimate is None:
        st.warning(cards.plain(say(answer.problem or WORDS.common.nothing)), icon=":material/info:")
        return
    work = _works().get(answer.backbone_id)
    if work is None:
        minutes = max(1, round(answer.estimate.seconds / 60))
        n = answer.estimate.n_images
        st.info(WORDS.compare.no_gallery.format(n=n, minutes=minutes), icon=":material/construction:")
        st.code(f"python -m core build --backbone {answer.backbone_id}", language=None, wrap_lines=True)
        if finished:
            st.button(
                WORDS.compare.build, key=f"build-{answer.backbone_id}", on_click=_start, args=(answer.backbone_id,)
            )
    elif finished:
        _watch(answer.backbone_id, work)


def preparing(backbone_id: str, name: str) -> str:
    """Why a backbone's first use takes so long, "" if it is not that."""
    return WORDS.compare.preparing.format(name=name) if exported.is_awaited(backbone_id) else ""


def _works() -> dict[str, Background[None]]:
    """What this visitor has begun to build."""
    return cast("dict[str, Background[None]]", st.session_state.setdefault(keys.GALLERY_WORKS, {}))


def _start(backbone_id: str) -> None:
    _works()[backbone_id] = build_behind(backbone_id)


def _forget(backbone_id: str) -> None:
    if work := _works().pop(backbone_id, None):
        work.stop()
    keys.forget(keys.SIDE_BY_SIDE)  # whoever had no answer is asked again


@st.fragment(run_every=POLL_S)
def _watch(backbone_id: str, work: Background[None]) -> None:
    if work.finished and not work.problem:
        _forget(backbone_id)
        st.rerun()
    if work.problem:
        st.warning(cards.plain(say(work.problem)), icon=":material/info:")
    elif work.progress is None:
        st.progress(0.0, preparing(backbone_id, backbone_id) or WORDS.compare.build_starts)
    else:
        done = work.progress
        share = done.n_done / max(1, done.n_total or 1)
        words = {"n": done.n_done, "total": done.n_total or 0, "minutes": -(-(done.seconds_left or 0) // 60)}
        st.progress(min(1.0, share), WORDS.compare.build_progress.format(**words))
    if st.button(WORDS.compare.build_stop, key=f"stop-{backbone_id}"):
        _forget(backbone_id)
        st.rerun()
