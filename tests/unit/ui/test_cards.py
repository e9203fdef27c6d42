"""Whatever a name or a title holds, a card shows it as text: it is no markup, and no attribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from core.engine.catalogues.items import Item
from core.engine.search.engine import Hit
from core.ui.components import cards
from core.ui.components.pictures import Picture

HOSTILE = "<img src=x onerror=alert(1)>\"' style='x' & </article><script>alert(2)</script>"
PICTURE = Picture(("https://example.org/1.jpg",), False, 1.5)


class Seen(HTMLParser):
    """What a browser would make of a card: its elements with the names of their attributes, and its texts."""

    def __init__(self, card: str):
        super().__init__()
        self.elements: Counter[tuple[str, ...]] = Counter()
        self.texts: list[str] = []
        self.feed(card)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag, *sorted(name for name, _ in attrs)] += 1
        self.texts += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def hit(text: str) -> str:
    return cards.hit_html(Hit(1, text, text, text, text, 0.5, 0.5, 0.5, 7), PICTURE)


CARDS: dict[str, Callable[[str], str]] = {
    "hit": hit,
    "query": lambda text: cards.query_html(text, text, text, PICTURE, text),
    "words": cards.words_html,
    "tile": lambda text: cards.tile_html(text, PICTURE, text, text),
    "item": lambda text: cards.item_html(Item(text, text, text, text), PICTURE),
}


@pytest.mark.parametrize("card", CARDS)
def test_a_text_adds_no_element_and_no_attribute(card):
    plain, hostile = Seen(CARDS[card]("a shirt")), Seen(CARDS[card](HOSTILE))
    assert hostile.elements == plain.elements
    assert [text.replace(HOSTILE, "a shirt") for text in hostile.texts] == plain.texts
    assert any("a shirt" in text for text in plain.texts)


def test_no_address_of_a_picture_leaves_its_place():
    odd = Picture((f"https://example.org/{HOSTILE}", "https://example.org/');x:url('https://evil.example"), False, 1.5)
    seen = Seen(cards.item_html(Item("a/1", "a", "b", "c"), odd))
    assert seen.elements == Seen(cards.item_html(Item("a/1", "a", "b", "c"), PICTURE)).elements
    assert not any("evil" in text or "alert" in text for text in seen.texts)
