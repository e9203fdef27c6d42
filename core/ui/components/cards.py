"""Cards of hits and of the query, as HTML; every text in it is escaped here."""

from __future__ import annotations

import math
import re
from html import escape

from core.engine.catalogues.items import Item
from core.engine.images.region import Region
from core.engine.looks.agreement import Agreement
from core.engine.search.engine import Hit
from core.ui.components import looks
from core.ui.components.pictures import Picture
from core.ui.visit import session
from core.ui.words import WORDS, figure


def plain(text: str) -> str:
    """Text of unknown origin for a place that reads Markdown: shown as it is, never as a link or a colour."""
    return re.sub(r"[\\*\[\]<>$~`#|]|:(?=\w)|(?<!\w)_|_(?!\w)", r"\\\g<0>", " ".join(text.split()))


def percent(share: float) -> str:
    """A share in words, never rounded up to 100 %: 0.5 → "50%", 0.9987 → "99.8%", 0.99999 → "99.9%"."""
    if share <= 0.99:
        return f"{100 * max(share, 0.0):.0f}%"
    return f"{figure(math.floor(min(share, 0.999) * 1000 + 1e-9) / 10, 'g')}%"


def where(part: Region) -> str:
    """Where in a picture a part of it is, in words."""
    percents = {side: round(100 * getattr(part, side)) for side in ("left", "top", "right", "bottom")}
    return str(WORDS.common.part_where.format(**percents))


def picture_html(picture: Picture, alt: str) -> str:
    """A picture as painted layers: one that does not load leaves the layer below, never a broken sign."""
    urls = ",".join(f"url('{layer}')" for layer in picture.layers if "'" not in layer)
    style = f"background-image:{urls}" if urls else ""
    if picture.ratio:
        style += f";aspect-ratio:{picture.ratio:.3f}"
    kind = "vt-picture vt-pixels" if picture.pixelated else "vt-picture"
    return (
        f'<div class="{kind}" role="img" aria-label="{escape(alt)}" style="{escape(style)}"></div>'
        f"{_part_html(picture.part)}"
    )


def _part_html(part: Region | None) -> str:
    """A frame around the part of a picture that is meant."""
    if part is None:
        return ""
    sides = {"left": part.left, "top": part.top, "width": part.right - part.left, "height": part.bottom - part.top}
    return f'<div class="vt-part" style="{"".join(f"{name}:{share:.1%};" for name, share in sides.items())}"></div>'


def hit_html(hit: Hit, picture: Picture, named: bool = True) -> str:
    """The card of one hit: picture, rank, what it is, what of it agrees with the query, how close it is.

    Args:
        hit: The hit.
        picture: Of it.
        named: Whether the card names the hit's catalogue.
    """
    catalogue = session.title_of(hit.catalogue)
    title = session.called(hit)
    alt = WORDS.common.hit_alt.format(rank=hit.rank, title=title, catalogue=catalogue)
    quiet = f'<p class="vt-quiet">{escape(catalogue)}</p>' if named else ""
    return (
        f'<article class="vt-hit" data-rank="{hit.rank}" data-id="{escape(hit.id)}">'
        f'<div class="vt-frame">{picture_html(picture, alt)}<span class="vt-rank">{hit.rank}</span></div>'
        f'<h3 class="vt-title">{escape(title)}</h3>{quiet}'
        f"{facts_html(hit)}</article>"
    )


def facts_html(hit: Hit) -> str:
    """What of a hit agrees with the query, a line each, and its similarity; what cannot be told is left out."""
    told = [(name, agreement) for name, agreement in hit.agrees.items() if not math.isnan(agreement.probability)]
    lines = "".join(_line_html(hit, name, agreement) for name, agreement in told)
    return (
        (f'<ul class="vt-agrees">{lines}</ul>' if lines else "")
        + f'<p class="vt-quiet vt-figure">{escape(WORDS.common.similarity)} '
        f'<span class="vt-similarity">{figure(hit.similarity, ".3f")}</span></p>'
    )


def _line_html(hit: Hit, attribute: str, agreement: Agreement) -> str:
    """A sign, what the hit is, and how probably the query is the same; whoever hears the page is told it in words."""
    same = agreement.probability >= looks.LIKELY
    name = looks.name_of(attribute, agreement, f"{hit.catalogue}/{hit.label}")
    share = percent(agreement.probability)
    said = (WORDS.looks.same if same else WORDS.looks.other)[attribute].format(name=name, percent=share)
    sign = WORDS.looks.signs["same" if same else "other"]
    return (
        f'<li class="{"vt-same" if same else "vt-other"}"><span aria-hidden="true" title="{escape(said)}">'
        f"<b>{escape(sign)}</b> <span>{escape(name)}</span> <span>{escape(share)}</span></span>"
        f'<span class="vt-spoken">{escape(said)}</span></li>'
    )


def query_html(kind: str, name: str, note: str, picture: Picture, reads: str = "") -> str:
    """The card of what is searched with; `reads` says what a picture is taken for."""
    alt = WORDS.common.query_alt.format(name=name)
    if picture.part:
        alt = f"{alt} {where(picture.part)}"
    quiet = f'<p class="vt-reads">{escape(reads)}</p>' if reads else ""
    quiet += f'<p class="vt-quiet">{escape(note)}</p>' if note else ""
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
    alt = WORDS.browse.item_alt.format(title=session.called(item), catalogue=session.title_of(item.catalogue))
    frame = f'<div class="vt-frame">{picture_html(picture, alt)}</div>'
    return f'<article class="vt-tile" data-id="{escape(item.id)}">{frame}{lines}</article>'
