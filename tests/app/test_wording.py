"""Every sentence of the pages is in `core.ui.words`, and nothing else is."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from visits import html_of, open_page, upload

from core import errors
from core.config import ROOT
from core.ui import words
from core.ui.words import FOLDER, USUAL, WORDS, languages, words_in

CACHES = (languages, words_in, errors.sentences_in, errors.filler)

SOURCES = "".join(path.read_text("utf-8") for path in (ROOT / "core" / "ui").rglob("*.py"))


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    used = set(re.findall(r"\b(?:WORDS|words_in\(\w+\))\.(\w+\.\w+)", SOURCES))
    known = {f"{page}.{name}" for page, inner in vars(words_in(USUAL)).items() for name in vars(inner)}
    assert used == known


def test_a_second_language_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has is shown to the visit that asks for it, the rest in English, and other visits read on in theirs."""
    for file in (FOLDER / USUAL).glob("*.toml"):
        (tmp_path / USUAL).mkdir(exist_ok=True)
        (tmp_path / USUAL / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pt_br").mkdir()
    (tmp_path / "pt_br" / "common.toml").write_text('name = "Vitrine"\n', "utf-8")
    (tmp_path / "pt_br" / "search.toml").write_text('headline = ["Mostre uma foto."]\n', "utf-8")
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    for cached in CACHES:
        cached.cache_clear()
    try:
        theirs, mine = open_page(lang="pt-BR"), open_page()
        assert "<h1>Mostre uma foto.</h1>" in html_of(theirs)
        assert theirs.caption[0].value == mine.caption[0].value == WORDS.common.privacy
        assert "<br>".join(WORDS.search.headline) in html_of(mine)
        assert "<h1>Mostre uma foto.</h1>" in html_of(theirs.run())
    finally:
        for cached in CACHES:
            cached.cache_clear()


def test_an_error_is_said_in_the_language_of_the_visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What core refuses is a code, which each visit reads in its own language, and in English where that has none."""
    shutil.copytree(errors.FOLDER / USUAL, tmp_path / "errors" / USUAL)
    shutil.copytree(FOLDER / USUAL, tmp_path / "words" / USUAL)
    for kind, file, text in (
        ("words", "common", 'name = "Vitrine"\n'),
        ("errors", "own", 'no-zip = "O arquivo não é um ZIP."\nskipped-nested = "é um arquivo dentro do arquivo"\n'),
    ):
        (tmp_path / kind / "pt_br").mkdir()
        (tmp_path / kind / "pt_br" / f"{file}.toml").write_text(text, "utf-8")
    monkeypatch.setattr(words, "FOLDER", tmp_path / "words")
    monkeypatch.setattr(errors, "FOLDER", tmp_path / "errors")
    for cached in CACHES:
        cached.cache_clear()
    try:
        path = "pages/2_Your_catalogue.py"
        theirs, mine = open_page(path, lang="pt-BR"), open_page(path)
        for page, sentence in ((theirs, "O arquivo não é um ZIP."), (mine, "The file is not a ZIP archive")):
            assert sentence in upload(page, "bad.zip", b"no archive").error[0].value
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("inner.zip", b"")
        reasons = upload(theirs, "nested.zip", buffer.getvalue()).dataframe[0].value.values.tolist()
        assert reasons == [["inner.zip", "é um arquivo dentro do arquivo"]]
    finally:
        for cached in CACHES:
            cached.cache_clear()
