"""What a backbone costs: time an image, images a second, memory and size, each in a process of its own.

`python -m core.jobs.evaluate.cost BACKBONE N_RUNS` is that process; `python -m core evaluate` starts it.
"""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.config import ROOT, n_threads
from core.engine.backbones import Backbone
from core.engine.embedders.bulk import for_bulk
from core.engine.embedders.load import load_embedder
from core.errors import VitrineError

SAMPLE = ROOT / "samples" / "sneaker.jpg"
N_RUNS = 40
N_MANY = 64
PATIENCE_S = 600
PACKAGES = (
    "numpy",
    "pillow",
    "onnxruntime",
    "torch",
    "timm",
    "open-clip-torch",
    "hnswlib",
    "scikit-learn",
    "streamlit",
)


@dataclass(frozen=True)
class Cost:
    """What one backbone costs on one machine.

    Attributes:
        ms_p50: Median milliseconds from one decoded photo to its embedding, one at a time.
        ms_p95: 95th percentile of the same.
        images_per_s: Of many photos, as builds embed them: see `core.engine.embedders.bulk`.
        peak_memory_mb: The most that a process took which did nothing else, libraries included.
        n_parameters: Of all towers.
        bytes_per_vector: Of one embedding as galleries store it.
    """

    ms_p50: float
    ms_p95: float
    images_per_s: float
    peak_memory_mb: float
    n_parameters: int
    bytes_per_vector: int


def measure(record: Backbone, n_runs: int = N_RUNS) -> dict[str, Any]:
    """A backbone's `Cost` as a dict.

    Args:
        record: Which backbone.
        n_runs: Single photos that are timed, and a tenth as many times `N_MANY`.

    Raises:
        VitrineError: The process failed; with its last line.
    """
    command = [sys.executable, "-m", "core.jobs.evaluate.cost", record.id, str(n_runs)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise VitrineError("jobs.cost-too-slow", backbone=record.id, seconds=PATIENCE_S) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise VitrineError("jobs.cost-failed", backbone=record.id, reason=last)
    return dict(json.loads(done.stdout))


def machine() -> dict[str, Any]:
    """Date, processor, threads and versions of a run; no names of hosts or folders."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "threads": n_threads(),
        "python": platform.python_version(),
        **{name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _measured(backbone_id: str, n_runs: int) -> Cost:
    """Measure here and now; memory is that of the whole process, so it must have done nothing else."""
    embedder = load_embedder(backbone_id)
    with Image.open(SAMPLE) as opened:
        photo = opened.convert("RGB")
    single = _seconds(lambda: embedder.embed_images([photo]), n_runs)
    bulk = for_bulk(embedder)
    many = _seconds(lambda: bulk.embed_images([photo] * N_MANY), max(1, n_runs // 10))
    record = embedder.record
    return Cost(
        round(1000 * float(np.median(single)), 2),
        round(1000 * float(np.percentile(single, 95)), 2),
        round(N_MANY / float(np.median(many)), 1),
        round(_peak_bytes() / 1e6),
        record.n_parameters,
        2 * record.dim,
    )


def _peak_bytes() -> int:
    """The most memory this process has held; on Linux `getrusage` would count what its parent held before `exec`."""
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return peak_bytes_of("self") or usage


def peak_bytes_of(process: int | str) -> int | None:
    """The most memory that a process (its number, or "self") has held, which Linux counts; None elsewhere."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
    except (OSError, StopIteration):
        return None


def _seconds(run: Any, times: int) -> list[float]:
    run()  # the first one loads and warms
    found = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
    return found


if __name__ == "__main__":
    print(json.dumps(asdict(_measured(sys.argv[1], int(sys.argv[2])))))
