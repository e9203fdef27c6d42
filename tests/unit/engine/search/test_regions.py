"""Which regions of a picture a match hangs on: of a picture that says it, and of real matches."""

from __future__ import annotations

from pathlib import Path

import fakes
import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.config import artifacts_dir
from core.engine.catalogues import photos
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Filters, Query
from core.engine.search.regions import SIDE, hide, regions, veil


def test_the_region_that_is_alike_costs_most():
    embedder = fakes.FakeEmbedder(fakes.fake_record(input_size=70))
    red = embedder.embed_images([fakes.solid((230, 20, 20))])[0]
    picture = fakes.solid((20, 20, 230), (140, 140))
    picture.paste((230, 20, 20), (100, 40, 120, 60))  # column 5, row 2
    lost = regions(embedder, picture, red)
    assert lost.shape == (SIDE, SIDE)
    assert np.unravel_index(lost.argmax(), lost.shape) == (2, 5)
    assert lost[6, 0] <= 0  # without blue it is redder


def test_a_hidden_region_is_of_the_mean_colour_and_nothing_else_changes():
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (70, 140, 3), np.uint8))
    before, after = np.asarray(noise), np.asarray(hide(noise, 0, 6))
    changed = (before != after).any(axis=-1)
    assert changed[:15, 110:].mean() > 0.98
    assert not changed[15:].any() and not changed[:, :110].any()
    assert np.abs(after[:15, 110:] - before.reshape(-1, 3).mean(axis=0)).max() <= 0.5


def test_the_veil_is_clear_where_most_is_lost():
    layer = np.asarray(veil(np.array([[1.0, 0.0], [-1.0, 0.5]], np.float32)))
    assert layer.shape == (32, 32, 4)
    assert [layer[0, 0, 3], layer[0, -1, 3], layer[-1, 0, 3], layer[-1, -1, 3]] == [0, 200, 200, 100]


@pytest.mark.data
@pytest.mark.skipif(not (artifacts_dir() / "manifest.json").is_file(), reason="artifacts/ has not been built")
def test_hiding_the_hottest_region_costs_a_real_match_more_than_hiding_another(real_data: Path) -> None:
    """Hidden otherwise than it was found: by a blur."""
    assert share_of_right(20) >= 0.9


def share_of_right(n_matches: int) -> float:
    """Of so many photos with their closest match, how often the hottest region costs more than another by chance."""
    engine, chance = SearchEngine(), np.random.default_rng(5)
    items, right = engine.gallery("clothing").items, []
    for position in chance.choice(len(items), n_matches, replace=False):
        item = items.row(int(position)).id
        hit = engine.search(Query(item=item, k=1, filters=Filters(("clothing",)))).hits[0]
        asked, picture = engine.embedding_of(item).astype(np.float32), photos.picture(hit.id)
        square = picture.resize((140, 140))
        hottest = int(regions(engine.embedder, picture, asked).argmax())
        other = int(chance.choice([region for region in range(SIDE**2) if region != hottest]))
        blurred = [_blurred(square, *divmod(region, SIDE)) for region in (hottest, other)]
        hot, cold = engine.embedder.embed_images(blurred) @ asked
        right.append(hot < cold)
    return float(np.mean(right))


def _blurred(image: Image.Image, row: int, column: int) -> Image.Image:
    side, copy = image.width / SIDE, image.copy()
    corners = (column - 0.5, row - 0.5, column + 1.5, row + 1.5)
    left, top, right, bottom = (round(min(max(at * side, 0), image.width)) for at in corners)
    copy.paste(image.filter(ImageFilter.GaussianBlur(20)).crop((left, top, right, bottom)), (left, top))
    return copy
