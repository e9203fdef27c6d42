"""Pictures that a visitor brings: plain colours, and things that are no pictures."""

from __future__ import annotations

import io
from pathlib import Path

import fakes
from PIL import Image

from core.config import ROOT
from core.engine.images.decode import encode_thumbnail, open_image
from core.errors import sentence
from core.own.ingest.incoming import Incoming, Skipped

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "pink": (255, 180, 190)}


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def picture(rgb, size=(20, 20)) -> bytes:
    return png(fakes.solid(rgb, size))


def write_crops(folder: Path, n: int, side: int) -> Path:
    """A new folder of so many crops of the samples, no larger than so many pixels, of which number 17 is broken."""
    folder.mkdir()
    photos = [open_image(path) for path in sorted((ROOT / "samples").glob("*.jpg"))]
    for at in range(n):
        photo = photos[at % len(photos)]
        (folder / f"{at:03}.jpg").write_bytes(encode_thumbnail(photo.crop((at, at, photo.width, photo.height)), side))
    (folder / "017.jpg").write_bytes(b"broken")
    return folder


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
