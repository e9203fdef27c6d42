"""What a request asks for: checked by hand, so that each refusal is a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any

from core.api.errors import ApiError
from core.compare.gallery import can_search, models_here, search_engine, searchable
from core.config import API_MAX_TEXT, DEFAULT_BACKBONE, DEFAULT_K, MAX_K, MAX_LESS_ITEMS
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import split_id
from core.engine.images.region import Region
from core.engine.looks.attributes import check_classes
from core.engine.looks.vocabulary import WORDS
from core.engine.search.engine import SearchEngine, check_labels
from core.engine.search.query import Filters, Query, Wording
from core.engine.search.remote import may_be
from core.errors import UnknownNameError, VitrineError

ALL = "all"
OPTIONS = (
    "k",
    "catalogue",
    "min_similarity",
    "labels",
    "colours",
    "patterns",
    "backbone",
    "but",
    "less",
    "weight",
    "less_items",
)
#: What else can be said of a picture, wherever it comes from.
OF_PICTURES = ("region",)
#: Those that may come several times in a form or a query string.
REPEATED = ("labels", "colours", "patterns", "less_items")
NUMBERS = ("k", "min_similarity", "weight", "limit")
MAX_PAGE = 100
#: What a search can start from, and how many characters it may have.
SUBJECTS = ("item", "text", "image_url")
LONGEST = {"item": 200, "text": API_MAX_TEXT, "image_url": 2000, "classifier": 100}
#: A character that is seen; Python and JSON Schema read this alike, unlike a plain \S.
SEEN = r"[^\s\u0000-\u001f\u007f-\u009f\ufeff]"
_NOT_BUILT = "{id} cannot be searched with here; these backbones can: {known}."
MAX_LABELS = 50
MAX_LABEL = 100  # characters
MAX_CLASSES = 20  # colours or patterns


def from_texts(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Fields of a form or a query string as JSON would have them; see `REPEATED`.

    Raises:
        ApiError: 422, another name comes twice.
    """
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name in REPEATED:
            values.setdefault(name, []).append(text)
        elif name in values:
            raise ApiError(422, f"{_shown(name)} is given twice.")
        else:
            values[name] = _number(text) if name in NUMBERS else text
    return values


def _number(text: str) -> int | float | str:
    """The number that a text is, or the text, which no check of numbers accepts."""
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?", text) else text


def options_of(subject: str) -> tuple[str, ...]:
    """What can be said beside a subject: a picture has more than an item or words."""
    return (*OPTIONS, *OF_PICTURES) if subject in ("image", "image_url") else OPTIONS


def check_names(values: Collection[str], known: Collection[str]) -> None:
    """Refuse (422) a name that means nothing here, so that a typing error is not overlooked."""
    for name in values:
        if name not in known:
            others = f". Known: {', '.join(known)}." if known else " here."
            raise ApiError(422, f"There is no field named {_shown(name)}{others}")


def check_options(values: dict[str, Any]) -> tuple[str, Callable[..., Query]]:
    """The options among the values: the backbone, and a question that lacks only its subject.

    Raises:
        ApiError: 422, a value is of the wrong type, out of range or unknown.
    """
    k = values.get("k", DEFAULT_K)
    if not _is_number(k) or k != int(k) or not 1 <= k <= MAX_K:
        raise ApiError(422, f"k must be a whole number from 1 to {MAX_K}.")
    minimum = values.get("min_similarity", -1.0)
    if not _is_number(minimum) or not -1 <= minimum <= 1:
        raise ApiError(422, "min_similarity must be a number from -1 to 1.")
    catalogue = values.get("catalogue", ALL)
    if catalogue not in (ALL, *CATALOGUES) and not _may_be_in_milvus(catalogue):
        raise ApiError(422, f"catalogue must be one of {', '.join((ALL, *CATALOGUES))}.")
    catalogues = () if catalogue == ALL else (catalogue,)
    backbone = values.get("backbone", DEFAULT_BACKBONE)
    if not isinstance(backbone, str) or not (backbone in BACKBONES or backbone in models_here()):
        raise ApiError(422, f"backbone must be one of {', '.join((*BACKBONES, *models_here()))}.")
    looks = (_classes(attribute, values.get(f"{attribute}s", [])) for attribute in ("colour", "pattern"))
    filters = Filters(catalogues, _labels(values.get("labels", [])), float(minimum), *looks)
    return backbone, partial(Query, k=int(k), filters=filters, wording=_wording(values))


def _may_be_in_milvus(catalogue: Any) -> bool:
    """Whether a search will tell if there is such a catalogue; it is not asked for here, where all requests wait."""
    return isinstance(catalogue, str) and may_be(catalogue)


