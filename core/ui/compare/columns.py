"""The columns of the Compare page: each fills in when its backbone has answered."""

from __future__ import annotations

import math
from collections import Counter
from html import escape
from typing import cast
from urllib.parse import urlencode

import streamlit as st

from core.compare.agreement import Pair, furthest, kinds_of, pairs
from core.compare.side_by_side import Answer, SideBySide
from core.engine.backbones import BACKBONES, Backbone, get
from core.engine.images.region import Region
from core.engine.search import process
from core.engine.search.engine import Hit
from core.engine.search.photo import Photo
from core.engine.search.query import Query
from core.errors import VitrineError
from core.own.items import OWN
from core.ui.compare import build
from core.ui.components import cards
from core.ui.components.controls import command
from core.ui.components.pictures import picture_of
from core.ui.components.query import described, photo_of, ways_out, whole_of
from core.ui.components.tables import files
from core.ui.visit import keys, session, state
from core.ui.words import WORDS, figure, in_link

K = 5
POLL_S = 0.4
#: Warm backbones are done by then, and their columns are drawn at once.
PATIENCE_S = 0.5


def show(query: state.Asked, chosen: list[str]) -> None:
    """Draw a query and what each of the chosen backbones finds.

    Raises:
        VitrineError: The query names nothing that exists.
    """
    photo = None if query.kind == "item" else photo_of(query)
    name, note, picture = described(query, photo)
    left, right = st.columns([1, 4.5], gap="medium")
    with left.container(key="query"):
        st.html(cards.query_html(WORDS.common.query_kinds[query.kind], name, note, picture))
        ways_out()
    asked = _asked(query, _question(query, photo), chosen)
    with right:
        if asked.wait(PATIENCE_S):
            _draw(asked, chosen)
            found = {id: answer.hits for id in chosen if (answer := asked.answer(id)) and answer.hits}
            _files(found)
            _command(query, list(found))
        else:
            _watch(asked, chosen)


def _question(query: state.Asked, photo: Photo | None) -> Query:
    """The question to every backbone, each of which embeds the picture itself."""
    if own := session.thumbnail(query.ref):
        return Query(photo=own, name=query.ref, k=K)
    if photo is None:
        return Query(item=query.ref, k=K)
    whole = whole_of(query)
    if whole.file is None:
        st.caption(WORDS.compare.small_copy)
    return Query(photo=whole.file or whole.preview, name=photo.name, k=K, region=photo.region)


def _asked(query: state.Asked, question: Query, chosen: list[str]) -> SideBySide:
    """What the visitor asks with this query, begun now if it is another than the last one."""
    key = (query, tuple(chosen))
    known = cast("tuple[object, SideBySide] | None", st.session_state.get(keys.SIDE_BY_SIDE))
    if known and known[0] == key:
        return known[1]
    if known:
        known[1].stop()
    asked = SideBySide(chosen, question)
    st.session_state[keys.SIDE_BY_SIDE] = (key, asked)
    return asked


def _files(found: dict[str, list[Hit]]) -> None:
    """What all of them found, as one table."""
    if found:
        names = ("rank", "id", "title", "label", "similarity", "same_kind")
        rows = [
            {"backbone": id} | {name: getattr(hit, name) for name in names}
            for id, hits in found.items()
            for hit in hits
        ]
        files(["backbone", *names], rows, "vitrine-side-by-side", "hits")


def _command(query: state.Asked, ids: list[str]) -> None:
    """The command that gives the same hits; a visitor's photo is theirs to name."""
    if len(ids) > 1:
        theirs = query.kind == "photo" or query.ref.startswith(f"{OWN}/")
        place = f"--item {query.ref}" if query.kind == "item" else f"samples/{query.ref}.jpg"
        region = f" --region {Region.read(query.region)}" if query.region else ""
        command(f"python -m core compare {'PHOTO' if theirs else place}{region} --backbones {' '.join(ids)}")


@st.fragment(run_every=POLL_S)
def _watch(asked: SideBySide, chosen: list[str]) -> None:
    if asked.finished:
        st.rerun()  # drawn once more, for good
    _draw(asked, chosen)


def _draw(asked: SideBySide, chosen: list[str]) -> None:
    answers = {id: asked.answer(id) for id in chosen}
    found = {id: answer.hits for id, answer in answers.items() if answer and answer.hits}
    if len(found) > 1:
        _agreement(found)
    counts = Counter(hit.id for hits in found.values() for hit in hits)
    columns = st.columns(len(chosen), gap="small")
    for column, (id, answer) in zip(columns, answers.items(), strict=True):
        with column.container(key=f"column-{chosen.index(id)}"):
            _column(id, answer, counts, asked.finished)


def _column(id: str, answer: Answer | None, counts: Counter[str], finished: bool) -> None:
    st.html(head_html(id, _record(id, answer)))
    if answer is None:
        words = build.preparing(id, title_of(id)) or WORDS.compare.waiting
        st.html(f'<p class="vt-quiet vt-waiting" role="status">{escape(words)}</p>')
    elif answer.hits:
        st.html(_hits_html(answer, counts))
        st.caption(cost_line(answer))
    else:
        build.show(answer, finished)


