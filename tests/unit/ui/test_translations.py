"""Every language says all that English says, and nothing that visitors read stands in code."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import errors
from core.compare.figures.table import PUBLISHED
from core.config import ROOT
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES
from core.ui import words
from core.ui.words import USUAL, languages, words_in

FOLDERS = {"words": words.FOLDER, "errors": errors.FOLDER}
OTHERS = [language for language in languages() if language != USUAL]
#: What is the same in Portuguese: names, signs, words of the field, texts of nothing but gaps.
SAME = {
    "pt_br": {
        "words/browse.id", "words/browse.item_alt", "words/common.name", "words/common.csv", "words/common.markdown",
        "words/common.latex", "words/common.catalogues.fashion-mnist", "words/compare.heading",
        "words/compare.table_backbone", "words/compare.classes_backbone",
        "words/taken.of_class", "words/compare.table_unknown", "words/compare.ef",
        "words/compare.views.benchmark", "words/compare.protocols.fashion-mnist.0", "words/compare.metrics.R@1.0",
        "words/compare.metrics.P@5.0", "words/compare.metrics.mAP@100.0", "words/compare.costs.ms_p95.0",
        "words/looks.signs.same", "words/looks.signs.other", "words/looks.summary.every", "words/looks.tails.one_all",
        "words/looks.kind.top.0", "words/looks.kind.top.2", "words/looks.kind.blazer.0", "words/looks.kind.blazer.2",
        "words/looks.kind.kurta.0", "words/looks.kind.kurta.2", "words/looks.classes.clothing/Blazer",
        "words/looks.classes.clothing/Top", "words/maps.find_example", "words/maps.count", "words/own.embeddings",
        "words/own.map_of",
        "words/train.columns.3", "words/train.result_alt", "words/train.sources.fashion-mnist",
        "words/train.kinds.linear", "errors/engine.file-problem", "errors/errors.image", "errors/errors.backbone",
        "errors/jobs.problem", "errors/own.bad-file", "errors/own.url",
    }
}  # fmt: skip
#: What the texts of these tables may fill in, whatever English does: the words around a gap agree in other ways.
MAY_FILL = {
    "usual_look": {"look", "one", "a", "many"}, "colour": {"look", "one", "a", "many", "of"},
    "pattern": {"look", "one", "a", "many", "of"}, "numbers": {"of"},
    "summary": {"some", "all", "one", "a", "many", "tails"}, "tails": {"n", "look", "of"},
}  # fmt: skip
#: Lists of "looks" are as long as a language needs.
LISTS = {"feminine", "plural", "kind", "broader", "colour", "pattern"}


def texts_of(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text of a file, with the path that leads to it."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_of(inner, f"{name}.{key}")
    else:
        yield name, value


def said_in(language: str) -> dict[str, str]:
    return {
        name: text
        for folder, path in FOLDERS.items()
        for file in sorted((path / language).glob("*.toml"))
        for name, text in texts_of(tomllib.loads(file.read_text("utf-8")), f"{folder}/{file.stem}")
    }


def table_of(name: str) -> str:
    """The table of "looks" that a text is in, "" for all others."""
    return name.split(".")[1] if name.startswith("words/looks.") else ""


def keys_of(said: dict[str, str]) -> set[str]:
    return {name.rpartition(".")[0] if table_of(name) in LISTS else name for name in said} - {
        f"words/looks.{name}" for name in ("feminine", "plural")
    }


def gaps_of(text: str) -> Counter[tuple[str, str | None, str | None]]:
    """The gaps of a text, with their formats."""
    return Counter((name, form, as_) for _, name, form, as_ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_names_of_english_and_no_others(language: str) -> None:
    assert keys_of(said_in(language)) == keys_of(said_in(USUAL))


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_has_the_gaps_of_the_english_one(language: str) -> None:
    english = said_in(USUAL)
    for name, text in said_in(language).items():
        if (allowed := MAY_FILL.get(table_of(name))) is not None:
            assert {gap for gap, _, _ in gaps_of(text)} <= allowed, name
        elif table_of(name) not in LISTS:
            assert gaps_of(text) == gaps_of(english[name]), name


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_stays_in_english_but_what_is_the_same(language: str) -> None:
    english = said_in(USUAL)
    same = {name for name, text in said_in(language).items() if text == english.get(name)}
    assert same == SAME[language]


@pytest.mark.parametrize("language", OTHERS)
def test_what_agrees_is_among_the_kinds(language: str) -> None:
    looks = words_in(language).looks
    kinds = {*looks.kind, *looks.broader, "mixed"}
    for names in (looks.feminine, looks.plural):
        assert len(set(names)) == len(names)
        assert set(names) <= kinds


def test_a_class_is_called_in_english_as_its_catalogue_says() -> None:
    own = {f"{of.id}/{label}": title for of in CATALOGUES.values() for label, title in of.classes.items()}
    assert words_in(USUAL).looks.classes == own


def test_what_records_say_can_be_said_in_other_languages() -> None:
    """Names alone, such as "HOG + SVM", are the same everywhere."""
    said = {record.trained_on for record in BACKBONES.values()}
    said |= {text for one in PUBLISHED for text in (one.system, one.note)}
    facts = words_in(USUAL).compare.records
    assert all(name == text for name, text in facts.items())
    assert facts.keys() <= said
    in_words = {text for text in said - facts.keys() if re.search(r"[a-z]{3,} [a-z]{2,}", text)}
    assert in_words == {"WRN-28-10 + random erasing"}  # the technique has no other name


@pytest.mark.parametrize("language", languages())
def test_every_catalogue_has_its_name(language: str) -> None:
    assert words_in(language).common.catalogues.keys() == {"all", "own", *CATALOGUES}


def test_nothing_that_visitors_read_stands_in_code() -> None:
    """Two words in a row, in a text that is no docstring, command, type, HTML or line of the log."""
    no_words = {"bottom center", "top center", "vt-picture vt-pixels"}
    other_readers = {
        "There is no item with this number.",
        "No more connections can be taken: this process may not open",
    }
    found = set()
    for path in sorted((ROOT / "core" / "ui").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        bodies = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        documented = [node for node in ast.walk(tree) if isinstance(node, bodies)]
        docs = {id(node.body[0].value) for node in documented if node.body and isinstance(node.body[0], ast.Expr)}
        found |= {
            (path.name, node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
            and re.search(r"[A-Za-z]{2,},? [a-z]{2,}", node.value) and not re.search(r"[<\[]", node.value)
        }  # fmt: skip
    told = {
        text
        for _, text in found
        if text not in no_words and not text.startswith(("python -m core", "public, ", "private, ", *other_readers))
    }
    assert told == set()


@pytest.mark.parametrize("path", sorted((ROOT / "core" / "ui").rglob("*.js")), ids=lambda path: path.name)
def test_nothing_that_visitors_read_stands_in_a_script(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", path.read_text("utf-8"), flags=re.DOTALL)
    texts = re.findall(r"(?:textContent|title|ariaLabel|placeholder): ?\"([^\"]+)\"", code)
    texts += re.findall(r"setAttribute\(\"aria-label\", ?\"([^\"]+)\"", code)
    assert not texts
