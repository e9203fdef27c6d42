"""The answers to a set of queries as one HTML file: pictures inside, nothing fetched, no script."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape

import numpy as np
from PIL import Image

from core.engine.images.decode import encode_thumbnail
from core.engine.search.engine import Hit
from core.own.queries import QueryResult
from core.own.thresholds import Curve

_SIDE = 128
_QUALITY = 75
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c1c1e;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.1rem;margin:0 0 .5rem}
section{display:flex;gap:1.5rem;align-items:flex-start;border-top:1px solid #ddd;padding:1rem 0}
ol{display:flex;flex-wrap:wrap;gap:1rem;list-style:none;margin:0;padding:0}
figure{margin:0;width:8.5rem}figcaption{font-size:.85rem;overflow-wrap:anywhere}
img,.none{display:block;width:8rem;height:8rem;object-fit:contain;background:#f3f3f5;border-radius:6px}
.answer{font-weight:600}.no{color:#8a3b12}svg{max-width:100%;height:auto}
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

#: The texts of the report by name.
Words = Mapping[str, str]


def html_report(
    results: Sequence[QueryResult],
    threshold: float,
    thumbnail: Callable[[str], bytes | None],
    words: Words,
    curve: Curve | None = None,
    language: str = "en",
) -> str:
    """Write the report.

    Args:
        results: The queries, in order.
        threshold: The least similarity of a match.
        thumbnail: Item id -> the bytes of a picture of it, None where there is none.
        words: What a reader reads: `title`, `summary`, `matches`, `one_match`, `no_match`, `closest`, `similarity`,
            `label` and `curve`; `{…}` is filled in by `str.format`.
        curve: Drawn if there is one.
        language: Of the words.

    Returns:
        A whole HTML document; every word from outside is escaped, every picture is a JPEG encoded here.
    """
    title = escape(words["title"])
    n_matched = sum(bool(result.matches(threshold)) for result in results)
    summary = words["summary"].format(n_matched=n_matched, n_queries=len(results), threshold=threshold)
    pictures = cache(lambda id: _data_url(thumbnail(id)))
    sections = "\n".join(_section(result, threshold, pictures, words) for result in results)
    return f"""<!doctype html>
<html lang="{escape(language)}">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1><p>{escape(summary)}</p>
{_drawing(curve, threshold, words) if curve else ""}
{sections}
</body></html>
"""


def _data_url(picture: bytes | None) -> str:
    """A small JPEG as a data URL, "" where there is no readable picture."""
    if not picture:
        return ""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            small = encode_thumbnail(image.convert("RGB"), _SIDE, _QUALITY)
    except (OSError, ValueError):
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode()}"


def _figure(url: str, name: str, lines: Sequence[str]) -> str:
    picture = f'<img src="{url}" alt="{escape(name)}" loading="lazy">' if url else '<div class="none"></div>'
    caption = "<br>".join(escape(line) for line in lines if line)
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def _section(result: QueryResult, threshold: float, pictures: Callable[[str], str], words: Words) -> str:
    matches = result.matches(threshold)
    label = words["label"].format(label=result.label) if result.label else ""
    query = _figure(_data_url(result.thumbnail), result.name, (label,))
    if matches:
        count = words["one_match"] if len(matches) == 1 else words["matches"].format(n=len(matches))
        items = "".join(f"<li>{_match(hit, pictures, words)}</li>" for hit in matches)
        answer = f'<p class="answer">{escape(count)}</p><ol>{items}</ol>'
    else:
        closest = words["closest"].format(similarity=result.hits[0].similarity) if result.hits else ""
        answer = f'<p class="answer no">{escape(words["no_match"])}</p><p>{escape(closest)}</p>'
    return f"<section>{query}<div><h2>{escape(result.name)}</h2>{answer}</div></section>"


def _match(hit: Hit, pictures: Callable[[str], str], words: Words) -> str:
    similarity = words["similarity"].format(similarity=hit.similarity)
    return _figure(pictures(hit.id), hit.title, (hit.title, "" if hit.label == hit.title else hit.label, similarity))


def _drawing(curve: Curve, threshold: float, words: Words) -> str:
    """The curve as SVG: x is the threshold, y the figure, both 0 to 1."""
    lines = []
    for values, dash in ((curve.precision, ""), (curve.recall, ' stroke-dasharray="6 4"')):
        known = ~np.isnan(values)
        points = " ".join(
            f"{40 + 540 * x:.1f},{210 - 200 * y:.1f}"
            for x, y in zip(curve.thresholds[known], values[known], strict=True)
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="#1c4e80" stroke-width="2"{dash}/>')
    at = 40 + 540 * min(max(threshold, 0.0), 1.0)
    marks = "".join(
        f'<text x="{40 + 540 * v:.0f}" y="228" text-anchor="middle">{v:g}</text>'
        f'<text x="34" y="{214 - 200 * v:.0f}" text-anchor="end">{v:g}</text>'
        for v in (0.0, 0.5, 1.0)
    )
    caption = escape(words["curve"])
    return (
        f'<figure style="width:auto"><svg viewBox="0 0 600 240" width="600" height="240" role="img" '
        f'aria-label="{caption}" font-size="12"><path d="M40 10V210H580" fill="none" stroke="#888"/>{"".join(lines)}'
        f'<path d="M{at:.1f} 10V210" stroke="#8a3b12" stroke-dasharray="2 3"/>{marks}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
