"""A visitor from Brazil: every page is in Portuguese, and stays so until English is chosen."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from browsing import pytestmark, settle, until, visitors  # noqa: F401

from core.ui.words import FOLDER, USUAL

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Path of a page -> what is on it once all of it is there.
PAGES = {
    "/": ".vt-hero",
    "/?sample=dress": ".st-key-footnotes",
    "/?q=vestido+vermelho": ".st-key-footnotes",
    "/Browse": "[class*=st-key-browse-steps-below]",
    "/Browse?item=fashion-mnist/test/00007": ".st-key-browse-near .vt-tile >> nth=11",
    "/Your_catalogue": ".st-key-own-example",
    "/Compare?sample=dress": ".vt-row",
    "/Compare?view=benchmark": "[data-testid=stDataFrame]",
    "/Compare?view=index": "text=ef",
    "/Maps": ".vt-map canvas:not([hidden])",
    "/Train_a_classifier": ".st-key-train-start",
}
_SEEN = """() => {
  const other = "script, style, noscript, [data-testid=stIconMaterial], [lang=en], .js-plotly-plot .ytick";
  const texts = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    if (!walk.currentNode.parentElement.closest(other))
      texts.push(walk.currentNode.data.trim());
  for (const name of ["aria-label", "title", "placeholder"])
    for (const one of document.querySelectorAll(`body [${name}]`)) texts.push(one.getAttribute(name).trim());
  return texts;
}"""


def texts_in(language: str) -> set[str]:
    """All texts of a language that nothing is filled into, as a page shows them."""

    def each(value: Any) -> Iterator[str]:
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from each(inner)
        else:
            yield value

    files = [tomllib.loads(file.read_text("utf-8")) for file in (FOLDER / language).glob("*.toml")]
    return {re.sub(r"^:material/\w+: ", "", text).strip() for text in each(files) if "{" not in text and len(text) > 2}


@pytest.fixture
def brazilian(browser: Browser, server: str) -> Iterator[Page]:
    with visitors(browser, server) as visit:
        yield visit(locale="pt-BR", viewport={"width": 1280, "height": 900})


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_in_portuguese(brazilian: Page, server: str, path: str) -> None:
    page, english = brazilian, texts_in(USUAL) - texts_in("pt_br")
    assert len(english) > 500
    page.goto(server + path)
    page.locator(PAGES[path]).first.wait_for()
    until(page, "document.documentElement.lang === 'pt-BR'")
    settle(page)
    seen, end = set(page.evaluate(_SEEN)), time.monotonic() + 30
    while seen & english and time.monotonic() < end:  # Streamlit's own words are reworded with the next picture
        page.wait_for_timeout(100)
        seen = set(page.evaluate(_SEEN))
    assert "Explorar" in seen
    assert seen & english == set()
    assert page.title().endswith("Vitrine") or page.title().startswith("Vitrine · encontre")


def test_portuguese_words_find_what_they_name(brazilian: Page, server: str) -> None:
    page = brazilian
    page.goto(server)
    page.get_by_label("Ou descreva com palavras").fill("vestido vermelho")
    page.get_by_label("Ou descreva com palavras").press("Enter")
    page.get_by_text("Buscando por “red dress”").wait_for()
    page.get_by_role("heading", name="Todos os cinco são vestidos vermelhos.").wait_for()
    page.locator(".vt-hit").nth(4).wait_for()
    assert page.locator(".vt-hit .vt-title").first.inner_text() == "Vestido"


def test_the_switch_keeps_what_the_visitor_does_and_is_kept(brazilian: Page, server: str) -> None:
    page = brazilian
    page.goto(f"{server}/?sample=dress&k=3&colours=red")
    page.get_by_role("button", name="Mais como esta").first.wait_for()
    until(page, "document.querySelectorAll('.vt-hit').length >= 3")
    ids = page.locator(".vt-hit").evaluate_all("all => all.map(one => one.dataset.id)")
    switch = page.get_by_role("button", name="English", exact=True)
    until(page, "document.querySelector('[class*=st-key-language-]').lang === 'en'")
    switch.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="More like this").first.wait_for()
    assert {"sample=dress", "k=3", "colours=red", "lang=en"} <= set(page.url.partition("?")[2].split("&"))
    assert page.locator(".vt-hit").evaluate_all("all => all.map(one => one.dataset.id)") == ids
    until(page, "document.documentElement.lang === 'en'")
    until(page, "!document.body.innerText.includes('Enviar')")  # Streamlit's own words have come back, too
    page.get_by_role("link", name="Browse").click()
    page.get_by_role("heading", name="Browse the catalogues").wait_for()
    assert "lang=en" in page.url
    page.go_back()
    page.get_by_role("button", name="More like this").first.wait_for()
    page.go_back()  # to before the switch
    page.get_by_role("button", name="Mais como esta").first.wait_for()


def test_a_link_carries_its_language(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=pt-BR")
    page.get_by_role("heading", name="Mostre uma foto.").wait_for()
    page.get_by_role("button", name="Vestido", exact=True).click()
    page.locator(".vt-hit").nth(4).wait_for()
    assert "lang=pt-BR" in page.url
    page.get_by_role("link", name="Explorar").click()
    page.get_by_role("heading", name="Explore os catálogos").wait_for()
    page.locator(".vt-tile").first.wait_for()
    page.get_by_role("button", name="Próxima página").click()
    page.wait_for_url(re.compile(r"page=2"))
    assert "lang=pt-BR" in page.url
    page.goto(f"{server}/?lang=de")
    page.get_by_role("heading", name="Show it a photo.").wait_for()
