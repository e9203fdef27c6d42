"""Where the files of a gallery are among the artifacts."""

from __future__ import annotations

from pathlib import Path

from core.config import artifacts_dir


def index_file(backbone_id: str, catalogue: str, suffix: str) -> Path:
    """Where a gallery's file of that suffix (`.hnsw`, `.npy`) is."""
    return artifacts_dir() / "indexes" / backbone_id / f"{catalogue}{suffix}"


def items_file(catalogue: str) -> Path:
    """Where a catalogue's item table is."""
    return artifacts_dir() / "catalogues" / f"{catalogue}.json"


def attributes_file(catalogue: str) -> Path:
    """Where it is kept what a catalogue's pictures show, by looking; most catalogues have no such file."""
    return artifacts_dir() / "catalogues" / f"{catalogue}-attributes.csv"


def looks_file(backbone_id: str) -> Path:
    """Where it is kept how kind, colour and pattern are read from a backbone's embeddings."""
    return artifacts_dir() / "indexes" / backbone_id / "looks.json"


def calibration_file(backbone_id: str) -> Path:
    """Where a backbone's calibration is."""
    return artifacts_dir() / "indexes" / backbone_id / "calibration.json"
