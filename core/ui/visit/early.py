"""What is in the page before any of its content is: content that is drawn without it jumps when it comes."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.datastructures import MutableHeaders

from core.ui.visit.page import STYLE
from core.ui.words import WORDS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What Streamlit's page is called until it has loaded, and where its content begins.
_TITLE, _BODY = b"<title>Streamlit</title>", b"<body>"
#: A copy that a browser kept may have another style.
_KEPT = ("etag", "last-modified", "content-length")
SCRIPT = Path(__file__).with_name("early.js")
_STATIC = Path(st.__file__).parent / "static" / "static"
#: What of Streamlit's own every page needs, which its script asks for one after the other.
_FONTS = ("SourceSerifVariable-Roman", "MaterialSymbols-Rounded")
_SCRIPTS = ("Html", "PageLink", "Button", "ButtonGroup", "FileUploader", "TextInput")


class Early:
    """Puts title, script and style into Streamlit's page, and asks at once for what all pages need."""

    def __init__(self, app: ASGIApp):
        self._app = app
        script, style = SCRIPT.read_text("utf-8"), STYLE.read_text("utf-8")
        self.head = f"<title>{WORDS.common.name}</title>{_preloads()}<script>{script}</script>".encode()
        # Streamlit adds its own styles to the head as it goes; what stands after them has the last word.
        self.body = f"<body><style>{style}</style>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; Streamlit's page comes back with it all."""
        if scope["type"] != "http" or scope.get("method") != "GET" or "." in scope["path"].rpartition("/")[2]:
            await self._app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if not name.startswith(b"if-")]
        asked = {**scope, "headers": headers}
        began: list[Message] = []
        body = bytearray()

        async def styled(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if message["status"] == 200 and headers.get("content-type", "").startswith("text/html"):
                    began.append(message)
                    return
            elif began:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                headers = MutableHeaders(scope=began[0])
                packed = headers.get("content-encoding") == "gzip"
                page = gzip.decompress(body) if packed else bytes(body)
                page = page.replace(_TITLE, self.head, 1).replace(_BODY, self.body, 1)
                page = gzip.compress(page, 6) if packed else page
                for name in _KEPT:
                    del headers[name]
                headers["content-length"] = str(len(page))
                await send(began[0])
                message = {"type": "http.response.body", "body": page}
            await send(message)

        await self._app(asked, receive, styled)


def _preloads() -> str:
    """Links to Streamlit's own files, whose names have a mark of their version; none where they are not found."""
    fonts = [path.name for name in _FONTS for path in sorted((_STATIC / "media").glob(f"{name}.*woff2"))]
    scripts = [path.name for name in _SCRIPTS for path in sorted((_STATIC / "js").glob(f"{name}.*.js"))]
    font = '<link rel="preload" as="font" type="font/woff2" crossorigin href="./static/media/{}">'
    return "".join([font.format(name) for name in fonts]) + "".join(
        f'<link rel="modulepreload" href="./static/js/{name}">' for name in scripts
    )
