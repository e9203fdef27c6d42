"""Sentences about pieces in Portuguese, whose words agree in gender and number."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from core.engine.looks.agreement import Agreement, Reading
from core.engine.looks.vocabulary import WORDS as VOCABULARY
from core.engine.search.engine import Hit, SearchResult
from core.ui.components import looks
from core.ui.components.cards import percent
from core.ui.search.summary import summary
from core.ui.words import speaking


@pytest.fixture(autouse=True)
def portuguese() -> Iterator[None]:
    with speaking("pt-BR"):
        yield


def hit(**agrees: tuple[str, float]) -> Hit:
    told = {name: Agreement((of,), share) for name, (of, share) in agrees.items()}
    return Hit(1, "clothing/1", "clothing", "", "Title", 0.5, math.nan, math.nan, 0, told)


def said(hits: list[Hit], **reads: str) -> str:
    told = {name: Reading((of,), 0.9) for name, of in reads.items()}
    return summary(SearchResult(hits, {}, np.zeros(2, np.float32), reads=told))


def of(kind: str, colour: str, likely: float = 0.9, same: float = 0.9) -> Hit:
    return hit(kind=(kind, same), colour=(colour, likely))


@pytest.mark.parametrize(
    ("hits", "reads", "expected"),
    [
        ([of("shirt", "white")] * 5, {"kind": "shirt", "colour": "white"}, "Todas as cinco são camisas brancas."),
        ([of("sneaker", "white")] * 5, {"kind": "sneaker", "colour": "white"}, "Todos os cinco são tênis brancos."),
        ([of("shirt", "blue")] * 2, {"kind": "shirt", "colour": "blue"}, "As duas são camisas azuis."),
        ([of("dress", "green")], {"kind": "dress", "colour": "green"}, "Um vestido verde."),
        ([of("skirt", "brown")], {"kind": "skirt", "colour": "brown"}, "Uma saia marrom."),
        ([of("gloves", "black")], {"kind": "gloves", "colour": "black"}, "Um par de luvas pretas."),
        ([of("sunglasses", "black")] * 3, {"kind": "sunglasses", "colour": "black"},
         "Todos os três são óculos de sol pretos."),
        ([of("shirt", "red"), of("shirt", "blue", 0.1), of("shirt", "blue", 0.1)],
         {"kind": "shirt", "colour": "red"}, "Três camisas, uma vermelha."),
        ([of("dress", "red"), of("dress", "red"), of("dress", "blue", 0.1)],
         {"kind": "dress", "colour": "red"}, "Três vestidos, dois vermelhos."),
        ([of("shirt", "red", 0.1)] * 4, {"kind": "shirt", "colour": "red"}, "Quatro camisas, nenhuma vermelha."),
        ([of("shirt", "red", 0.1)], {"kind": "shirt", "colour": "red"}, "Uma camisa, mas não vermelha."),
        ([of("shirt", "red")] * 2 + [of("boot", "red", 0.9, 0.1)], {"kind": "shirt", "colour": "red"},
         "Duas de três são camisas vermelhas."),
        ([of("boot", "red", 0.9, 0.1)] * 2, {"kind": "shirt"},
         "Nada aqui é muito parecido; as peças mais próximas são botas."),
    ],
)  # fmt: skip
def test_all_hits_in_one_sentence(hits: list[Hit], reads: dict[str, str], expected: str) -> None:
    assert said(hits, **reads) == expected


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ({"kind": "sneaker", "colour": "white", "pattern": "solid"}, "Parece ser um tênis branco, liso"),
        ({"kind": "shirt", "colour": "purple", "pattern": "striped"}, "Parece ser uma camisa roxa, listrada"),
        ({"kind": "socks", "colour": "multi"}, "Parece ser um par de meias coloridas"),
        ({"kind": "jeans"}, "Parece ser uma calça jeans"),
    ],
)
def test_a_picture_is_read_in_a_sentence(reads: dict[str, str], expected: str) -> None:
    assert looks.reads_as({name: Reading((one,), 0.9) for name, one in reads.items()}) == expected


def test_every_class_can_be_said_of_every_kind() -> None:
    for kind in VOCABULARY["kind"]:
        for attribute in ("colour", "pattern"):
            for one in VOCABULARY[attribute]:
                words = looks.with_look(looks.forms([kind]), attribute, one)
                assert not any("{" in word or "|" in word for word in words), words


def test_several_kinds_are_feminine_if_all_are() -> None:
    assert looks.with_look(looks.forms(["tie", "boot"]), "colour", "red")[0] == "gravata ou bota vermelha"
    assert looks.with_look(looks.forms(["tie", "belt"]), "colour", "red")[0] == "gravata ou cinto vermelho"


def test_what_a_link_says_is_never_filled_in() -> None:
    assert looks.look("colour", "{of.__class__} {x}") == "{of.__class__} {x}"


def test_shares_have_a_comma() -> None:
    assert [percent(share) for share in (0.5, 0.9987, 1.0)] == ["50%", "99,8%", "99,9%"]
