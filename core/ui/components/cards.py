"""Cards of hits and of the query, as HTML; every text in it is escaped here."""

from __future__ import annotations

import math
import re
from html import escape

from core.engine.catalogues.items import Item
from core.engine.search.engine import Hit
from core.ui.components.pictures import Picture
from core.ui.visit import session
from core.ui.words import WORDS

#: The least probabilities of being of the same kind for all verdicts but the last.
VERDICT_FROM = (0.95, 0.8, 0.6, 0.4)


def plain(text: str) -> str:
    """Text of unknown origin for a place that reads Markdown: shown as it is, never as a link or a colour."""
    return re.sub(r"[\\*\[\]<>$~`#|]|:(?=\w)|(?<!\w)_|_(?!\w)", r"\\\g<0>", " ".join(text.split()))


def percent(share: float) -> str:
    """A share in words, never rounded up to 100 %: 0.5 → "50%", 0.9987 → "99.8%", 0.99999 → "99.9%"."""
    if share <= 0.99:
        return f"{100 * max(share, 0.0):.0f}%"
    return f"{math.floor(min(share, 0.999) * 1000 + 1e-9) / 10:g}%"


def verdict(same_kind: float) -> str:
    """What a probability of being of the same kind is called."""
    return str(WORDS.common.verdicts[sum(same_kind < least for least in VERDICT_FROM)])


def picture_html(picture: Picture, alt: str) -> str:
    """A picture as painted layers: one that does not load leaves the layer below, never a broken sign."""
    urls = ",".join(f"url('{layer}')" for layer in picture.layers if "'" not in layer)
    style = f"background-image:{urls}" if urls else ""
    if picture.ratio:
        style += f";aspect-ratio:{picture.ratio:.3f}"
    kind = "vt-picture vt-pixels" if picture.pixelated else "vt-picture"
    return f'<div class="{kind}" role="img" aria-label="{escape(alt)}" style="{escape(style)}"></div>'


def hit_html(hit: Hit, picture: Picture) -> str:
    """The card of one hit: picture, rank, what it is, how close it is."""
    catalogue = session.title_of(hit.catalogue)
    alt = WORDS.common.hit_alt.format(rank=hit.rank, title=hit.title, catalogue=catalogue)
    return (
        f'<article class="vt-hit" data-rank="{hit.rank}" data-id="{escape(hit.id)}">'
        f'<div class="vt-frame">{picture_html(picture, alt)}<span class="vt-rank">{hit.rank}</span></div>'
        f'<h3 class="vt-title">{escape(hit.title)}</h3><p class="vt-quiet">{escape(catalogue)}</p>'
        f"{_chance_html(hit.same_kind)}"
        f'<p class="vt-figure">{escape(WORDS.common.similarity)} <b class="vt-similarity">{hit.similarity:.3f}</b></p>'
        f"{_closer_html(hit.closer_than)}"
        "</article>"
    )


def _chance_html(same_kind: float) -> str:
    """How probable it is that a hit is of the query's kind; nothing where that is unknown."""
    if math.isnan(same_kind):
        return ""
    width = round(100 * min(1.0, max(0.0, same_kind)))
    chance = WORDS.common.chance.format(percent=percent(same_kind))
    return (
        f'<p class="vt-verdict">{escape(verdict(same_kind))}</p>'
        f'<div class="vt-meter" aria-hidden="true"><i style="width:{width}%"></i></div>'
        f'<p class="vt-quiet">{escape(chance)}</p>'
    )


def _closer_html(closer_than: float) -> str:
    if math.isnan(closer_than):
        return ""
    return f'<p class="vt-quiet">{escape(WORDS.common.closer_than.format(percent=percent(closer_than)))}</p>'


def query_html(kind: str, name: str, note: str, picture: Picture) -> str:
    """The card of what is searched with."""
    alt = WORDS.common.query_alt.format(name=name)
    quiet = f'<p class="vt-quiet">{escape(note)}</p>' if note else ""
    return (
        f'<section class="vt-query"><div class="vt-frame">{picture_html(picture, alt)}</div>'
        f'<div><p class="vt-kicker">{escape(kind)}</p><h2 class="vt-title">{escape(name)}</h2>{quiet}</div>'
        "</section>"
    )


def words_html(text: str) -> str:
    """The card of words that are searched with."""
    return (
        f'<section class="vt-query vt-words"><div><p class="vt-kicker">{escape(WORDS.common.query_kinds["words"])}</p>'
        f'<h2 class="vt-title">{escape(text)}</h2></div></section>'
    )


def tile_html(id: str, picture: Picture, alt: str, line: str) -> str:
    """A small picture with one line below it, for many beside each other."""
    return (
        f'<article class="vt-tile vt-small" data-id="{escape(id)}"><div class="vt-frame">{picture_html(picture, alt)}'
        f'</div><p class="vt-quiet">{escape(line)}</p></article>'
    )


def item_html(item: Item | Hit, picture: Picture, lines: str = "") -> str:
    """A small picture of an item, with lines of HTML below it."""
    alt = WORDS.browse.item_alt.format(title=item.title, catalogue=session.title_of(item.catalogue))
    frame = f'<div class="vt-frame">{picture_html(picture, alt)}</div>'
    return f'<article class="vt-tile" data-id="{escape(item.id)}">{frame}{lines}</article>'