def _record(id: str, answer: Answer | None) -> Backbone | None:
    """What is known of a backbone; a name of a library only after a thread has looked it up, which takes seconds."""
    if id not in BACKBONES and (answer is None or answer.problem):
        return None
    try:
        return get(id)
    except VitrineError:
        return None


def head_html(id: str, record: Backbone | None) -> str:
    """The head of a column: what the backbone is."""
    if record is None:
        return f'<h2 class="vt-title">{escape(id)}</h2>'
    facts = WORDS.compare.facts.format(dim=record.dim, parameters=millions(record.n_parameters), size=record.input_size)
    return f'<h2 class="vt-title">{escape(record.title)}</h2><p class="vt-quiet">{escape(facts)}</p>'


def millions(n: int) -> str:
    """A number of parameters in words."""
    return WORDS.compare.millions.format(n=n / 1e6) if n else WORDS.compare.weightless


def cost_line(answer: Answer) -> str:
    """How long an answer took."""
    search = WORDS.compare.search.format(n_items=answer.n_items, ms=answer.search_ms)
    embed = WORDS.compare.stored if answer.embed_ms is None else WORDS.compare.embed.format(ms=answer.embed_ms)
    return f"{embed} · {search}"


def _hits_html(answer: Answer, counts: Counter[str]) -> str:
    return (
        f'<div class="vt-rows" role="list">{"".join(_hit_html(hit, counts[hit.id] - 1) for hit in answer.hits)}</div>'
    )


def _hit_html(hit: Hit, n_others: int) -> str:
    """One row: a small picture, what it is, how close it is, and how many others found it, too."""
    picture = picture_of(process.engine().gallery(hit.catalogue), hit.position)
    catalogue = session.title_of(hit.catalogue)
    title = session.called(hit)
    alt = WORDS.common.hit_alt.format(rank=hit.rank, title=title, catalogue=catalogue)
    chance = "" if math.isnan(hit.same_kind) else WORDS.compare.chance.format(percent=cards.percent(hit.same_kind))
    others = f'<p class="vt-quiet vt-shared">{escape(WORDS.compare.also.format(n=n_others))}</p>' if n_others else ""
    address = escape(f"Browse?{urlencode({'item': hit.id, **in_link()})}")
    link = f'<a href="{address}" target="_blank" rel="noopener">{escape(title)}</a>'
    return (
        f'<div class="vt-row" role="listitem" data-id="{escape(hit.id)}">'
        f'<div class="vt-frame">{cards.picture_html(picture, alt)}</div>'
        f'<div><p class="vt-row-title">{link} <b class="vt-similarity">{figure(hit.similarity, ".3f")}</b></p>'
        f'<p class="vt-quiet">{escape(chance)}</p>{others}</div></div>'
    )


def _agreement(found: dict[str, list[Hit]]) -> None:
    compared = pairs({id: [(hit.id, kinds_of(hit)) for hit in hits] for id, hits in found.items()}, K)
    least = furthest(compared)
    words = {"first": title_of(least.first), "second": title_of(least.second)}
    if least.overlap == 1:
        line = WORDS.compare.all_agree
    else:
        sentence = WORDS.compare.furthest if len(compared) > 1 else WORDS.compare.two
        line = sentence.format(**words, n=round(K * least.overlap), kinds=round(K * least.kinds), k=K)
    st.html(f'<p class="vt-agreement">{escape(line)}</p>')
    if len(compared) > 1:
        st.html(matrix_html(list(found), compared))


def title_of(id: str) -> str:
    """What a backbone is called."""
    return BACKBONES[id].title if id in BACKBONES else id


def matrix_html(ids: list[str], compared: list[Pair]) -> str:
    """How many hits every two have in common, as a table."""
    cells = {frozenset((pair.first, pair.second)): pair for pair in compared}
    head = "".join(f'<th scope="col">{escape(title_of(id))}</th>' for id in ids[1:])
    rows = ""
    for row, id in enumerate(ids[:-1]):
        rows += f'<tr><th scope="row">{escape(title_of(id))}</th>'
        for other, column in enumerate(ids[1:], 1):
            rows += _cell(cells[frozenset((id, column))]) if other > row else "<td></td>"
        rows += "</tr>"
    caption = f"<caption>{escape(WORDS.compare.overlap.format(k=K))}</caption>"
    return f'<div class="vt-scroll"><table class="vt-matrix">{caption}<tr><td></td>{head}</tr>{rows}</table></div>'


def _cell(pair: Pair) -> str:
    same = escape(WORDS.compare.cell.format(n=round(K * pair.overlap), k=K))
    kinds = escape(WORDS.compare.cell_kinds.format(n=round(K * pair.kinds), k=K))
    return f'<td style="--share:{100 * pair.overlap:.0f}%"><b>{same}</b><br><span class="vt-quiet">{kinds}</span></td>'
