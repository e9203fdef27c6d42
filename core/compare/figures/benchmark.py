"""`benchmark.json`: what searches, indexes and the server cost, and on which machine each part was measured."""

from __future__ import annotations

from typing import Any

from core.config import artifacts_dir
from core.engine.files.folder import write_json
from core.engine.files.manifest import read_verified, register

SCHEMA = 1
FILE = "benchmark.json"
PARTS = (
    "photo_search_ms",
    "embedding_ms",
    "index",
    "index_settings",
    "index_growth",
    "photo_page",
    "server",
    "maps_page",
    "compare_page",
    "load",
    "scale",
)


def read_benchmark() -> dict[str, dict[str, Any]]:
    """Part -> `machine` and `results` of those that are on file.

    Raises:
        ArtifactError: The file is damaged, or of another version.
    """
    content = read_verified(artifacts_dir() / FILE, SCHEMA)
    return dict(content["parts"]) if content else {}


def keep_benchmark(machine: dict[str, Any], parts: dict[str, Any]) -> None:
    """Write parts that were just measured; the others stay as they are on file."""
    measured = {name: {"machine": machine, "results": results} for name, results in parts.items()}
    write_json(artifacts_dir() / FILE, {"schema": SCHEMA, "parts": read_benchmark() | measured})
    register([artifacts_dir() / FILE])
