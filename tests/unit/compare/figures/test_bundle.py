"""A comparison as one archive: everything on file, the same bytes each time, and the commands that repeat it."""

from __future__ import annotations

import csv
import io
import zipfile

import compared
import numpy as np
import pytest

from core.__main__ import main
from core.compare.figures.bundle import command_of, comparison_zip
from core.compare.figures.classes import sides_of
from core.compare.figures.evaluation import PROTOCOLS, read_evaluation
from core.compare.figures.outcomes import differences, load_outcomes
from core.engine.catalogues.items import load_items
from core.errors import VitrineError
from core.jobs.evaluate.protocols import Record, _write

RUN = {"machine": {"date": "2026-01-01", "processor": "Z80", "threads": 1, "python": "3.11"}, "cost": {"ms_p50": 1.5}}


@pytest.fixture(autouse=True)
def _evaluated(tiny_artifacts, monkeypatch):
    compared.register(monkeypatch)
    items = load_items("clothing")
    queries = sides_of("clothing", items).queries
    senders = items.frame["sender"].astype(str).to_numpy()[queries]
    for id, share in (("dark", 0.9), ("reddish", 0.4)):
        record = Record(id, lambda line: None)
        record.mean("clothing", "R@1", np.random.default_rng(0).random(len(queries)) < share, senders)
        record.mean("fashion-products", "R@1", np.random.default_rng(1).random(30) < share)
        _write(record, RUN, True)


def opened(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return {name: archive.read(name).decode() for name in archive.namelist()}


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_all_that_is_on_file_is_in_it_and_twice_the_same():
    ids = ["dark", "reddish", "nobody"]
    content = comparison_zip(ids, "clothing")
    assert content == comparison_zip(ids, "clothing")
    files = opened(content)
    outcomes = rows_of(files["outcomes.csv"])
    items = load_items("clothing")
    queries = sides_of("clothing", items).queries
    assert [row["id"] for row in outcomes] == items.frame["id"].iloc[queries].tolist()
    for id in ids[:2]:
        assert [float(row[id]) for row in outcomes] == load_outcomes(id)["clothing", "R@1"].tolist()
    assert len({row["sender"] for row in outcomes}) > 1
    figures = {row["backbone"]: float(row["R@1"]) for row in rows_of(files["figures.csv"])}
    assert figures == {id: read_evaluation().figures(id, "clothing")["R@1"]["value"] for id in ids[:2]}
    (row,) = rows_of(files["differences.csv"])
    (expected,) = differences(ids[:2], "clothing", "R@1").values()
    assert float(row["value"]) == pytest.approx(expected.value, abs=1e-6)
    assert {row["class"] for row in rows_of(files["classes.csv"])} == {row["class"] for row in outcomes}


def test_the_readme_says_how_to_make_it_again_and_of_what_it_is():
    files = opened(comparison_zip(["dark", "reddish"], "clothing"))
    text = files["README.md"]
    assert command_of(["dark", "reddish"], "clothing") in text
    assert "python -m core evaluate --backbone dark --only clothing" in text
    assert "| dark | none | 2026-01-01 | Z80 | 1 | 3.11 |" in text
    assert load_items("clothing").content_hash() in text
    assert all(f"`{name}`" in text for name in files if name != "README.md")


def test_a_protocol_of_which_no_items_are_kept_has_rows_by_number():
    files = opened(comparison_zip(["dark"], "fashion-products"))
    assert "classes.csv" not in files
    assert [(row["query"], row["id"]) for row in rows_of(files["outcomes.csv"])][:2] == [("1", ""), ("2", "")]
    assert set(PROTOCOLS) > {"clothing", "fashion-products"}


def test_nothing_on_file_is_a_sentence():
    with pytest.raises(VitrineError, match="None of these backbones has been evaluated on looks"):
        comparison_zip(["dark"], "looks")


def test_the_command_line_writes_it_whole_or_says_why_not(tmp_path, capsys):
    ask = ["compare", "--protocol", "clothing", "--backbones", "dark", "reddish"]
    assert main([*ask, "-o", str(tmp_path / "a.zip")]) == 0
    assert (tmp_path / "a.zip").read_bytes() == comparison_zip(["dark", "reddish"], "clothing")
    (tmp_path / "file").touch()
    assert main([*ask, "-o", str(tmp_path / "file" / "a.zip")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    for wrong in ([*ask], ["compare", "--backbones", "dark", "-o", "a.zip"], [*ask, "-o", "a.zip", "--item", "x"]):
        with pytest.raises(SystemExit, match="2"):
            main(wrong)
