"""A photo of a visitor's: decoded no larger than needed, named by its content, with a small preview."""

from __future__ import annotations

import hashlib
import io

import fakes
import numpy as np
import pytest
from PIL import Image

from core.engine.embedders.base import embed_photo
from core.engine.search.photo import digest, open_photo


@pytest.fixture
def embedder():
    return fakes.FakeEmbedder(fakes.fake_record())


def jpeg(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    fakes.solid((200, 40, 40), size).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_photo_is_named_by_its_content_wherever_it_lies(tmp_path):
    content = jpeg((40, 30))
    (tmp_path / "a.jpg").write_bytes(content)
    assert digest(content) == digest(tmp_path / "a.jpg") == hashlib.sha256(content).hexdigest()


def test_a_large_photo_is_decoded_at_its_full_size_only_for_who_asks(embedder):
    content = jpeg((3200, 2400))
    reduced = embed_photo(embedder, content)
    assert reduced.image.size == (800, 600)
    whole = embed_photo(embedder, content, whole=True)
    assert whole.image.size == (3200, 2400)
    np.testing.assert_allclose(reduced.embedding, whole.embedding, atol=0.02)


def test_a_preview_is_small_and_has_the_ratio_of_the_photo(embedder):
    photo = open_photo(embedder, jpeg((1600, 800)), "my bag.jpg")
    assert (photo.name, photo.ratio, photo.file) == ("my bag.jpg", 2.0, jpeg((1600, 800)))
    with Image.open(io.BytesIO(photo.preview)) as preview:
        assert (preview.format, max(preview.size) <= 640) == ("JPEG", True)
    assert photo.timings_ms.keys() == {"decode", "embed", "preview"}
