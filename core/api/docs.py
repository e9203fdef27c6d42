"""The description of the API as a page for people, made of the OpenAPI document: no script, nothing fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;
color:#211d19;background:#fbfaf7}
h1{font-family:serif}section{border-top:1px solid #ddd6c9;padding:.5rem 0}code,pre{font-size:.9rem}
pre{background:#f2eee6;padding:.75rem;overflow-x:auto}table{border-collapse:collapse;display:block;overflow-x:auto}
td,th{border-bottom:1px solid #ddd6c9;padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top}
.method{background:#a03a22;color:#fff;border-radius:4px;padding:.1rem .4rem;font-size:.8rem}
@media (prefers-color-scheme:dark){body{color:#eee9e1;background:#161412}pre{background:#221f1c}a{color:#d96c4f}}
"""


def page(whole: dict[str, Any]) -> str:
    """The page of an OpenAPI document."""
    paths = [(path, method, said) for path, methods in whole["paths"].items() for method, said in methods.items()]
    links = "".join(
        f'<li><a href="#{escape(said["operationId"])}"><code>{escape(method.upper())} {escape(path)}</code></a> '
        f"{escape(said['summary'])}</li>"
        for path, method, said in paths
    )
    sections = "".join(_section(whole, path, method, said) for path, method, said in paths)
    schemas = "".join(
        f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>{_json(schema)}</section>'
        for name, schema in whole["components"]["schemas"].items()
    )
    title, about = escape(whole["info"]["title"]), _text(whole["info"]["description"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title} API</title><style>{_STYLE}</style></head><body><h1>{title} API</h1>"
        f"{about}<ul>{links}</ul>{sections}<h2>Schemas</h2>{schemas}</body></html>"
    )


def _section(whole: dict[str, Any], path: str, method: str, said: dict[str, Any]) -> str:
    asked = [_resolved(whole, one) for one in said.get("parameters", [])]
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{'required' if one['required'] else ''}</td>"
        f"<td><code>{escape(json.dumps(one['schema'])[:300])}</code></td></tr>"
        for one in asked
    )
    bodies = "".join(
        f"<p>Body, <code>{escape(kind)}</code>:</p>{_json(body['schema'])}"
        for kind, body in said.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(_resolved(whole, one)['description'])}</td>"
        f"<td>{', '.join(_schemas_of(_resolved(whole, one)))}</td></tr>"
        for status, one in said["responses"].items()
    )
    return (
        f'<section id="{escape(said["operationId"])}"><h2><span class="method">{escape(method.upper())}</span> '
        f"<code>{escape(path)}</code></h2><p>{escape(said['summary'])}.</p>"
        f"{f'<table>{rows}</table>' if rows else ''}{bodies}<table>{answers}</table></section>"
    )


def _resolved(whole: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    found = one
    if "$ref" in one:
        found = whole
        for part in one["$ref"].removeprefix("#/").split("/"):
            found = found[part]
    return found


def _schemas_of(answer: dict[str, Any]) -> Iterator[str]:
    """Links to the schemas of an answer's contents."""
    for kind, content in answer.get("content", {}).items():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        link = f' <a href="#schema-{escape(name)}">{escape(name)}</a>' if name else ""
        yield f"<code>{escape(kind)}</code>{link}"


def _text(text: str) -> str:
    """Paragraphs of Markdown, of which only `code` is marked up."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return "".join(f"<p>{paragraph}</p>" for paragraph in marked.split("\n\n"))


def _json(schema: dict[str, Any]) -> str:
    return f"<pre>{escape(json.dumps(schema, indent=1))}</pre>"
