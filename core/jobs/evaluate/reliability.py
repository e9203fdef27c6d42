"""Whether what is said beside the hits is true, measured on test queries alone.

- `same_kind_ECE`, with the protocol's queries: expected calibration error of `same_kind` over the first five hits.
  `photo-to-X` asks catalogue X with photos from elsewhere, product photos and home photos; `words-to-X` with the
  captions of product photos; the catalogues' own protocols with their own test items.
- `hint_rate`: share of test pictures that get the hint that they show no fashion item (wrong: they all do), and
  `hint_recall`: of drawings with another seed and of sample photos of two libraries, which should get it.
- `blend_…@5`: a test product photo and the name of another colour, among the other test products: share of hits that
  have the kind, the colour, and both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.engine.catalogues import CATALOGUES
from core.engine.embedders.base import Embedder
from core.engine.images.decode import open_image
from core.engine.metrics import Estimate, bootstrap, bootstrap_calibration_error
from core.engine.search.calibration import PHOTO, TEXT, Calibration
from core.engine.search.gallery import load_calibrated
from core.jobs.build import held_out
from core.jobs.build.calibrate import blended_right, judge, read_gallery
from core.jobs.build.held_out import Known
from core.training.garment.negatives import bundled, draw

Add = Callable[[str, str, Estimate], None]
_OTHER_SEED = 2  # seed 0 is fitted on, and seed 1 was looked at when the way of fitting was chosen
_N_DRAWN = 200
_NAMES = {PHOTO: "photo-to-{}", TEXT: "words-to-{}"}


def measure(embedder: Embedder, add: Add) -> None:
    """Add all figures for a backbone whose catalogues are built."""
    fitted = load_calibrated(embedder.record.id)
    galleries = {catalogue: read_gallery(embedder, catalogue) for catalogue in CATALOGUES}
    queries = held_out.queries(embedder, galleries, "test")
    for catalogue, gallery in galleries.items():
        for asked, table in fitted.tables[catalogue].items():
            if asked in (PHOTO, TEXT, catalogue):
                name = _NAMES.get(asked, catalogue).format(catalogue)
                add(name, "same_kind_ECE", reliability(table, queries[asked], gallery))
    products, colours = held_out.products(embedder, "test")
    if fitted.garment is not None:
        tested = {name: gallery.embeddings[gallery.parts == "test"] for name, gallery in galleries.items()}
        for name, embeddings in (tested | {"fashion-products": products.embeddings}).items():
            add(name, "hint_rate", bootstrap(~fitted.garment.passes(embeddings)))
        drawn = embedder.embed_images(draw(_N_DRAWN, _OTHER_SEED))
        add("drawings", "hint_recall", bootstrap(~fitted.garment.passes(drawn)))
        if photos := bundled():
            embeddings = embedder.embed_images(open_image(path) for path in photos.values())
            add("sample-photos", "hint_recall", bootstrap(~fitted.garment.passes(embeddings)))
    if embedder.record.has_text:
        for weight, name in ((0.0, "photo_alone"), (1.0, "words_alone"), (fitted.weight, "blend")):
            shares = blended_right(embedder, products, colours, weight)
            for what, share in zip(("kind", "colour", "both"), shares, strict=True):
                add("fashion-products", f"{name}_{what}@5", bootstrap(share))


def reliability(table: Calibration, queries: Known, gallery: Known) -> Estimate:
    """Expected calibration error of a table over the first hits of queries."""
    judged = judge(queries, gallery)
    probabilities = np.interp(judged.similarities, table.steps, table.probabilities)
    return bootstrap_calibration_error(probabilities, judged.same, judged.counts)
