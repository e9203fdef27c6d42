"""Pictures that a visitor brings: plain colours, and things that are no pictures."""

from __future__ import annotations

import io

import fakes
from PIL import Image

from core.errors import sentence
from core.own.ingest.incoming import Incoming, Skipped

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "pink": (255, 180, 190)}


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def picture(rgb, size=(20, 20)) -> bytes:
    return png(fakes.solid(rgb, size))


def incoming(name, label="", rgb=None, **more) -> Incoming:
    return Incoming(name, label, picture(rgb or COLOURS[name.partition(".")[0]]), **more)


BASIC = [
    incoming("red.png", "warm"),
    Skipped("link.png", sentence("own.skipped-link")),
    incoming("green.png", "cold"),
    Incoming("text.png", "warm", b"no picture at all"),
    incoming(
        "blue.png", "cold", title="A blue thing", source="https://x.test/b", metadata={"Price": "=1+1", "id": "7"}
    ),
    incoming("pink.png", ""),
]
