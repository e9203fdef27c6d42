"""Example archives, made of the project's own samples (CC0), so that the page can be tried without pictures."""

from __future__ import annotations

import io
import zipfile

import streamlit as st
from PIL import Image, ImageEnhance, ImageOps

from core.engine.images.decode import encode_thumbnail, open_image
from core.ui.components import samples
from core.ui.words import WORDS

SIDE = 480


@st.cache_data(max_entries=1, show_spinner=False)
def catalogue_zip() -> bytes:
    """Sixteen pictures in four folders."""
    return _archive(
        {
            f"{name}/{name}-{how}.jpg": picture
            for name in WORDS.common.samples
            for how, picture in _variants(open_image(samples.path_of(name))).items()
        }
    )


@st.cache_data(max_entries=1, show_spinner=False)
def queries_zip() -> bytes:
    """Eight queries, two for each folder of the catalogue: a detail, and the picture on its side."""
    pictures: dict[str, Image.Image] = {}
    for name in WORDS.common.samples:
        picture = open_image(samples.path_of(name))
        width, height = picture.size
        detail = picture.crop((width // 8, height // 8, width - width // 8, height - height // 8))
        pictures |= {f"{name}/detail.jpg": detail, f"{name}/turned.jpg": picture.rotate(90, expand=True)}
    return _archive(pictures)


def _variants(picture: Image.Image) -> dict[str, Image.Image]:
    return {
        "photo": picture,
        "mirrored": ImageOps.mirror(picture),
        "bright": ImageEnhance.Brightness(picture).enhance(1.15),
        "grey": ImageOps.grayscale(picture).convert("RGB"),
    }


def _archive(pictures: dict[str, Image.Image]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, picture in pictures.items():
            archive.writestr(zipfile.ZipInfo(name), encode_thumbnail(picture, SIDE))
    return buffer.getvalue()
