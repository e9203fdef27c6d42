"""`python -m core benchmark`: what a search costs, measured on the artifacts that ship.

Machines differ and are noisy, so whatever is compared is measured in the same run, in turns. Start-up and
memory are those of a real server process that a real browser visits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.compare.figures.benchmark import PARTS, keep_benchmark
from core.config import DEFAULT_BACKBONE, n_threads
from core.engine.search.engine import SearchEngine
from core.engine.search.photo import open_photo
from core.engine.search.query import Query
from core.errors import DataError
from core.jobs.benchmark import load, visits
from core.jobs.benchmark.growth import growth
from core.jobs.benchmark.index import as_shipped, settings
from core.jobs.benchmark.scale import scale
from core.jobs.evaluate.cost import SAMPLE, machine

N_RUNS = 60


def benchmark(parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """Measure what can be measured here, and keep it in `artifacts/benchmark.json`.

    Args:
        parts: What is measured; the others stay as they are on file.

    Returns:
        `machine`, and of the parts asked for: `photo_search_ms` (p50 and p95 a stage), `embedding_ms` (with the
        ratio to ViT-B/32), `index` (index_recall@10 and milliseconds for photos, words and items, beside exact
        search and other libraries), `index_settings` (the same for several M and ef), `index_growth` (the same for
        larger catalogues, up to a million items), `photo_page` (seconds from a file chosen to five hits drawn),
        `server` (start-up seconds, memory in MB), `maps_page` (seconds until it is drawn, beside an empty page),
        `compare_page` (seconds until four backbones have answered, memory), `load` (what a hundred visits and two
        hundred clients of the API get at once, and memory), `scale` (exact search, hnswlib and Milvus Lite as a
        catalogue grows, and pictures embedded a second). A part that cannot be measured is null, with the reason
        under `skipped`.
    """
    results: dict[str, Any] = {"machine": machine(), "skipped": {}}
    engine = SearchEngine()
    engine.warm_up()
    measures: dict[str, Callable[[], Any]] = {
        "photo_search_ms": lambda: _photo_search(engine),
        "embedding_ms": lambda: _embedding(engine),
        "index": lambda: as_shipped(engine),
        "index_settings": lambda: settings(engine),
        "index_growth": lambda: growth(engine),
        "photo_page": visits.photo_page,
        "server": visits.server,
        "maps_page": visits.maps_page,
        "compare_page": visits.compare_page,
        "load": load.load,
        "scale": lambda: scale(engine),
    }
    for name in parts:
        try:
            results[name] = measures[name]()
        except (ImportError, FileNotFoundError, DataError) as error:
            results[name] = None
            results["skipped"][name] = str(error)
    keep_benchmark(results["machine"], {name: results[name] for name in parts if results[name] is not None})
    return results


def _spread(milliseconds: list[float]) -> dict[str, float]:
    return {f"p{p}": round(float(np.percentile(milliseconds, p)), 2) for p in (50, 95)}


def _photo_search(engine: SearchEngine) -> dict[str, dict[str, float]]:
    """One megapixel of JPEG to five hits, warm, by the path of a visitor's photo: all of it but drawing."""
    content = SAMPLE.read_bytes()
    stages: dict[str, list[float]] = {"total": [], "decode": [], "embed": [], "preview": [], "search": []}
    for _ in range(N_RUNS):
        started = time.perf_counter()
        photo = open_photo(engine.embedder, content, SAMPLE.name)
        result = engine.search(Query(embedding=photo.embedding))
        stages["total"].append(1000 * (time.perf_counter() - started))
        for stage, milliseconds in (photo.timings_ms | result.timings_ms).items():
            stages[stage].append(milliseconds)
    return {stage: _spread(values) for stage, values in stages.items()}


def _embedding(engine: SearchEngine) -> dict[str, Any]:
    """One decoded photo to its embedding, in turns with open_clip's ViT-B/32 (eager torch, random weights)."""
    from core.engine.images.decode import open_image

    image = open_image(SAMPLE)
    ours: list[float] = []
    theirs: list[float] = []
    vit = _vit_b_32()
    for _ in range(N_RUNS):
        for values, run in ((ours, lambda: engine.embedder.embed_images([image])), (theirs, lambda: vit(image))):
            started = time.perf_counter()
            run()
            values.append(1000 * (time.perf_counter() - started))
    ratio = float(np.median(theirs) / np.median(ours))
    return {DEFAULT_BACKBONE: _spread(ours), "open_clip ViT-B-32": _spread(theirs), "times_faster": round(ratio, 2)}


def _vit_b_32() -> Callable[[Any], Any]:
    import torch

    from core.engine.backbones.torch_compat import import_open_clip

    torch.set_num_threads(n_threads())
    model, _, transform = import_open_clip().create_model_and_transforms("ViT-B-32")
    model.eval()

    def embed(image: Any) -> Any:
        with torch.inference_mode():
            return model.encode_image(transform(image)[None], normalize=True)

    return embed


def describe(results: dict[str, Any]) -> str:
    """The results as lines for a person."""
    lines = [f"machine: {results['machine']['processor']}, {results['machine']['threads']} threads"]
    for name in (name for name in PARTS if name in results):
        lines.append(f"\n{name}")
        if results[name] is None:
            lines.append(f"  skipped: {results['skipped'][name]}")
            continue
        lines += [f"  {key}: {_plain(value)}" for key, value in results[name].items() if key not in ("by_ef", "rows")]
        lines += [f"  with {_plain(row)}" for row in results[name].get("by_ef", results[name].get("rows", ()))]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    """A figure, or named figures, without the brackets of Python."""
    return ", ".join(f"{name} {figure}" for name, figure in value.items()) if isinstance(value, dict) else str(value)