def region_of(values: dict[str, Any]) -> Region | None:
    """The part of a picture that is meant, None for all of it.

    Raises:
        ApiError: 422, it is none, or too small.
    """
    if "region" not in values:
        return None
    try:
        return Region.read(values["region"] if isinstance(values["region"], str) else "")
    except VitrineError as error:
        raise ApiError(422, str(error), code=error.sentence.code) from None


def _wording(values: dict[str, Any]) -> Wording:
    weight: Any = values.get("weight")
    if "weight" in values and (not _is_number(weight) or not 0 <= weight <= 1):
        raise ApiError(422, "weight must be a number from 0 to 1.")
    but, less = (_text(name, values[name], API_MAX_TEXT) if name in values else "" for name in ("but", "less"))
    return Wording(but, less, weight, _less_items(values.get("less_items", [])))


def _less_items(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > MAX_LESS_ITEMS:
        raise ApiError(422, f"less_items must be at most {MAX_LESS_ITEMS} ids of items.")
    return tuple(_text("less_items", value, LONGEST["item"]) for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e9


def _labels(values: Any) -> frozenset[tuple[str, str]]:
    if not isinstance(values, list) or len(values) > MAX_LABELS or not all(isinstance(v, str) for v in values):
        raise ApiError(422, f"labels must be at most {MAX_LABELS} texts such as clothing/Dress.")
    for value in values:
        if "/" not in value or len(value) > MAX_LABEL:
            raise ApiError(422, f"{_shown(value)} is no label; a label is written as in clothing/Dress.")
    try:
        return check_labels(list(map(split_id, values)))
    except UnknownNameError as error:
        raise ApiError(422, str(error)) from None


def _classes(attribute: str, values: Any) -> frozenset[str]:
    if not isinstance(values, list) or len(values) > MAX_CLASSES or not all(isinstance(v, str) for v in values):
        raise ApiError(422, f"{attribute}s must be at most {MAX_CLASSES} texts such as {next(iter(WORDS[attribute]))}.")
    try:
        return check_classes(attribute, [value[:MAX_LABEL] for value in values])  # no class has a longer name
    except UnknownNameError as error:
        raise ApiError(422, str(error)) from None


def engine_for(backbone_id: str) -> SearchEngine:
    """The engine of a backbone.

    Raises:
        ApiError: 422, it cannot search every catalogue; says which can.
    """
    if not can_search(backbone_id):
        raise ApiError(422, _NOT_BUILT.format(id=backbone_id, known=", ".join(searchable())))
    return search_engine(backbone_id)


def check_page(values: dict[str, Any]) -> dict[str, Any]:
    """Which items are wanted: of `catalogue`, of `label` ("" for any), at most `limit`, `after` one ("" for the first).

    Raises:
        ApiError: 422, a value is missing or out of range, or there is no such catalogue.
        UnknownNameError: It has no such label.
    """
    catalogue, limit = values.get("catalogue"), values.get("limit", MAX_PAGE)
    if catalogue not in CATALOGUES and not _may_be_in_milvus(catalogue):
        raise ApiError(422, f"catalogue must be one of {', '.join(CATALOGUES)}.")
    if not _is_number(limit) or limit != int(limit) or not 1 <= limit <= MAX_PAGE:
        raise ApiError(422, f"limit must be a whole number from 1 to {MAX_PAGE}.")
    label, after = (values.get(name, "") for name in ("label", "cursor"))
    if label:
        check_labels([(str(catalogue), label)])
    return {"catalogue": catalogue, "label": label, "limit": int(limit), "after": after}


def check_subject(values: dict[str, Any], known: Sequence[str] = SUBJECTS) -> tuple[str, str]:
    """The one subject that is given, as (name, value).

    Raises:
        ApiError: 422, none or several are given, or the value cannot be one.
    """
    given = [name for name in known if name in values]
    if len(given) != 1:
        raise ApiError(422, f"Give exactly one of {', '.join(known)}." if len(known) > 1 else f"{known[0]} is missing.")
    name, value = given[0], values[given[0]]
    return name, _text(name, value, LONGEST[name])


def _text(name: str, value: Any, longest: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not re.search(SEEN, value):
        raise ApiError(422, f"{name} must be a text of 1 to {longest} characters, not blank.")
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell
        raise ApiError(422, f"{name} holds a character that is none.") from None
    return value


def _shown(text: str) -> str:
    """A stranger's text as part of a sentence: quoted, escaped, not long."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")
