"""Settings: every limit and every folder in one place; folders can be moved by the environment."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

DEFAULT_BACKBONE = "vitrine-clip"
DEFAULT_K = 5
MAX_K = 50

#: Limits for one picture from outside. 10 MB is more than any phone's JPEG at 12 MP;
#: 40 MP takes 160 MB once decoded and two to three times that on the way (measured).
MAX_IMAGE_BYTES = 10 * 1000 * 1000
MAX_IMAGE_PIXELS = 40 * 1000 * 1000


def data_dir() -> Path:
    """Folder of downloaded data sets (`VITRINE_DATA_DIR`, default `data/`); may not exist."""
    return Path(os.environ.get("VITRINE_DATA_DIR") or ROOT / "data")


def artifacts_dir() -> Path:
    """Folder of computed files (`VITRINE_ARTIFACTS_DIR`, default `artifacts/`)."""
    return Path(os.environ.get("VITRINE_ARTIFACTS_DIR") or ROOT / "artifacts")


def n_threads() -> int:
    """Threads for inference (`VITRINE_THREADS`, default: the cores this process may use)."""
    value = os.environ.get("VITRINE_THREADS", "")
    if value.isdigit() and int(value) > 0:
        return int(value)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
