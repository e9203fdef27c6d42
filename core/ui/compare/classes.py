"""One backbone class by class: its figures, what its queries are taken for, and the misses."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.compare.figures.classes import CATALOGUE_OF, RETRIEVALS, class_figures, confused
from core.compare.figures.evaluation import read_evaluation
from core.compare.gallery import describe_gallery, is_indexed
from core.config import artifacts_dir
from core.engine.catalogues import CATALOGUES
from core.engine.retrieval import TakenFor
from core.engine.search import process
from core.errors import VitrineError
from core.ui.compare.columns import title_of
from core.ui.components import cards, taken
from core.ui.components.controls import command
from core.ui.components.link import choose
from core.ui.components.pictures import picture_of
from core.ui.components.tables import by_class
from core.ui.visit import session
from core.ui.words import WORDS, say


def show(chosen: list[str]) -> None:
    """Draw the protocol, the backbone (of those that were evaluated, the chosen ones first), and all of it.

    Raises:
        VitrineError: Items or outcomes are damaged.
    """
    protocol = choose(
        st.segmented_control, WORDS.compare.protocol, "protocol", list(CATALOGUE_OF),
        lambda id: WORDS.compare.protocols[id][0], required=True,
    )  # fmt: skip
    st.caption(WORDS.compare.protocols[protocol][1])
    done = list(dict.fromkeys(one["backbone"] for one in read_evaluation().results if one["protocol"] == protocol))
    if not done:
        st.info(WORDS.compare.classes_none, icon=":material/table:")
        command("python -m core evaluate")
        return
    known = sorted(done, key=lambda id: chosen.index(id) if id in chosen else len(chosen))
    backbone = choose(st.selectbox, WORDS.compare.classes_backbone, "of", known, title_of, width=320)
    _figures(backbone, protocol)
    st.markdown(f"**{WORDS.compare.classes_taken}**")
    if protocol in RETRIEVALS:
        _taken(backbone, protocol)
    else:
        st.info(WORDS.compare.classes_no_search, icon=":material/info:")
    command(f"python -m core evaluate --by-class --backbone {backbone} --only {protocol}")


def _figures(backbone: str, protocol: str) -> None:
    rows = _class_figures(backbone, protocol, str(artifacts_dir()))
    metrics = [name for name in rows[0] if name in WORDS.compare.metrics] if rows else []
    if not metrics:
        return
    rows = [row | {"class": _class_title(protocol, row["class"])} for row in rows]
    st.markdown(f"**{WORDS.compare.classes_figures}**")
    alt = WORDS.compare.classes_alt.format(backbone=title_of(backbone), protocol=WORDS.compare.protocols[protocol][0])
    by_class(rows, metrics, f"vitrine-{backbone}-{protocol}-classes", "classes", alt)
    st.caption(WORDS.compare.classes_note)


def _taken(backbone: str, protocol: str) -> None:
    try:
        with st.spinner(WORDS.compare.classes_looking):
            found = _confused(backbone, protocol, str(artifacts_dir()))
    except VitrineError as error:
        st.info(cards.plain(say(error)), icon=":material/info:")
        return
    full = read_evaluation().figures(backbone, protocol).get("R@1", {}).get("value")
    if full is not None and not is_indexed(backbone):
        stored = float((found.guesses["first"] == found.truth).mean())
        dim = describe_gallery(backbone)["stored_dim"]
        st.caption(WORDS.compare.classes_stored.format(dim=dim, stored=stored, full=full))
    catalogue = CATALOGUES[CATALOGUE_OF[protocol]]
    gallery = process.engine().gallery(catalogue.id)

    def tile(position: int, alt: str, line: str) -> str:
        id = gallery.items.row(position).id
        return cards.tile_html(id, picture_of(gallery, position), alt, line)

    key, file = f"taken-{backbone}-{protocol}", f"vitrine-{backbone}-{protocol}"
    taken.show(found, key, file, partial(_class_title, protocol), tile)


def _class_title(protocol: str, label: str) -> str:
    catalogue = CATALOGUES[CATALOGUE_OF[protocol]]
    return session.class_title(catalogue.id, label, catalogue.classes.get(label, label))


@st.cache_data(max_entries=32, ttl=3600, show_spinner=False)
def _class_figures(backbone: str, protocol: str, folder: str) -> list[dict[str, Any]]:
    return class_figures(backbone, protocol)


@st.cache_resource(max_entries=8, ttl=3600, show_spinner=False)
def _confused(backbone: str, protocol: str, folder: str) -> TakenFor:
    return confused(backbone, protocol)
