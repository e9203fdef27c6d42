"""Looks for bytes that a reader does not survive, led by what each change makes it do: libFuzzer, through atheris.

    python tests/fuzz.py [SECONDS [READER ...]]

Whatever is found is written to `tests/seeds/READER/`; commit it with the cure.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WATCHED = ["core", "csv", "json", "zipfile", "PIL", "starlette", "python_multipart"]


def fuzz(name: str, seconds: int) -> None:
    """Try one reader for so long; ends the process."""
    import atheris

    with atheris.instrument_imports(include=WATCHED):
        from fuzzing import READERS, SEEDS

    reader, found = READERS[name], SEEDS / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(reader.seeds(name)):
            (Path(corpus) / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=20000"]
        atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={found}/", corpus], reader.attempt)
        atheris.Fuzz()


def main(seconds: int, names: list[str]) -> int:
    """Try each reader in a process of its own; 1 if any of them did not survive."""
    from fuzzing import READERS

    codes = {name: subprocess.call([sys.executable, __file__, str(seconds), name]) for name in names or READERS}
    print("Not survived: " + (", ".join(name for name, code in codes.items() if code) or "nothing."))
    return int(any(codes.values()))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    chosen = sys.argv[2:]
    if len(chosen) == 1:
        fuzz(chosen[0], int(sys.argv[1]))
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 60, chosen))
