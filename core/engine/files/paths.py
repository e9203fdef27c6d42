"""Where the files of a gallery are among the artifacts."""

from __future__ import annotations

from pathlib import Path

from core.config import artifacts_dir


def index_file(backbone_id: str, catalogue: str, suffix: str) -> Path:
    """Where a gallery's file of that suffix (`.hnsw`, `.npy`) is."""
    return artifacts_dir() / "indexes" / backbone_id / f"{catalogue}{suffix}"


def items_file(catalogue: str) -> Path:
    """Where a catalogue's item table is."""
    return artifacts_dir() / "catalogues" / f"{catalogue}.parquet"


def calibration_file(backbone_id: str) -> Path:
    """Where a backbone's calibration is."""
    return artifacts_dir() / "indexes" / backbone_id / "calibration.json"
