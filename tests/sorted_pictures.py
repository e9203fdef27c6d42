"""A folder of ten pictures a class, made from the samples: a small set of the kind that visitors bring."""

from __future__ import annotations

import io
import random
import zipfile
from functools import cache
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

from core.config import ROOT

CLASSES = ("bag", "dress", "shirt", "sneaker")
N = 10


@cache
def _sample(name: str) -> Image.Image:
    return Image.open(ROOT / "samples" / f"{name}.jpg").convert("RGB").resize((200, 200))


@cache
def picture(name: str, number: int) -> bytes:
    """One of a class's pictures as JPEG: the sample turned, mirrored, cropped and lit by its number."""
    rng = random.Random(f"{name} {number}")
    image = _sample(name)
    image = ImageOps.mirror(image) if number % 2 else image
    image = image.rotate(rng.uniform(-20, 20), fillcolor=image.getpixel((0, 0)))
    cut = [rng.uniform(0, 0.12) for _ in range(4)]
    width, height = image.size
    image = image.crop(
        (int(cut[0] * width), int(cut[1] * height), int((1 - cut[2]) * width), int((1 - cut[3]) * height))
    )
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.7, 1.2)).resize((160, 160))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def files(n: int = N) -> dict[str, bytes]:
    """CLASS/NUMBER.jpg -> content."""
    return {f"{name}/{number:02}.jpg": picture(name, number) for name in CLASSES for number in range(n)}


def write_folder(folder: Path, n: int = N) -> Path:
    """The files below a folder."""
    for name, content in files(n).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def make_zip(contents: dict[str, bytes]) -> bytes:
    """A ZIP archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return buffer.getvalue()
